#include "drain/encode_memory.h"

#include "drain/memory.h"
#include "segment.h"
#include "tracert/format.h"

enum {
    MAX_WORDS = TF_CHUNK_EVENTS_MAX,
    MAX_ALLOCS = MAX_WORDS / (int)(ALLOC_OPERANDS + 1),
    MAX_RELEASES = MAX_WORDS / (int)(FREE_OPERANDS + 1),
    NR_SLOTS = 2 * MAX_ALLOCS /* a power of two: half of them stay free */
};

_Static_assert((MAX_ALLOCS + SEGMENT_MAX_BYTES / 128) * 3 <= ENCODE_PATHS_BYTES,
               "and that of paths: numbers of 15 bits");
_Static_assert(MAX_ALLOCS <= UINT16_MAX, "an index of a caller has 16 bits");
_Static_assert((MAX_ALLOCS * 5 + MAX_RELEASES + 4) * TF_VARINT_MAX <= ENCODE_MEMORY_BYTES, "the section fits");

int memory_columns_init(struct memory_columns *columns)
{
    columns->addresses = memory_map(MAX_ALLOCS * sizeof *columns->addresses);
    columns->sizes = memory_map(MAX_ALLOCS * sizeof *columns->sizes);
    columns->callers_of = memory_map(MAX_ALLOCS * sizeof *columns->callers_of);
    columns->paths_of = memory_map(MAX_ALLOCS * sizeof *columns->paths_of);
    columns->callers = memory_map(MAX_ALLOCS * sizeof *columns->callers);
    columns->released = memory_map(MAX_RELEASES * sizeof *columns->released);
    columns->slots = memory_map(NR_SLOTS * sizeof *columns->slots);
    columns->slots_of = memory_map(MAX_ALLOCS * sizeof *columns->slots_of);
    return columns->addresses == NULL || columns->sizes == NULL || columns->callers_of == NULL ||
                   columns->callers == NULL || columns->released == NULL || columns->slots == NULL ||
                   columns->slots_of == NULL || columns->paths_of == NULL
               ? -1
               : 0;
}

void memory_columns_begin(struct memory_columns *columns)
{
    for (uint32_t i = 0; i < columns->nr_callers; i++)
        columns->slots[columns->slots_of[i]] = 0;
    columns->nr_allocs = columns->nr_releases = columns->nr_callers = 0;
    columns->address_bits = 0;
}

static uint16_t caller_index(struct memory_columns *columns, uint64_t caller)
{
    uint32_t slot = (uint32_t)(caller * 0x9E3779B97F4A7C15ull >> 32);
    for (;; slot++) {
        uint16_t *place = &columns->slots[slot % NR_SLOTS];
        if (*place == 0) {
            columns->callers[columns->nr_callers] = caller;
            columns->slots_of[columns->nr_callers] = slot % NR_SLOTS;
            *place = (uint16_t)++columns->nr_callers;
        }
        if (columns->callers[*place - 1] == caller)
            return (uint16_t)(*place - 1);
    }
}

void memory_columns_put_alloc(struct memory_columns *columns, uint64_t address, uint64_t size, uint32_t api,
                              uint64_t caller, uint32_t path)
{
    uint32_t at = columns->nr_allocs++;
    columns->addresses[at] = address;
    columns->sizes[at] = size;
    columns->paths_of[at] = (uint16_t)path;
    columns->callers_of[at] = caller_index(columns, caller << 8 | api);
    columns->address_bits |= address;
}

void memory_columns_put_release(struct memory_columns *columns, uint64_t address)
{
    columns->released[columns->nr_releases++] = address;
    columns->address_bits |= address;
}

static uint8_t *callers_store(const struct memory_columns *columns, uint8_t *p)
{
    uint64_t previous = 0;
    p = tf_put_varint(p, columns->nr_callers);
    for (uint32_t i = 0; i < columns->nr_callers; i++) {
        uint64_t caller = columns->callers[i] >> 8;
        p = tf_put_varint(p, columns->callers[i] & 0xff);
        p = tf_put_varint(p, tf_zigzag(caller - previous));
        previous = caller;
    }
    return p;
}

static uint8_t *addresses_store(const uint64_t *addresses, uint32_t nr, uint32_t shift, uint8_t *p)
{
    uint64_t previous = 0;
    for (uint32_t i = 0; i < nr; i++) {
        uint64_t address = addresses[i] >> shift;
        p = tf_put_varint(p, tf_zigzag(address - previous));
        previous = address;
    }
    return p;
}

uint8_t *memory_columns_store(const struct memory_columns *columns, uint64_t recorded, uint64_t dropped, uint8_t *p)
{
    uint32_t shift = columns->address_bits == 0 ? 0 : (uint32_t)__builtin_ctzll(columns->address_bits);
    p = tf_put_varint(p, recorded);
    p = tf_put_varint(p, dropped);
    p = tf_put_varint(p, shift);
    p = callers_store(columns, p);
    p = addresses_store(columns->addresses, columns->nr_allocs, shift, p);
    for (uint32_t i = 0; i < columns->nr_allocs; i++)
        p = tf_put_varint(p, columns->sizes[i]);
    for (uint32_t i = 0; i < columns->nr_allocs; i++)
        p = tf_put_varint(p, columns->callers_of[i]);
    return addresses_store(columns->released, columns->nr_releases, shift, p);
}

/* A path that goes on from one that has not come before is no path of ours: it begins anew. */
uint8_t *memory_columns_store_paths(const struct memory_columns *columns, const struct segment_entry *dict, uint32_t nr,
                                    uint8_t *p)
{
    for (uint32_t i = 0; i < nr; i++) {
        uint32_t from = (uint32_t)(dict[i].site >> PATH_SHIFT) & PATH_MASK;
        p = tf_put_varint(p, from > 0 && from <= i ? i + 1 - from : 0);
    }
    for (uint32_t i = 0; i < columns->nr_allocs; i++)
        p = tf_put_varint(p, columns->paths_of[i] <= nr ? columns->paths_of[i] : 0);
    return p;
}
