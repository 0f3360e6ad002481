#include "trace/memory.h"

#include <stdlib.h>

#define SHIFT_MAX 63u

static int malformed(struct err *err)
{
    return err_set(err, ERR_INCOMPLETE, "MEMORY is malformed");
}

void memory_release(struct memory_section *memory)
{
    free(memory->callers);
    free(memory->from);
    *memory = (struct memory_section){0};
}

#define HIGH_BITS 0x8080808080808080u

/* Bytes of a varint of which `word` is the beginning; 9: more than the word has. */
static inline unsigned varint_bytes(uint64_t word)
{
    uint64_t ends = ~word & HIGH_BITS;
    return ends == 0 ? 9 : (unsigned)__builtin_ctzll(ends) / 8 + 1;
}

/* tf_get_varint() of what was checked, at once where eight bytes are there to be read. */
static inline const uint8_t *varint_next(const uint8_t *p, const uint8_t *end, uint64_t *value)
{
    if (p < end && *p < 0x80) {
        *value = *p;
        return p + 1;
    }
    if (end - p < 8)
        return tf_get_varint(p, end, value);
    uint64_t word = tf_load64(p);
    unsigned bytes = varint_bytes(word);
    if (bytes > 8)
        return tf_get_varint(p, end, value);
    word &= ~(uint64_t)0 >> (64 - 8 * bytes) & ~HIGH_BITS;
    word = (word & 0x007f007f007f007fu) | (word & 0x7f007f007f007f00u) >> 1; /* seven bits of each byte move together */
    word = (word & 0x00003fff00003fffu) | (word & 0x3fff00003fff0000u) >> 2;
    *value = (word & 0x000000000fffffffu) | (word & 0x0fffffff00000000u) >> 4;
    return p + bytes;
}

/* Skip `nr` varints. NULL when they are not there, or one is not below `limit`. */
static const uint8_t *column_check(const uint8_t *p, const uint8_t *end, uint32_t nr, uint64_t limit)
{
    for (uint32_t i = 0; i < nr && p != NULL; i++) {
        uint64_t value;
        unsigned bytes = limit == UINT64_MAX && end - p >= 8 ? varint_bytes(tf_load64(p)) : 9;
        if (bytes <= 8) { /* whatever it is, it is below */
            p += bytes;
            continue;
        }
        p = varint_next(p, end, &value);
        if (p != NULL && value >= limit)
            return NULL;
    }
    return p;
}

static const uint8_t *callers_decode(struct memory_section *memory, const uint8_t *p, const uint8_t *end,
                                     struct err *err)
{
    uint64_t nr, previous = 0;
    p = tf_get_varint(p, end, &nr);
    if (p == NULL || nr > (size_t)(end - p) / 2) { /* each takes two bytes at least */
        malformed(err);
        return NULL;
    }
    if (nr > memory->caller_capacity || memory->callers == NULL) {
        free(memory->callers);
        memory->caller_capacity = (size_t)(nr + nr / 2 + 16);
        memory->callers = calloc(memory->caller_capacity, sizeof(*memory->callers));
        if (memory->callers == NULL) {
            memory->caller_capacity = 0;
            err_set(err, ERR_INPUT, "out of memory");
            return NULL;
        }
    }
    for (uint64_t i = 0; i < nr; i++) {
        uint64_t api, difference;
        p = tf_get_varint(p, end, &api);
        p = p == NULL ? NULL : tf_get_varint(p, end, &difference);
        if (p == NULL || api >= TF_API_NR) {
            malformed(err);
            return NULL;
        }
        previous += tf_unzigzag(difference);
        memory->callers[i] = (struct memory_caller){.address = previous, .api = (enum tf_api)api};
    }
    memory->nr_callers = (uint32_t)nr;
    return p;
}

int memory_decode(struct memory_section *memory, const uint8_t *bytes, size_t nr_bytes, uint32_t nr_allocs,
                  uint32_t nr_releases, struct err *err)
{
    uint64_t shift = 0;
    memory->nr_allocs = nr_allocs;
    memory->nr_releases = nr_releases;
    memory->recorded = memory->dropped = 0;
    memory->addresses = memory->sizes = memory->callers_of = memory->released = memory->end = bytes;
    if (nr_bytes == 0)
        return nr_allocs + nr_releases == 0 ? 0 : err_set(err, ERR_INCOMPLETE, "MEMORY is missing");
    const uint8_t *p = bytes, *end = bytes + nr_bytes;
    memory->end = end;
    p = tf_get_varint(p, end, &memory->recorded);
    p = p == NULL ? NULL : tf_get_varint(p, end, &memory->dropped);
    p = p == NULL ? NULL : tf_get_varint(p, end, &shift);
    if (p == NULL || shift > SHIFT_MAX)
        return malformed(err);
    memory->shift = (uint32_t)shift;
    p = callers_decode(memory, p, end, err);
    if (p == NULL)
        return -1;
    memory->addresses = p;
    p = memory->sizes = column_check(p, end, nr_allocs, UINT64_MAX);
    p = memory->callers_of = p == NULL ? NULL : column_check(p, end, nr_allocs, UINT64_MAX);
    p = memory->released = p == NULL ? NULL : column_check(p, end, nr_allocs, memory->nr_callers);
    p = p == NULL ? NULL : column_check(p, end, nr_releases, UINT64_MAX);
    return p == end ? 0 : malformed(err);
}

static int paths_malformed(struct err *err)
{
    return err_set(err, ERR_INCOMPLETE, "PATHS is malformed");
}

int memory_decode_paths(struct memory_section *memory, const uint8_t *bytes, size_t nr_bytes, uint32_t nr_dict,
                        struct err *err)
{
    memory->paths_of = memory->paths_end = NULL;
    if (bytes == NULL)
        return 0;
    const uint8_t *p = bytes, *end = bytes + nr_bytes;
    if (nr_dict > nr_bytes)
        return paths_malformed(err);
    if (memory->from == NULL || nr_dict > memory->from_capacity) {
        free(memory->from);
        memory->from_capacity = (size_t)nr_dict + nr_dict / 2 + 16;
        memory->from = calloc(memory->from_capacity, sizeof(*memory->from));
        if (memory->from == NULL) {
            memory->from_capacity = 0;
            return err_set(err, ERR_INPUT, "out of memory");
        }
    }
    for (uint32_t i = 0; i < nr_dict; i++) {
        uint64_t back;
        p = tf_get_varint(p, end, &back);
        if (p == NULL || back > i)
            return paths_malformed(err);
        memory->from[i] = back == 0 ? 0 : i + 1 - (uint32_t)back;
    }
    memory->paths_of = p;
    memory->paths_end = end;
    p = column_check(p, end, memory->nr_allocs, (uint64_t)nr_dict + 1);
    return p == end ? 0 : paths_malformed(err);
}

void memory_begin(const struct memory_section *memory, struct memory_cursor *cursor)
{
    *cursor = (struct memory_cursor){.addresses = memory->addresses,
                                     .sizes = memory->sizes,
                                     .callers_of = memory->callers_of,
                                     .released = memory->released,
                                     .paths_of = memory->paths_of};
}

static uint64_t address_next(const struct memory_section *memory, const uint8_t **column, uint64_t *previous)
{
    uint64_t difference = 0;
    *column = varint_next(*column, memory->end, &difference);
    *previous += tf_unzigzag(difference);
    return *previous << memory->shift;
}

void memory_next(const struct memory_section *memory, struct memory_cursor *cursor, uint32_t symbol,
                 struct memory_block *block)
{
    uint64_t caller = 0, path = 0;
    if (symbol != TF_SYM_ALLOC) {
        *block = (struct memory_block){.address = address_next(memory, &cursor->released, &cursor->release)};
        return;
    }
    block->address = address_next(memory, &cursor->addresses, &cursor->address);
    cursor->sizes = varint_next(cursor->sizes, memory->end, &block->bytes);
    cursor->callers_of = varint_next(cursor->callers_of, memory->end, &caller);
    block->caller = (uint32_t)caller;
    if (cursor->paths_of != NULL)
        cursor->paths_of = tf_get_varint(cursor->paths_of, memory->paths_end, &path);
    block->path = (uint32_t)path;
}
