#include "drain/encode.h"

#include "drain/memory.h"

#include <string.h>

enum {
    NR_SLOTS = 1 << 17, /* twice TF_DICT_MAX */
    ENTRY_MAX = 3 * TF_VARINT_MAX + NAME_BYTES_MAX,
    FRAME_MAX = 6 * TF_VARINT_MAX,
    NR_SECTIONS = 7,
    NR_SMALL = NR_SECTIONS - (int)ENCODE_NR_PARTS + 1 /* the sections that share the head's part */
};

/* A chunk's regions could in theory name 65,528 long names: the dictionary's buffer is bounded by what TF_RAW_MAX
 * leaves. */
#define DICT_BYTES  (6u << 20)
#define STACK_BYTES (TF_CHUNK_STACK_MAX * FRAME_MAX)

_Static_assert(TF_CHUNK_EVENTS_MAX *(2 + 1 + 2 * TF_VARINT_MAX) + DICT_BYTES + STACK_BYTES + ENCODE_EXT_BYTES + 4096 <=
                   TF_RAW_MAX,
               "the largest chunk fits a payload");

int encoder_init(struct encoder *encoder, uint32_t tick_unit, const struct names *names)
{
    memset(encoder, 0, sizeof *encoder);
    encoder->tick_unit = tick_unit;
    encoder->unit_inverse = ((1ull << 32) + tick_unit - 1) / tick_unit;
    encoder->names = names;
    encoder->symbols = memory_map(2 * TF_CHUNK_EVENTS_MAX);
    encoder->deltas = memory_map(TF_CHUNK_EVENTS_MAX);
    encoder->wide = memory_map(TF_CHUNK_EVENTS_MAX * TF_VARINT_MAX);
    encoder->dict = memory_map(DICT_BYTES);
    encoder->stack = memory_map(STACK_BYTES);
    encoder->ext = memory_map(ENCODE_EXT_BYTES);
    encoder->sp = memory_map(TF_CHUNK_EVENTS_MAX * TF_VARINT_MAX);
    encoder->slots = memory_map(NR_SLOTS * sizeof *encoder->slots);
    return encoder->symbols == NULL || encoder->deltas == NULL || encoder->wide == NULL || encoder->dict == NULL ||
                   encoder->stack == NULL || encoder->ext == NULL || encoder->sp == NULL || encoder->slots == NULL
               ? -1
               : 0;
}

/* One entry of DICT or STACK; "previous" is the caller's. */
static uint8_t *entry_put(const struct encoder *encoder, uint8_t *p, uint64_t function, uint64_t site, uint32_t flags,
                          uint64_t *previous_function, uint64_t *previous_site)
{
    if (flags & TF_ENTRY_REGION) {
        uint32_t start = encoder->names->starts[function];
        uint32_t bytes = encoder->names->starts[function + 1] - start;
        p = tf_put_varint(p, (uint64_t)bytes << TF_ENTRY_SHIFT | flags);
        memcpy(p, encoder->names->text + start, bytes);
        return p + bytes;
    }
    p = tf_put_varint(p, tf_zigzag(function - *previous_function) << TF_ENTRY_SHIFT | flags);
    p = tf_put_varint(p, tf_zigzag(site - *previous_site));
    *previous_function = function;
    *previous_site = site;
    return p;
}

static uint32_t frame_entry_flags(const struct frame *frame)
{
    return (frame->flags & FRAME_REGION ? (uint32_t)TF_ENTRY_REGION : 0) |
           (frame->flags & FRAME_INLINED ? (uint32_t)TF_ENTRY_INLINED : 0);
}

/* Lists the innermost frames; names of regions end the list's growth when the buffer is nearly full. */
static void encoder_put_stack(struct encoder *encoder, const struct stack *stack)
{
    uint32_t nr = stack->depth < TF_CHUNK_STACK_MAX ? stack->depth : TF_CHUNK_STACK_MAX;
    size_t bytes = 0;
    uint32_t listed = 0;
    while (listed < nr) {
        const struct frame *frame = &stack->frames[stack->depth - 1 - listed];
        bytes += frame->flags & FRAME_REGION ? ENTRY_MAX + FRAME_MAX : FRAME_MAX;
        if (bytes > STACK_BYTES)
            break;
        listed++;
    }
    uint64_t function = 0;
    uint64_t site = 0;
    uint64_t sp = 0;
    uint8_t *p = encoder->stack;
    for (uint32_t i = stack->depth - listed; i < stack->depth; i++) {
        const struct frame *frame = &stack->frames[i];
        p = entry_put(encoder, p, frame->function, frame->site, frame_entry_flags(frame), &function, &site);
        p = tf_put_varint(p, encoder->base_ticks - frame->ticks);
        p = tf_put_varint(p, (frame->flags & FRAME_INHERITED) != 0);
        p = tf_put_varint(p, tf_zigzag(frame->sp - sp));
        sp = frame->sp;
    }
    encoder->stack_end = p;
    encoder->nr_stack = listed;
    encoder->depth = stack->depth;
}

void encoder_begin(struct encoder *encoder, const struct stack *stack, uint64_t base_ticks)
{
    encoder->nr_symbols = encoder->nr_dict = encoder->nr_events = 0;
    encoder->wide_end = encoder->wide;
    encoder->dict_end = encoder->dict;
    encoder->ext_end = encoder->ext;
    encoder->sp_end = encoder->sp;
    encoder->base_ticks = encoder->last_ticks = base_ticks;
    encoder->previous_function = encoder->previous_site = 0;
    encoder->stamp++;
    encoder_put_stack(encoder, stack);
}

void encoder_put_wide(struct encoder *encoder, uint64_t difference)
{
    encoder->wide_end = tf_put_varint(encoder->wide_end, difference);
}

static uint32_t dict_add(struct encoder *encoder, struct dict_slot *slot, uint64_t function, uint64_t site,
                         uint32_t flags)
{
    /* A dictionary full of long names: fold the rest into one entry rather than overrun. */
    if (encoder->dict_end - encoder->dict > (ptrdiff_t)(DICT_BYTES - ENTRY_MAX))
        return TF_SYM_ENTER;
    slot->function = function;
    slot->site = site;
    slot->flags = (uint16_t)flags;
    slot->stamp = encoder->stamp;
    slot->index = (uint16_t)encoder->nr_dict;
    encoder->dict_end = entry_put(encoder, encoder->dict_end, function, site, flags, &encoder->previous_function,
                                  &encoder->previous_site);
    return TF_SYM_ENTER + encoder->nr_dict++;
}

uint32_t encoder_symbol(struct encoder *encoder, uint64_t function, uint64_t site, uint32_t flags)
{
    uint64_t hash = (function * 0x9E3779B97F4A7C15ull) ^ (site * 0xC2B2AE3D27D4EB4Full) ^ flags;
    for (uint32_t i = (uint32_t)(hash >> 40);; i++) {
        struct dict_slot *slot = &encoder->slots[i % NR_SLOTS];
        if (slot->stamp != encoder->stamp)
            return dict_add(encoder, slot, function, site, flags);
        if (slot->function == function && slot->site == site && slot->flags == flags)
            return TF_SYM_ENTER + slot->index;
    }
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

void encoder_end(struct encoder *encoder, struct stack *stack)
{
    uint32_t first = stack->depth;
    while (first > 0 && (stack->frames[first - 1].flags & FRAME_FRESH) != 0)
        first--;
    uint64_t sp = 0;
    for (uint32_t i = first; i < stack->depth; i++) {
        encoder->sp_end = tf_put_varint(encoder->sp_end, tf_zigzag(stack->frames[i].sp - sp));
        sp = stack->frames[i].sp;
        stack->frames[i].flags &= ~(uint32_t)FRAME_FRESH;
    }
}

struct section {
    uint32_t id;
    const uint8_t *data;
    size_t bytes;
};

static void encoder_sections(const struct encoder *encoder, struct section *sections)
{
    const struct section all[NR_SECTIONS] = {
        {TF_SECTION_EXT, encoder->ext, (size_t)(encoder->ext_end - encoder->ext)},
        {TF_SECTION_SP, encoder->sp, (size_t)(encoder->sp_end - encoder->sp)},
        {TF_SECTION_WIDE, encoder->wide, (size_t)(encoder->wide_end - encoder->wide)},
        {TF_SECTION_DICT, encoder->dict, (size_t)(encoder->dict_end - encoder->dict)},
        {TF_SECTION_STACK, encoder->stack, (size_t)(encoder->stack_end - encoder->stack)},
        {TF_SECTION_SYMBOLS, encoder->symbols, 2 * (size_t)encoder->nr_symbols},
        {TF_SECTION_DELTAS, encoder->deltas, encoder->nr_symbols},
    };
    memcpy(sections, all, sizeof all);
}

size_t encoder_store(const struct encoder *encoder, struct tf_chunk_head *head, uint8_t *raw,
                     uint32_t parts[ENCODE_NR_PARTS])
{
    struct section sections[NR_SECTIONS];
    encoder_sections(encoder, sections);
    head->nr_symbols = encoder->nr_symbols;
    head->tick_unit = encoder->tick_unit;
    head->nr_dict = encoder->nr_dict;
    head->depth = encoder->depth;
    head->nr_stack = encoder->nr_stack;
    head->base_ticks = encoder->base_ticks;
    head->nr_sections = NR_SECTIONS;
    tf_chunk_head_store(raw, head);
    uint8_t *table = raw + TF_CHUNK_HEAD_BYTES;
    uint8_t *p = table + NR_SECTIONS * 8u;
    for (int i = 0; i < NR_SECTIONS; i++, table += 8) {
        tf_store32(table, sections[i].id);
        tf_store32(table + 4, (uint32_t)sections[i].bytes);
        memcpy(p, sections[i].data, sections[i].bytes);
        p += sections[i].bytes;
        if (i < NR_SMALL)
            parts[0] = (uint32_t)(p - raw);
        else
            parts[i - NR_SMALL + 1] = (uint32_t)sections[i].bytes;
    }
    return (size_t)(p - raw);
}
