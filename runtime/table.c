#include "table.h"

#include "bytes.h"

enum {
    TABLE_FIRST = 512,
    CARRY_MAX = 16,  /* segments that go on with one dictionary: then what is not called any more is left out */
    CARRY_WORDS = 8, /* that a segment has for each entry, at least, if the next one goes on with its dictionary */
};

/* Lines that a table has at most. */
static uint32_t table_max(uint32_t ring_bytes)
{
    return 2 * segment_at(NULL, ring_bytes, 0).max_dict;
}

uint32_t table_bytes(uint32_t ring_bytes)
{
    return table_max(ring_bytes) * (uint32_t)sizeof(struct ring_line);
}

uint32_t table_lines(const struct tracert__thread *thread)
{
    return thread->table_mask / (uint32_t)sizeof(struct ring_line) + 1;
}

void table_clear(struct tracert__thread *thread, uint32_t segment)
{
    struct ring_line *lines = (struct ring_line *)(void *)thread->table;
    uint32_t max = table_max(thread->ring_bytes);
    uint32_t nr = TABLE_FIRST;
    while (nr < max && nr < 2 * thread->nr_dict)
        nr *= 2;
    nr = nr < max ? nr : max;
    for (uint32_t i = 0; i < nr; i++)
        lines[i] = (struct ring_line){.key = KEY_FREE(segment)};
    thread->table_mask = (nr - 1) * (uint32_t)sizeof *lines;
    thread->nr_carries = 0;
}

bool table_carry(struct tracert__thread *thread, uint32_t number, const struct segment *segment)
{
    struct ring_line *lines = (struct ring_line *)(void *)thread->table;
    uint32_t nr_lines = table_lines(thread);
    if (thread->nr_dict > nr_lines / 2 || thread->nr_dict > segment->max_dict / 2 ||
        thread->nr_words / CARRY_WORDS < thread->nr_dict || thread->nr_dict == 0 || thread->nr_carries == CARRY_MAX)
        return false;
    for (uint32_t i = 0; i < nr_lines; i++) {
        if ((lines[i].key & WORD_FILLED) == 0)
            lines[i] = (struct ring_line){.key = KEY_FREE(number)};
    }
    bytes_copy(segment->dict, segment_at(thread->ring, thread->ring_bytes, number - 1).dict,
               thread->nr_dict * sizeof *segment->dict);
    thread->nr_carries++;
    return true;
}

uint32_t table_add(const struct segment *segment, uint64_t function, uint64_t site, uint32_t max)
{
    uint32_t index = __atomic_fetch_add(&segment->head->nr_dict, 1, __ATOMIC_RELAXED);
    if (index >= segment->max_dict || index >= max)
        return SYMBOL_NONE;
    segment->dict[index].function = function;
    segment->dict[index].site = site;
    return TF_SYM_ENTER + index;
}

bool table_take(struct ring_line *line, uint64_t free, uint64_t function, uint64_t site, uint32_t symbol)
{
    return ring_swap(&line->site, 0, site) && ring_swap(&line->key, free, function << KEY_SHIFT | WORD_FILLED | symbol);
}

uint32_t table_symbol(struct tracert__thread *thread, uint32_t number, const struct segment *segment,
                      const struct frame *frame)
{
    const uint64_t free = KEY_FREE(number);
    uint64_t site =
        frame->site | (frame->sp & FRAME_INLINED ? ENTRY_INLINED : 0) | (frame->sp & FRAME_REGION ? SITE_REGION : 0);
    uint32_t nr_lines = table_lines(thread);
    uint32_t symbol = SYMBOL_NONE;
    for (uint32_t i = 0; i < nr_lines; i++) {
        struct ring_line *line = ring_line(thread, frame->function, site, i);
        uint64_t known = ring_line_symbol(line, frame->function, site);
        if (known != 0)
            return known & 0xffff;
        if (__atomic_load_n(&line->key, __ATOMIC_ACQUIRE) != free || line->site != 0)
            continue;
        if (symbol == SYMBOL_NONE) {
            uint64_t function = frame->function | (frame->sp & FRAME_REGION ? ENTRY_REGION : 0);
            symbol = table_add(segment, function, site, nr_lines - nr_lines / 4);
        }
        if (symbol == SYMBOL_NONE || table_take(line, free, frame->function, site, symbol))
            return symbol;
    }
    return SYMBOL_NONE;
}
