/*
 * A binary heap of threads by the time of their next event. A thread's chunk is loaded when its turn comes, not before:
 * of ten thousand short threads only those that overlap are in memory.
 */
#include "trace/timeline.h"

#include <stdlib.h>
#include <string.h>

struct source {
    uint64_t ticks;      /* of the next symbol; of the next chunk when none is loaded */
    uint32_t thread;     /* index into trace->threads */
    uint32_t block;      /* index into trace->chunks: the one that is loaded, or comes next; TRACE_NONE at the end */
    struct chunk *chunk; /* NULL: not loaded */
    struct chunk_cursor cursor;
    bool skipped; /* chunks before `block` were passed over */
};

struct timeline {
    struct trace *trace;
    struct source *heap; /* heap[0] is the next one */
    uint32_t nr;
    uint64_t from_ticks;
    struct chunk *spare; /* a chunk struct whose memory can be used again */
};

static bool source_is_before(const struct source *a, const struct source *b)
{
    return a->ticks != b->ticks ? a->ticks < b->ticks : a->thread < b->thread;
}

/* heap[0] has become later: put it where it belongs. */
static void heap_sink(struct timeline *timeline, uint32_t at)
{
    struct source *heap = timeline->heap, moved = heap[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= timeline->nr)
            break;
        if (child + 1 < timeline->nr && source_is_before(&heap[child + 1], &heap[child]))
            child++;
        if (!source_is_before(&heap[child], &moved))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

static void chunk_give_back(struct timeline *timeline, struct chunk *chunk)
{
    if (chunk == NULL)
        return;
    if (timeline->spare == NULL) {
        timeline->spare = chunk;
        return;
    }
    chunk_release(chunk);
    free(chunk);
}

void timeline_drop(struct timeline *timeline)
{
    chunk_give_back(timeline, timeline->heap[0].chunk);
    timeline->heap[0] = timeline->heap[--timeline->nr];
    if (timeline->nr > 0)
        heap_sink(timeline, 0);
}

/* Let the source go on with `block`, or the next one of the thread that is not over before the window begins. */
static void source_seek(const struct timeline *timeline, struct source *source, uint32_t block)
{
    const struct trace_chunk *chunks = timeline->trace->chunks;
    source->skipped = false;
    for (; block != TRACE_NONE && chunks[block].last_ticks < timeline->from_ticks; block = chunks[block].next)
        source->skipped = true;
    source->block = block;
    /* A damaged trace may say that time goes back; the order of the thread is kept all the same. */
    if (block != TRACE_NONE && chunks[block].first_ticks > source->ticks)
        source->ticks = chunks[block].first_ticks;
}

/* The thread at the top goes on with its next block. */
static void source_advance(struct timeline *timeline)
{
    struct source *source = &timeline->heap[0];
    chunk_give_back(timeline, source->chunk);
    source->chunk = NULL;
    source_seek(timeline, source, timeline->trace->chunks[source->block].next);
    heap_sink(timeline, 0);
}

void timeline_skip(struct timeline *timeline)
{
    source_advance(timeline);
}

struct timeline *timeline_new(struct trace *trace, const bool *threads, uint64_t from_ticks, struct err *err)
{
    struct timeline *timeline = calloc(1, sizeof(*timeline));
    struct source *heap = calloc((size_t)trace->nr_threads + 1, sizeof(*heap));
    if (timeline == NULL || heap == NULL) {
        free(timeline);
        free(heap);
        err_set(err, ERR_INPUT, "out of memory");
        return NULL;
    }
    *timeline = (struct timeline){.trace = trace, .heap = heap, .from_ticks = from_ticks};
    for (uint32_t i = 0; i < trace->nr_threads; i++) {
        struct source source = {.thread = i};
        source_seek(timeline, &source, trace->threads[i].first_chunk);
        if (source.block != TRACE_NONE && (threads == NULL || threads[i]))
            heap[timeline->nr++] = source;
    }
    for (uint32_t i = timeline->nr / 2; i-- > 0;)
        heap_sink(timeline, i);
    return timeline;
}

void timeline_free(struct timeline *timeline)
{
    if (timeline == NULL)
        return;
    while (timeline->nr > 0)
        timeline_drop(timeline);
    if (timeline->spare != NULL)
        chunk_release(timeline->spare);
    free(timeline->spare);
    free(timeline->heap);
    free(timeline);
}

/* Load the chunk of the thread at the top. */
static int source_load(struct timeline *timeline, struct timeline_event *event, struct err *err)
{
    struct source *source = &timeline->heap[0];
    struct err why = {0};
    event->skipped = source->skipped;
    struct chunk *chunk = timeline->spare != NULL ? timeline->spare : calloc(1, sizeof(*chunk));
    timeline->spare = NULL;
    if (chunk == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    if (chunk_load(timeline->trace, event->block, chunk, &why) == 0) {
        source->chunk = chunk;
        chunk_begin(chunk, &source->cursor);
        event->kind = TIMELINE_CHUNK;
        event->chunk = chunk;
        return 1;
    }
    chunk_give_back(timeline, chunk);
    if (why.code != ERR_INCOMPLETE)
        return err_set(err, why.code, "%s", why.text);
    event->kind = TIMELINE_DAMAGED;
    memcpy(event->why, why.text, sizeof(event->why) - 1);
    event->why[sizeof(event->why) - 1] = '\0';
    source_advance(timeline);
    return 1;
}

/* When a frame that is entered here leaves again, if nothing comes between. */
static uint64_t leaf_ticks(const struct chunk *chunk, struct chunk_cursor cursor, uint32_t symbol)
{
    if (symbol < TF_SYM_ENTER || cursor.index == chunk->head.nr_symbols)
        return UINT64_MAX;
    return chunk_next(chunk, &cursor) == TF_SYM_EXIT ? cursor.ticks : UINT64_MAX;
}

int timeline_next(struct timeline *timeline, struct timeline_event *event, struct err *err)
{
    for (;;) {
        if (timeline->nr == 0)
            return 0;
        struct source *source = &timeline->heap[0];
        event->thread = source->thread;
        event->ticks = source->ticks;
        if (source->block == TRACE_NONE) {
            event->kind = TIMELINE_END;
            timeline_drop(timeline);
            return 1;
        }
        event->block = &timeline->trace->chunks[source->block];
        if (source->chunk == NULL)
            return source_load(timeline, event, err);
        if (source->cursor.index == source->chunk->head.nr_symbols) {
            source_advance(timeline);
            continue;
        }
        struct chunk_cursor ahead = source->cursor;
        uint32_t symbol = chunk_next(source->chunk, &ahead);
        if (ahead.ticks > source->ticks) {
            /* Now that its time is known, others may come first. */
            source->ticks = ahead.ticks;
            if (timeline->nr > 1) {
                heap_sink(timeline, 0);
                if (timeline->heap[0].thread != event->thread)
                    continue;
            }
        }
        event->kind = TIMELINE_SYMBOL;
        event->chunk = source->chunk;
        event->ticks = ahead.ticks;
        event->symbol = symbol;
        event->leaf_ticks = leaf_ticks(source->chunk, ahead, symbol);
        if (symbol == TF_SYM_EXT)
            chunk_next_ext(source->chunk, &ahead, &event->ext);
        else if (symbol_is_memory(symbol))
            chunk_next_memory(source->chunk, &ahead, symbol, &event->memory);
        source->cursor = ahead;
        return 1;
    }
}
