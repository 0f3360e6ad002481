/*
 * Decoding: one pass over each section. All arithmetic on numbers from the file is checked or bounded by a check
 * before.
 */
#include "trace/decode.h"

#include "trace/retime.h"
#include "trace/scan.h"

#include <stdlib.h>
#include <string.h>

enum {
    SECTION_IDS = 12, /* ids below this are ours */
    ENTRY_BYTES = 8   /* of the section table */
};

/* Deeper stacks than this are a lie: frames of 16 bytes each would fill the largest stacks there are. */
#define DEPTH_MAX (1u << 26)

/* No thread lives for so many events or ticks; sums of some of these do not overflow. */
#define COUNT_MAX ((UINT64_C(1) << 60) - 1)

struct section {
    const uint8_t *bytes;
    size_t nr_bytes;
    bool present;
};

static int malformed(struct err *err, const char *why)
{
    return err_set(err, ERR_INCOMPLETE, "%s", why);
}

void chunk_release(struct chunk *chunk)
{
    free(chunk->dict);
    free(chunk->stack);
    free(chunk->widened);
    free(chunk->unpacked);
    free(chunk->retimed);
    memory_release(&chunk->memory);
    buffer_release(&chunk->raw);
    *chunk = (struct chunk){0};
}

/* Room for `nr` elements in an array whose old content is not needed. `nr` is bounded by the caller. */
static void *array_reserve(void *array, size_t *capacity, size_t nr, size_t element_bytes)
{
    if (array != NULL && nr <= *capacity)
        return array;
    free(array);
    *capacity = nr + nr / 2 + 64;
    array = malloc(*capacity * element_bytes);
    if (array == NULL)
        *capacity = 0;
    return array;
}

/* ---- Head and sections ---------------------------------------------------------------------------- */

static int head_check(const struct tf_chunk_head *head, size_t raw_bytes, struct err *err)
{
    if (head->nr_symbols > TF_CHUNK_EVENTS_MAX || head->nr_dict > TF_DICT_MAX || head->nr_stack > TF_CHUNK_STACK_MAX ||
        head->tick_unit == 0 || head->nr_stack > head->depth || head->depth > DEPTH_MAX)
        return malformed(err, "the head of the chunk is impossible");
    if ((head->hook_calls | head->recorded | head->dropped_full | head->torn | head->stalled_ticks) > COUNT_MAX)
        return malformed(err, "the counts of the chunk are impossible");
    if (head->nr_sections > (raw_bytes - TF_CHUNK_HEAD_BYTES) / ENTRY_BYTES)
        return malformed(err, "the sections are larger than the chunk");
    return 0;
}

static int sections_find(const uint8_t *raw, size_t raw_bytes, const struct tf_chunk_head *head,
                         struct section sections[SECTION_IDS], struct err *err)
{
    const uint8_t *entry = raw + TF_CHUNK_HEAD_BYTES;
    size_t offset = TF_CHUNK_HEAD_BYTES + (size_t)head->nr_sections * ENTRY_BYTES;
    for (uint32_t i = 0; i < head->nr_sections; i++, entry += ENTRY_BYTES) {
        uint32_t id = tf_load32(entry), bytes = tf_load32(entry + 4);
        if (bytes > raw_bytes - offset)
            return malformed(err, "the sections are larger than the chunk");
        if (id < SECTION_IDS && sections[id].present)
            return malformed(err, "a section is there twice");
        if ((id >= SECTION_IDS || id == 0) && (id & 1) != 0)
            return err_set(err, ERR_INCOMPLETE, "section %u is not understood by this version of tracean", id);
        if (id < SECTION_IDS)
            sections[id] = (struct section){raw + offset, bytes, true};
        offset += bytes;
    }
    if (offset != raw_bytes)
        return malformed(err, "there are bytes behind the sections");
    return 0;
}

/* ---- DICT and STACK ------------------------------------------------------------------------------- */

/* One entry; `previous` carries fn and site from function to function. NULL when it is malformed. */
static const uint8_t *entry_decode(const uint8_t *p, const uint8_t *end, struct chunk_entry *previous,
                                   struct chunk_entry *entry)
{
    uint64_t first, site;
    p = tf_get_varint(p, end, &first);
    if (p == NULL)
        return NULL;
    *entry = (struct chunk_entry){.inlined = (first & TF_ENTRY_INLINED) != 0};
    uint64_t rest = first >> TF_ENTRY_SHIFT;
    if (first & TF_ENTRY_REGION) {
        if (rest > (size_t)(end - p))
            return NULL;
        entry->region = (const char *)p;
        entry->region_bytes = (uint32_t)rest;
        return p + rest;
    }
    p = tf_get_varint(p, end, &site);
    if (p == NULL)
        return NULL;
    entry->fn = previous->fn + tf_unzigzag(rest);
    entry->site = previous->site + tf_unzigzag(site);
    previous->fn = entry->fn;
    previous->site = entry->site;
    return p;
}

static int dict_decode(struct chunk *chunk, const struct section *section, struct err *err)
{
    struct chunk_entry previous = {0};
    const uint8_t *p = section->bytes, *end = p + section->nr_bytes;
    /* Each entry takes a byte at least: nothing is allocated for entries that cannot be there. */
    if (chunk->head.nr_dict > section->nr_bytes)
        return malformed(err, "DICT is too short");
    chunk->dict = array_reserve(chunk->dict, &chunk->dict_capacity, chunk->head.nr_dict, sizeof(*chunk->dict));
    if (chunk->dict == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = 0; i < chunk->head.nr_dict; i++) {
        p = entry_decode(p, end, &previous, &chunk->dict[i]);
        if (p == NULL)
            return malformed(err, "DICT is malformed");
    }
    return p == end ? 0 : malformed(err, "DICT is too long");
}

static int stack_decode(struct chunk *chunk, const struct section *section, struct err *err)
{
    struct chunk_entry previous = {0};
    const uint8_t *p = section->bytes, *end = p + section->nr_bytes;
    if (chunk->head.nr_stack > section->nr_bytes)
        return malformed(err, "STACK is too short");
    chunk->stack = array_reserve(chunk->stack, &chunk->stack_capacity, chunk->head.nr_stack, sizeof(*chunk->stack));
    if (chunk->stack == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    uint64_t enter_ticks = 0;
    for (uint32_t i = 0; i < chunk->head.nr_stack; i++) {
        struct chunk_frame *frame = &chunk->stack[i];
        uint64_t ago, flags, sp;
        p = entry_decode(p, end, &previous, &frame->entry);
        p = p == NULL ? NULL : tf_get_varint(p, end, &ago);
        p = p == NULL ? NULL : tf_get_varint(p, end, &flags);
        p = p == NULL ? NULL : tf_get_varint(p, end, &sp);
        if (p == NULL || ago > chunk->head.base_ticks)
            return malformed(err, "STACK is malformed");
        frame->enter_ticks = chunk->head.base_ticks - ago;
        frame->inherited = flags & 1;
        if (frame->enter_ticks < enter_ticks)
            return malformed(err, "a frame of STACK is older than the frame that called it");
        enter_ticks = frame->enter_ticks;
    }
    return p == end ? 0 : malformed(err, "STACK is too long");
}

/* ---- EXT ------------------------------------------------------------------------------------------ */

/* Take a record apart. 0, or -1 when its value is malformed, or it must be understood and is not. */
static int ext_parse(const uint8_t *p, const uint8_t *end, struct chunk_ext *ext)
{
    switch (ext->kind) {
    case TF_EXT_DROPPED:
        p = tf_get_varint(p, end, &ext->number);
        p = p == NULL ? NULL : tf_get_varint(p, end, &ext->second);
        return p == NULL ? -1 : 0;
    case TF_EXT_MAPPED:
    case TF_EXT_UNMAPPED:
    case TF_EXT_ALLOCATOR:
        p = tf_get_varint(p, end, &ext->number);
        p = p == NULL ? NULL : tf_get_varint(p, end, &ext->second);
        p = p == NULL ? NULL : tf_get_varint(p, end, &ext->third);
        return p == NULL ? -1 : 0;
    case TF_EXT_STALL:
    case TF_EXT_TORN:
    case TF_EXT_ORPHAN_EXIT:
    case TF_EXT_MUTE:
    case TF_EXT_UNMUTE:
        return tf_get_varint(p, end, &ext->number) == NULL ? -1 : 0;
    case TF_EXT_COUNTER:
        p = tf_get_varint(p, end, &ext->number);
        if (p == NULL)
            return -1;
        break;
    case TF_EXT_SNAPSHOT:
        p = tf_get_varint(p, end, &ext->number);
        p = p == NULL ? NULL : tf_get_varint(p, end, &ext->second);
        if (p == NULL)
            return -1;
        break;
    case TF_EXT_MARK:
    case TF_EXT_THREAD_NAME:
        break;
    default:
        return (ext->kind & 1) != 0 ? -1 : 0;
    }
    ext->text = (const char *)p;
    ext->text_bytes = (size_t)(end - p);
    return 0;
}

/* The record at `p`; NULL when it is malformed. */
static const uint8_t *ext_decode(const uint8_t *p, const uint8_t *end, struct chunk_ext *ext)
{
    uint64_t bytes;
    *ext = (struct chunk_ext){.text = ""};
    p = tf_get_varint(p, end, &ext->kind);
    p = p == NULL ? NULL : tf_get_varint(p, end, &bytes);
    if (p == NULL || bytes > (size_t)(end - p) || ext_parse(p, p + bytes, ext) != 0)
        return NULL;
    return p + bytes;
}

static int ext_check(struct chunk *chunk, const struct section *section, uint32_t nr_ext, struct err *err)
{
    const uint8_t *p = section->bytes, *end = p + section->nr_bytes;
    chunk->ext = p;
    chunk->ext_end = end;
    for (uint32_t i = 0; i < nr_ext; i++) {
        struct chunk_ext ext;
        p = ext_decode(p, end, &ext);
        if (p == NULL)
            return malformed(err, "EXT is malformed, or not understood by this version of tracean");
    }
    return p == end ? 0 : malformed(err, "EXT is too long");
}

void chunk_next_ext(const struct chunk *chunk, struct chunk_cursor *cursor, struct chunk_ext *ext)
{
    cursor->ext = ext_decode(cursor->ext, chunk->ext_end, ext);
    if (chunk->anchors != NULL)
        ext_retime(chunk->anchors, cursor->ticks, ext);
}

/* ---- SYMBOLS, DELTAS, WIDE ------------------------------------------------------------------------ */

static int symbols_check(struct chunk *chunk, struct symbols_scan *scan, struct err *err)
{
    const struct tf_chunk_head *head = &chunk->head;
    *scan = symbols_scan(chunk->symbols, head->nr_symbols, TF_SYM_ENTER + head->nr_dict, head->depth);
    if (scan->wrong)
        return malformed(err, "a symbol means nothing");
    if (scan->least < 0)
        return malformed(err, "a frame ends that has never begun");
    if (scan->most > DEPTH_MAX)
        return malformed(err, "the stack is impossibly deep");
    chunk->peak_depth = (uint32_t)scan->most;
    return 0;
}

enum { WIDEN_LANES = 16 }; /* at once, in vectors */

/* Bytes as u16. */
static void symbols_widen(const uint8_t *bytes, uint32_t nr, uint8_t *to)
{
    uint32_t i = 0;
    for (; i + WIDEN_LANES <= nr; i += WIDEN_LANES) {
        uint8_t narrow[WIDEN_LANES];
        uint16_t wide[WIDEN_LANES];
        memcpy(narrow, bytes + i, sizeof(narrow));
        for (uint32_t lane = 0; lane < WIDEN_LANES; lane++)
            wide[lane] = narrow[lane];
        memcpy(to + 2 * (size_t)i, wide, sizeof(wide));
    }
    for (; i < nr; i++)
        tf_store16(to + 2 * (size_t)i, bytes[i]);
}

/* SYMBOLS, a byte or two for each, as two for each. */
static int symbols_find(struct chunk *chunk, const struct section *symbols, struct err *err)
{
    const uint32_t nr = chunk->head.nr_symbols;
    chunk->symbols = symbols->bytes;
    if (symbols->nr_bytes == 2 * (size_t)nr)
        return 0;
    if (symbols->nr_bytes != nr)
        return malformed(err, "SYMBOLS has the wrong size");
    chunk->widened = array_reserve(chunk->widened, &chunk->widened_capacity, nr, 2);
    if (chunk->widened == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    symbols_widen(symbols->bytes, nr, chunk->widened);
    chunk->symbols = chunk->widened;
    return 0;
}

/* Eight packed deltas as eight bytes. */
static inline uint64_t deltas_spread(uint64_t packed)
{
    packed = (packed | packed << 24) & 0x000000ff000000ffull;
    packed = (packed | packed << 12) & 0x000f000f000f000full;
    return (packed | packed << 6) & 0x0303030303030303ull;
}

/* PACKED, with what it leaves to DELTAS, as a byte for each symbol. */
static int deltas_unpack(struct chunk *chunk, const struct section *packed, const struct section *rest, struct err *err)
{
    const uint32_t nr = chunk->head.nr_symbols, nr_packed = (nr + 3) / 4;
    uint32_t nr_rest = 0;
    if (packed->nr_bytes != nr_packed)
        return malformed(err, "PACKED has the wrong size");
    chunk->unpacked = array_reserve(chunk->unpacked, &chunk->unpacked_capacity, nr + 8u, 1);
    if (chunk->unpacked == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = 0; i < nr_packed; i += 2) {
        uint64_t codes = packed->bytes[i] | (i + 1 < nr_packed ? (uint64_t)packed->bytes[i + 1] << 8 : 0);
        uint64_t lanes = deltas_spread(codes);
        uint8_t *deltas = chunk->unpacked + 4 * (size_t)i;
        tf_store64(deltas, lanes);
        for (uint64_t large = lanes & lanes >> 1 & 0x0101010101010101ull; large != 0; large &= large - 1) {
            if (nr_rest == rest->nr_bytes)
                return malformed(err, "DELTAS is too short");
            deltas[__builtin_ctzll(large) / 8] = rest->bytes[nr_rest++];
        }
    }
    chunk->deltas = chunk->unpacked;
    if (nr % 4 != 0 && packed->bytes[nr_packed - 1] >> nr % 4 * 2 != 0)
        return malformed(err, "PACKED is too long");
    return nr_rest == rest->nr_bytes ? 0 : malformed(err, "DELTAS is too long");
}

static int deltas_find(struct chunk *chunk, const struct section sections[SECTION_IDS], struct err *err)
{
    const struct section *deltas = &sections[TF_SECTION_DELTAS];
    if (sections[TF_SECTION_PACKED].present)
        return deltas_unpack(chunk, &sections[TF_SECTION_PACKED], deltas, err);
    chunk->deltas = deltas->bytes;
    return deltas->nr_bytes == chunk->head.nr_symbols ? 0 : malformed(err, "DELTAS has the wrong size");
}

static uint64_t without_gaps(const struct chunk *chunk, uint64_t ticks)
{
    return chunk->anchors != NULL ? anchors_close(chunk->anchors, ticks) : ticks;
}

static int times_check(struct chunk *chunk, const struct trace_chunk *block, struct err *err)
{
    const struct tf_chunk_head *head = &chunk->head;
    uint64_t ticks = head->base_ticks;
    struct deltas_scan scan = deltas_scan(chunk->deltas, head->nr_symbols);
    /* No overflow: 65,536 × 254 × 2^32. */
    bool overflow = __builtin_add_overflow(ticks, scan.units * head->tick_unit, &ticks);
    const uint8_t *p = chunk->wide;
    for (uint32_t i = 0; i < scan.nr_wide; i++) {
        uint64_t wide;
        p = tf_get_varint(p, chunk->wide_end, &wide);
        if (p == NULL)
            return malformed(err, "WIDE is too short");
        overflow |= __builtin_add_overflow(ticks, wide, &ticks);
    }
    if (p != chunk->wide_end)
        return malformed(err, "WIDE is too long");
    chunk->last_ticks = ticks;
    if (head->nr_symbols == 0)
        return 0;
    struct chunk_cursor cursor;
    chunk_begin(chunk, &cursor);
    chunk_next(chunk, &cursor);
    if (overflow || without_gaps(chunk, cursor.ticks) < block->first_ticks ||
        without_gaps(chunk, ticks) > block->last_ticks)
        return malformed(err, "its times contradict its header");
    return 0;
}

void chunk_begin(const struct chunk *chunk, struct chunk_cursor *cursor)
{
    *cursor = (struct chunk_cursor){.ticks = chunk->head.base_ticks, .wide = chunk->wide, .ext = chunk->ext};
    memory_begin(&chunk->memory, &cursor->memory);
}

int chunk_decode(struct chunk *chunk, size_t raw_bytes, const struct trace_chunk *block, struct err *err)
{
    const uint8_t *raw = chunk->raw.bytes;
    struct section sections[SECTION_IDS] = {{0}};
    struct symbols_scan scan;
    if (raw_bytes < TF_CHUNK_HEAD_BYTES)
        return malformed(err, "it is shorter than the head of a chunk");
    tf_chunk_head_load(raw, &chunk->head);
    /* Absent sections are empty ones; they point to something, so that no arithmetic is done on NULL. */
    for (int i = 0; i < SECTION_IDS; i++)
        sections[i].bytes = raw + raw_bytes;
    if (head_check(&chunk->head, raw_bytes, err) != 0 ||
        sections_find(raw, raw_bytes, &chunk->head, sections, err) != 0)
        return -1;
    chunk->wide = sections[TF_SECTION_WIDE].bytes;
    chunk->wide_end = chunk->wide + sections[TF_SECTION_WIDE].nr_bytes;
    if (symbols_find(chunk, &sections[TF_SECTION_SYMBOLS], err) != 0 || symbols_check(chunk, &scan, err) != 0 ||
        deltas_find(chunk, sections, err) != 0 || times_check(chunk, block, err) != 0 ||
        dict_decode(chunk, &sections[TF_SECTION_DICT], err) != 0 ||
        stack_decode(chunk, &sections[TF_SECTION_STACK], err) != 0 ||
        ext_check(chunk, &sections[TF_SECTION_EXT], scan.nr_ext, err) != 0 ||
        (chunk->anchors != NULL && chunk_retime(chunk, err) != 0))
        return -1;
    const struct section *memory = &sections[TF_SECTION_MEMORY];
    if (memory_decode(&chunk->memory, memory->bytes, memory->nr_bytes, scan.nr_allocs, scan.nr_releases, err) != 0)
        return -1;
    const struct section *paths = &sections[TF_SECTION_PATHS];
    return memory_decode_paths(&chunk->memory, paths->present ? paths->bytes : NULL, paths->nr_bytes,
                               chunk->head.nr_dict, err);
}

int chunk_load(struct trace *trace, const struct trace_chunk *block, struct chunk *chunk, struct err *err)
{
    if (trace_load(trace, block, &chunk->raw, err) != 0)
        return -1;
    chunk->anchors = trace_gaps(trace);
    return chunk_decode(chunk, block->raw_bytes, block, err);
}
