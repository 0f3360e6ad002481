#include "trace/renew.h"

#include <string.h>

enum { ENTRY_BYTES = 8 }; /* of the section table */

struct memory_counts {
    uint64_t recorded, dropped;
};

static uint64_t more_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* What was recorded and is not there any more counts as dropped. The law holds whatever the old head said. */
static struct tf_chunk_head head_renew(const struct renew_thread *thread, const struct chunk *chunk, uint32_t nr_events)
{
    struct tf_chunk_head head = chunk->head;
    const struct tf_chunk_head *before = &thread->head;
    if (thread->broken || head.number != thread->old_number)
        head.flags |= TF_CHUNK_GAP;
    head.number = before->number;
    uint64_t recorded = before->recorded + nr_events;
    head.dropped_full += head.recorded > recorded ? head.recorded - recorded : 0;
    head.dropped_full = more_of(head.dropped_full, before->dropped_full);
    head.torn = more_of(head.torn, before->torn);
    head.stalled_ticks = more_of(head.stalled_ticks, before->stalled_ticks);
    head.recorded = recorded;
    head.hook_calls = head.recorded + head.dropped_full + head.torn;
    return head;
}

static struct memory_counts memory_renew(const struct renew_thread *thread, const struct memory_section *memory)
{
    uint64_t recorded = thread->memory_recorded + memory->nr_allocs + memory->nr_releases;
    uint64_t missing = memory->recorded > recorded ? memory->recorded - recorded : 0;
    return (struct memory_counts){recorded, more_of(memory->dropped + missing, thread->memory_dropped)};
}

static bool head_is_same(const struct tf_chunk_head *a, const struct tf_chunk_head *b)
{
    return a->number == b->number && a->flags == b->flags && a->hook_calls == b->hook_calls &&
           a->recorded == b->recorded && a->dropped_full == b->dropped_full && a->torn == b->torn &&
           a->stalled_ticks == b->stalled_ticks;
}

/* The section MEMORY with these counts at its beginning. Returns its end. */
static uint8_t *memory_build(uint8_t *to, const uint8_t *section, size_t bytes, const struct memory_counts *counts)
{
    uint64_t old;
    const uint8_t *end = section + bytes;
    const uint8_t *rest = tf_get_varint(section, end, &old);
    rest = rest == NULL ? NULL : tf_get_varint(rest, end, &old);
    if (rest == NULL) /* decoding has seen to that */
        return to;
    to = tf_put_varint(tf_put_varint(to, counts->recorded), counts->dropped);
    memcpy(to, rest, (size_t)(end - rest));
    return to + (end - rest);
}

/* The chunk's payload with another head and other counts. Returns its size. */
static size_t payload_build(uint8_t *built, const uint8_t *raw, const struct tf_chunk_head *head,
                            const struct memory_counts *counts)
{
    size_t head_bytes = TF_CHUNK_HEAD_BYTES + (size_t)head->nr_sections * ENTRY_BYTES;
    const uint8_t *from = raw + head_bytes;
    uint8_t *entry = built + TF_CHUNK_HEAD_BYTES, *to = built + head_bytes;
    memcpy(built, raw, head_bytes);
    tf_chunk_head_store(built, head);
    for (uint32_t i = 0; i < head->nr_sections; i++, entry += ENTRY_BYTES) {
        size_t bytes = tf_load32(entry + 4);
        uint8_t *section = to;
        if (tf_load32(entry) == TF_SECTION_MEMORY && bytes > 0)
            to = memory_build(to, from, bytes, counts);
        else
            to = (uint8_t *)memcpy(to, from, bytes) + bytes;
        tf_store32(entry + 4, (uint32_t)(to - section));
        from += bytes;
    }
    return (size_t)(to - built);
}

int renew_chunk(struct renew_thread *thread, const struct chunk *chunk, const struct trace_chunk *block,
                struct buffer *built, size_t *bytes, struct err *err)
{
    struct tf_chunk_head head = head_renew(thread, chunk, block->nr_events);
    struct memory_counts counts = memory_renew(thread, &chunk->memory);
    bool same = head_is_same(&head, &chunk->head) && counts.recorded == chunk->memory.recorded &&
                counts.dropped == chunk->memory.dropped;
    if (!same) {
        if (buffer_reserve(built, block->raw_bytes + 2 * TF_VARINT_MAX, err) != 0)
            return -1;
        *bytes = payload_build(built->bytes, chunk->raw.bytes, &head, &counts);
    }
    *thread = (struct renew_thread){.old_number = chunk->head.number + 1,
                                    .head = head,
                                    .memory_recorded = counts.recorded,
                                    .memory_dropped = counts.dropped};
    thread->head.number++;
    return same ? 0 : 1;
}
