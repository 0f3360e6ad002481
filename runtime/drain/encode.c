#include "drain/encode.h"

#include "clock.h"
#include "drain/memory.h"
#include "names.h"

#include <string.h>

enum {
    ENTRY_MAX = 3 * TF_VARINT_MAX + (int)NAME_BYTES_MAX,
    FRAME_MAX = 6 * TF_VARINT_MAX,
    MAX_WORDS = TF_CHUNK_EVENTS_MAX,
    MAX_DICT = SEGMENT_MAX_BYTES / 128,
    MAX_STACK = TF_CHUNK_STACK_MAX,
    NR_SECTIONS = 9,
    NR_SMALL = NR_SECTIONS - (int)ENCODE_NR_PARTS + 1, /* the sections that always share the head's part */
    SMALL_BYTES = 4096                                 /* so does another, as a frame takes its time, too */
};

#define DICT_BYTES  ((size_t)MAX_DICT * ENTRY_MAX)
#define STACK_BYTES (4u << 20)

_Static_assert(SEGMENT_MAX_BYTES / 16 <= MAX_WORDS && MAX_DICT <= TF_DICT_MAX, "a segment fits a chunk");
_Static_assert(MAX_WORDS / 16 * (NOTE_GRANULE + 3 * TF_VARINT_MAX) <= ENCODE_EXT_BYTES,
               "so do the notes of all segments");
_Static_assert(MAX_WORDS *(2 + 1 + TF_VARINT_MAX) + DICT_BYTES + STACK_BYTES + ENCODE_EXT_BYTES + ENCODE_MEMORY_BYTES +
                       ENCODE_PATHS_BYTES + 4096 <=
                   TF_RAW_MAX,
               "the largest chunk fits a payload");

int encoder_init(struct encoder *encoder, const struct region *region)
{
    uint32_t tick_unit = region->clock_step;
    words_put *list[WORDS_PUT_MAX];
    memset(encoder, 0, sizeof *encoder);
    encoder->tick_unit = tick_unit;
    encoder->slack = clock_slack(tick_unit);
    encoder->unit_inverse = ((1ull << 32) + tick_unit - 1) / tick_unit;
    encoder->region = region;
    encoder->words_put = words_put_list(list) > 0 ? list[0] : NULL;
    encoder->pack_put = pack_put_choose();
    encoder->symbols = memory_map(2 * MAX_WORDS);
    encoder->deltas = memory_map(MAX_WORDS + PACK_ROUND);
    encoder->packed = memory_map(MAX_WORDS / 4 + 2);
    encoder->rest = memory_map(MAX_WORDS + PACK_ROUND);
    encoder->wide = memory_map(MAX_WORDS * TF_VARINT_MAX);
    encoder->dict = memory_map(DICT_BYTES);
    encoder->stack = memory_map(STACK_BYTES);
    encoder->ext = memory_map(ENCODE_EXT_BYTES);
    encoder->memory = memory_map(ENCODE_MEMORY_BYTES);
    encoder->paths = memory_map(ENCODE_PATHS_BYTES);
    return encoder->symbols == NULL || encoder->deltas == NULL || encoder->packed == NULL || encoder->rest == NULL ||
                   encoder->wide == NULL || encoder->dict == NULL || encoder->stack == NULL || encoder->ext == NULL ||
                   encoder->memory == NULL || encoder->paths == NULL ||
                   memory_columns_init(&encoder->memory_columns) != 0
               ? -1
               : 0;
}

/* What one entry of DICT or STACK is relative to. */
struct previous {
    uint64_t function, site;
};

static uint8_t *region_put(const struct encoder *encoder, uint8_t *p, uint64_t name)
{
    uint32_t bytes;
    const char *text = names_text(encoder->region, name, &bytes);
    p = tf_put_varint(p, (uint64_t)bytes << TF_ENTRY_SHIFT | TF_ENTRY_REGION);
    memcpy(p, text, bytes);
    return p + bytes;
}

static uint8_t *function_put(uint8_t *p, uint64_t function, uint64_t site, bool inlined, struct previous *previous)
{
    p = tf_put_varint(p, tf_zigzag(function - previous->function) << TF_ENTRY_SHIFT |
                             (inlined ? (uint64_t)TF_ENTRY_INLINED : 0));
    p = tf_put_varint(p, tf_zigzag(site - previous->site));
    previous->function = function;
    previous->site = site;
    return p;
}

static void encoder_put_dict(struct encoder *encoder, const struct segment_entry *dict, uint32_t nr)
{
    struct previous previous = {0, 0};
    uint8_t *p = encoder->dict;
    for (uint32_t i = 0; i < nr; i++) {
        if (dict[i].function & ENTRY_REGION)
            p = region_put(encoder, p, dict[i].function & ~ENTRY_REGION);
        else
            p = function_put(p, dict[i].function, dict[i].site & FRAME_SITE_MASK & ~ENTRY_INLINED,
                             (dict[i].site & ENTRY_INLINED) != 0, &previous);
    }
    encoder->dict_end = p;
    encoder->nr_dict = nr;
}

/* Lists the innermost frames, as many as surely fit. */
static void encoder_put_stack(struct encoder *encoder, const struct frame *frames, uint32_t nr, uint32_t depth)
{
    struct previous previous = {0, 0};
    uint8_t *p = encoder->stack;
    uint32_t fits = STACK_BYTES / (ENTRY_MAX + FRAME_MAX);
    uint32_t listed = nr < fits ? nr : fits;
    uint64_t sp = 0;
    for (uint32_t i = nr - listed; i < nr; i++) {
        const struct frame *frame = &frames[i];
        if (frame->sp & FRAME_REGION)
            p = region_put(encoder, p, frame->function);
        else
            p = function_put(p, frame->function, frame->site & FRAME_SITE_MASK, (frame->sp & FRAME_INLINED) != 0,
                             &previous);
        p = tf_put_varint(p, encoder->base_ticks > frame->ticks ? encoder->base_ticks - frame->ticks : 0);
        p = tf_put_varint(p, (frame->sp & FRAME_INHERITED) != 0);
        p = tf_put_varint(p, tf_zigzag(frame_sp(frame) - sp));
        sp = frame_sp(frame);
    }
    encoder->stack_end = p;
    encoder->nr_stack = listed;
    encoder->depth = depth;
}

void encoder_begin(struct encoder *encoder, uint64_t base_ticks, const struct frame *frames, uint32_t nr,
                   uint32_t depth, const struct segment_entry *dict, uint32_t nr_dict)
{
    encoder->nr_symbols = 0;
    encoder->symbol_bytes = TF_SYM_ENTER + nr_dict <= 1u << 8 ? 1 : 2;
    encoder->wide_end = encoder->wide;
    encoder->ext_end = encoder->ext;
    encoder->memory_end = encoder->memory;
    encoder->paths_end = encoder->paths;
    memory_columns_begin(&encoder->memory_columns);
    encoder->base_ticks = encoder->last_ticks = base_ticks;
    encoder_put_dict(encoder, dict, nr_dict);
    encoder_put_stack(encoder, frames, nr, depth);
}

static inline void symbol_store(struct encoder *encoder, uint32_t index, uint32_t symbol)
{
    if (encoder->symbol_bytes == 1)
        encoder->symbols[index] = (uint8_t)symbol;
    else
        tf_store16(encoder->symbols + 2 * (size_t)index, (uint16_t)symbol);
}

void encoder_put(struct encoder *encoder, uint32_t symbol, uint64_t ticks)
{
    uint64_t difference = ticks > encoder->last_ticks ? ticks - encoder->last_ticks : 0;
    uint32_t units = encoder_units(encoder, difference);
    symbol_store(encoder, encoder->nr_symbols, symbol);
    encoder->deltas[encoder->nr_symbols++] = (uint8_t)units;
    if (units == TF_DELTA_WIDE)
        encoder->wide_end = tf_put_varint(encoder->wide_end, difference);
    encoder->last_ticks += units == TF_DELTA_WIDE ? difference : (uint64_t)units * encoder->tick_unit;
}

/* One word at a time. Returns the first that is not as encoder_put_words() wants it, or `end`. */
static const uint64_t *words_put_plain(struct encoder *encoder, const uint64_t *words, const uint64_t *end,
                                       uint64_t high, uint32_t nr_dict)
{
    uint32_t index = encoder->nr_symbols;
    const uint64_t *word = words;
    uint64_t last = encoder->last_ticks - high;
    for (; word < end; word++) {
        uint32_t symbol = (uint32_t)*word & 0xffff;
        uint32_t units = encoder_units(encoder, (*word >> WORD_TICKS_SHIFT) - last);
        if (__builtin_expect((units == TF_DELTA_WIDE) | ((symbol != TF_SYM_EXIT) & (symbol - TF_SYM_ENTER >= nr_dict)),
                             0))
            break;
        symbol_store(encoder, index, symbol);
        encoder->deltas[index++] = (uint8_t)units;
        last += (uint64_t)units * encoder->tick_unit;
    }
    encoder->nr_symbols = index;
    encoder->last_ticks = high + last;
    return word;
}

/* The fast loop counts from its beginning, up to so far as it is exact. */
enum { FAST_WORDS = 256, PLAIN_WORDS = 8 };

/* The drain spends its time here and in zstd. */
const uint64_t *encoder_put_words(struct encoder *encoder, const uint64_t *words, const uint64_t *end, uint64_t high,
                                  uint32_t nr_dict)
{
    const struct words_rule rule = {encoder->tick_unit, encoder->slack, nr_dict, encoder->symbol_bytes == 1};
    while (encoder->words_put != NULL && words < end) {
        uint32_t nr = (uint32_t)(end - words);
        uint32_t units;
        nr = encoder->words_put(words, nr < FAST_WORDS ? nr : FAST_WORDS, &rule, (uint32_t)encoder->last_ticks,
                                encoder->symbols + (size_t)encoder->symbol_bytes * encoder->nr_symbols,
                                encoder->deltas + encoder->nr_symbols, &units);
        words += nr;
        encoder->nr_symbols += nr;
        encoder->last_ticks += (uint64_t)units * encoder->tick_unit;
        if (nr == FAST_WORDS)
            continue;
        /* What stops the fast loop is among the next few words, and may be fine one by one. */
        const uint64_t *few = end - words > PLAIN_WORDS ? words + PLAIN_WORDS : end;
        words = words_put_plain(encoder, words, few, high, nr_dict);
        if (words < few)
            return words;
    }
    return encoder->words_put != NULL ? words : words_put_plain(encoder, words, end, high, nr_dict);
}

void encoder_put_ext(struct encoder *encoder, enum tf_ext kind, const void *value, size_t bytes, uint64_t ticks)
{
    encoder_put(encoder, TF_SYM_EXT, ticks);
    encoder->ext_end = tf_put_field(encoder->ext_end, (uint32_t)kind, value, bytes);
}

void encoder_put_ext_numbers(struct encoder *encoder, enum tf_ext kind, uint64_t first, const uint64_t *second,
                             uint64_t ticks)
{
    uint8_t value[2 * TF_VARINT_MAX];
    uint8_t *end = tf_put_varint(value, first);
    if (second != NULL)
        end = tf_put_varint(end, *second);
    encoder_put_ext(encoder, kind, value, (size_t)(end - value), ticks);
}

void encoder_put_memory(struct encoder *encoder, uint64_t recorded, uint64_t dropped)
{
    encoder->memory_end = memory_columns_store(&encoder->memory_columns, recorded, dropped, encoder->memory);
}

void encoder_put_paths(struct encoder *encoder, const struct segment_entry *dict)
{
    encoder->paths_end = memory_columns_store_paths(&encoder->memory_columns, dict, encoder->nr_dict, encoder->paths);
}

struct section {
    uint32_t id; /* 0: there is none */
    const uint8_t *data;
    size_t bytes;
};

static void encoder_sections(struct encoder *encoder, struct section *sections)
{
    memset(encoder->deltas + encoder->nr_symbols, 0, PACK_ROUND);
    uint32_t nr_rest = encoder->pack_put(encoder->deltas, encoder->nr_symbols, encoder->packed, encoder->rest);
    bool packed = nr_rest != UINT32_MAX;
    size_t memory_bytes = (size_t)(encoder->memory_end - encoder->memory);
    size_t paths_bytes = (size_t)(encoder->paths_end - encoder->paths);
    const struct section all[NR_SECTIONS] = {
        {TF_SECTION_EXT, encoder->ext, (size_t)(encoder->ext_end - encoder->ext)},
        {TF_SECTION_WIDE, encoder->wide, (size_t)(encoder->wide_end - encoder->wide)},
        {TF_SECTION_DICT, encoder->dict, (size_t)(encoder->dict_end - encoder->dict)},
        {paths_bytes > 0 ? TF_SECTION_PATHS : 0, encoder->paths, paths_bytes},
        {memory_bytes > 0 ? TF_SECTION_MEMORY : 0, encoder->memory, memory_bytes}, /* readers must know it */
        {TF_SECTION_STACK, encoder->stack, (size_t)(encoder->stack_end - encoder->stack)},
        {packed ? TF_SECTION_DELTAS : 0, encoder->rest, packed ? nr_rest : 0},
        {TF_SECTION_SYMBOLS, encoder->symbols, (size_t)encoder->symbol_bytes * encoder->nr_symbols},
        packed ? (struct section){TF_SECTION_PACKED, encoder->packed, (encoder->nr_symbols + 3) / 4}
               : (struct section){TF_SECTION_DELTAS, encoder->deltas, encoder->nr_symbols},
    };
    memcpy(sections, all, sizeof all);
}

/* Put a section into the table; returns where the next one goes. */
static uint8_t *section_list(uint8_t *table, const struct section *section)
{
    tf_store32(table, section->id);
    tf_store32(table + 4, (uint32_t)section->bytes);
    return table + 8;
}

uint32_t encoder_store(struct encoder *encoder, struct tf_chunk_head *head, uint8_t *raw,
                       struct part parts[ENCODE_NR_PARTS])
{
    struct section sections[NR_SECTIONS];
    encoder_sections(encoder, sections);
    head->nr_symbols = encoder->nr_symbols;
    head->tick_unit = encoder->tick_unit;
    head->nr_dict = encoder->nr_dict;
    head->depth = encoder->depth;
    head->nr_stack = encoder->nr_stack;
    head->base_ticks = encoder->base_ticks;
    head->nr_sections = 0;
    for (int i = 0; i < NR_SECTIONS; i++)
        head->nr_sections += sections[i].id != 0;
    tf_chunk_head_store(raw, head);
    uint8_t *table = raw + TF_CHUNK_HEAD_BYTES;
    uint8_t *p = table + head->nr_sections * 8u;
    uint32_t nr_parts = 1;
    for (int i = 0; i < NR_SECTIONS; i++) {
        const struct section *section = &sections[i];
        if (section->id != 0)
            table = section_list(table, section);
        if (i < NR_SMALL || (nr_parts == 1 && section->bytes <= SMALL_BYTES)) {
            memcpy(p, section->data, section->bytes);
            p += section->bytes;
        } else if (section->bytes > 0) {
            parts[nr_parts++] = (struct part){
                .data = section->data, .bytes = (uint32_t)section->bytes, .is_noise = i == NR_SECTIONS - 1};
        }
    }
    parts[0] = (struct part){.data = raw, .bytes = (uint32_t)(p - raw), .is_noise = p - raw <= SMALL_BYTES};
    return nr_parts;
}
