/*
 * The driver: which chunks are replayed, in which order, and what to do where they are damaged.
 */
#include "profile/replay.h"

#include "profile/callrun.h"
#include "profile/callstack.h"
#include "trace/ahead.h"
#include "trace/timeline.h"

#include <stdlib.h>
#include <string.h>

/* More call paths than this are not told apart: with what is made of them they take some 300 MB. */
#define NODES_MAX (1u << 20)

static int no_memory(struct err *err)
{
    return err_set(err, ERR_INPUT, "out of memory");
}

static void threads_release(struct replay *replay)
{
    for (uint32_t i = 0; replay->threads != NULL && i < replay->trace->nr_threads; i++) {
        free(replay->threads[i].frames);
        free(replay->threads[i].words.words);
        free(replay->threads[i].path_nodes);
    }
    free(replay->threads);
    free(replay->losses);
    fenced_release(&replay->fenced);
    calltree_release(&replay->tree);
    histogram_set_release(&replay->durations);
    replay->threads = NULL;
    replay->losses = NULL;
    replay->nr_losses = 0;
}

/* Everything but the functions begins anew. */
static int results_reset(struct replay *replay, struct err *err)
{
    threads_release(replay);
    replay->stopped = 0;
    replay->threads = calloc((size_t)replay->trace->nr_threads + 1, sizeof(*replay->threads));
    if (replay->threads == NULL)
        return no_memory(err);
    for (uint32_t i = 0; i < replay->trace->nr_threads; i++)
        replay->threads[i].entered = replay->from_ticks == 0;
    callrun_reset(replay->run);
    if (histogram_set_reserve(&replay->durations, replay->functions.nr) != 0)
        return no_memory(err);
    if (calltree_init(&replay->tree, err) != 0)
        return -1;
    replay->tree.folds = replay->filter.folds;
    replay->tree.nr_nodes_max = NODES_MAX;
    return 0;
}

int replay_init(struct replay *replay, struct trace *trace, const struct replay_filter *filter, struct err *err)
{
    *replay = (struct replay){.trace = trace, .filter = *filter, .to_ticks = UINT64_MAX};
    function_set_init(&replay->functions);
    if (filter->from_ns > 0)
        replay->from_ticks = clock_ticks(&trace->clock, filter->from_ns);
    if (filter->to_ns < UINT64_MAX) {
        /* The last tick of the window: the one before the first that is later. */
        uint64_t behind = clock_ticks(&trace->clock, filter->to_ns + 1);
        replay->to_ticks = behind == UINT64_MAX ? behind : behind - 1;
    }
    replay->run = malloc(sizeof(*replay->run));
    if (address_map_init(&replay->map, trace, err) != 0)
        return -1;
    return replay->run == NULL ? no_memory(err) : results_reset(replay, err);
}

void replay_release(struct replay *replay)
{
    threads_release(replay);
    free(replay->run);
    free(replay->words.words);
    function_set_release(&replay->functions);
    address_map_release(&replay->map);
    *replay = (struct replay){0};
}

/* ---- Which chunks --------------------------------------------------------------------------------- */

static bool thread_is_wanted(const struct replay *replay, uint32_t number)
{
    const struct trace_thread *thread = &replay->trace->threads[number];
    const struct trace_process *process = trace_process_find(replay->trace, thread->process);
    return (replay->filter.thread == 0 || replay->filter.thread == thread->tid) &&
           (replay->filter.process == 0 || (process != NULL && replay->filter.process == process->pid));
}

/* What the chunk held is missing, unless a later one shows how much that was. */
static void chunk_damaged(struct replay *replay, const struct trace_chunk *block, const char *why)
{
    struct replay_thread *thread = &replay->threads[block->thread];
    thread->pending_events += block->nr_events;
    trace_damaged(replay->trace, block, why);
}

/* The window has ended for a thread, though not the thread. */
static void window_close(struct replay *replay, uint32_t number)
{
    struct replay_thread *thread = &replay->threads[number];
    /* It was not alive in the window when nothing of it is left. */
    if (thread->depth == 0 && thread->nr_calls == 0 && thread->first_ticks > replay->to_ticks)
        thread->seen = false;
    thread->last_ticks = replay->to_ticks;
    if (thread->first_ticks > replay->to_ticks)
        thread->first_ticks = replay->from_ticks;
    callstack_finish(replay, number, replay->to_ticks);
}

/* ---- One thread after the other: the tree --------------------------------------------------------- */

static int chunk_step(struct replay *replay, uint32_t number, const struct chunk *chunk, struct err *err)
{
    struct chunk_cursor cursor;
    chunk_begin(chunk, &cursor);
    while (cursor.index < chunk->head.nr_symbols) {
        struct chunk_ext ext;
        uint32_t symbol = chunk_next(chunk, &cursor);
        if (symbol == TF_SYM_EXT)
            chunk_next_ext(chunk, &cursor, &ext);
        int result = callstack_step(replay, number, chunk, symbol, cursor.ticks, &ext, &replay->words, err);
        if (result < 0)
            return -1;
        if (result > 0) {
            window_close(replay, number);
            return 0;
        }
    }
    return 0;
}

static int chunk_replay(struct replay *replay, struct ahead *ahead, uint32_t number, struct err *err)
{
    const struct trace_chunk *block = &replay->trace->chunks[number];
    struct replay_thread *thread = &replay->threads[block->thread];
    struct err why = {0};
    const struct chunk *chunk = ahead_chunk(ahead, number, &why);
    if (chunk == NULL || callstack_begin(replay, block->thread, block, chunk, &replay->words, &why) != 0) {
        if (why.code != ERR_INCOMPLETE)
            return err_set(err, why.code, "%s: %s", replay->trace->path, why.text);
        chunk_damaged(replay, block, why.text);
        return 0;
    }
    if (block->first_ticks > replay->to_ticks) {
        window_close(replay, block->thread);
        return 0;
    }
    if (thread->entered && block->last_ticks <= replay->to_ticks)
        return fenced_chunk(replay, block->thread, chunk, &replay->words, err) == 0
                   ? callrun_chunk(replay, block->thread, chunk, &replay->words, err)
                   : -1;
    return chunk_step(replay, block->thread, chunk, err);
}

/* Which chunks are in the window. */
static bool *chunks_likely(const struct replay *replay, const bool *wanted)
{
    const struct trace *trace = replay->trace;
    bool *likely = calloc((size_t)trace->nr_chunks + 1, sizeof(*likely));
    for (uint32_t i = 0; likely != NULL && i < trace->nr_chunks; i++)
        likely[i] = wanted[trace->chunks[i].thread] && trace->chunks[i].last_ticks >= replay->from_ticks &&
                    trace->chunks[i].first_ticks <= replay->to_ticks;
    return likely;
}

static int chunks_replay(struct replay *replay, const bool *wanted, struct ahead *ahead, struct err *err)
{
    const struct trace *trace = replay->trace;
    for (uint32_t i = 0; i < trace->nr_chunks && replay->stopped == 0; i++) {
        const struct trace_chunk *block = &trace->chunks[i];
        struct replay_thread *thread = &replay->threads[block->thread];
        if (!wanted[block->thread] || thread->finished)
            continue;
        if (block->last_ticks < replay->from_ticks)
            thread->skipped = true;
        else if (block->first_ticks > replay->to_ticks && thread->started)
            window_close(replay, block->thread);
        else if (chunk_replay(replay, ahead, i, err) != 0)
            return -1;
        if (block->next == TRACE_NONE && !thread->finished)
            callstack_finish(replay, block->thread, thread->last_ticks);
        if (replay->progress != NULL)
            replay->progress(replay->progress_context, block->offset + block->payload_bytes, trace->file_bytes);
    }
    return 0;
}

/*
 * Ticks become ns only now: rounding a sum down keeps a parent's time at or above its children's, and spares the loop a
 * multiplication for every event.
 */
static void tree_to_ns(struct replay *replay)
{
    const struct clock *clock = &replay->trace->clock;
    fenced_to_ns(&replay->fenced, clock);
    for (uint32_t i = 1; i < replay->tree.nr_nodes; i++) {
        struct calltree_node *node = &replay->tree.nodes[i];
        node->inclusive = clock_duration_ns(clock, node->inclusive);
        node->inherited = clock_duration_ns(clock, node->inherited);
        node->repeated = clock_duration_ns(clock, node->repeated);
        node->stalled = clock_duration_ns(clock, node->stalled);
        node->max = clock_duration_ns(clock, node->max);
        if (node->min != UINT64_MAX)
            node->min = clock_duration_ns(clock, node->min);
    }
}

/* Which threads the filters let through; the caller frees it. */
static bool *threads_wanted(const struct replay *replay)
{
    bool *wanted = calloc((size_t)replay->trace->nr_threads + 1, sizeof(*wanted));
    for (uint32_t i = 0; wanted != NULL && i < replay->trace->nr_threads; i++)
        wanted[i] = thread_is_wanted(replay, i);
    return wanted;
}

static int threads_run(struct replay *replay, const struct replay_observer *observer, struct err *err)
{
    int result = -1;
    replay->observer = observer;
    replay->leaf_ticks = UINT64_MAX;
    bool *wanted = threads_wanted(replay);
    bool *likely = wanted != NULL ? chunks_likely(replay, wanted) : NULL;
    struct ahead *ahead = likely != NULL ? ahead_new(replay->trace, likely, ahead_threads(), err) : NULL;
    if (ahead != NULL)
        result = chunks_replay(replay, wanted, ahead, err);
    callrun_flush(replay);
    if (ahead == NULL || (result == 0 && replay->durations.failed))
        result = no_memory(err);
    if (result == 0)
        tree_to_ns(replay);
    ahead_free(ahead);
    free(likely);
    free(wanted);
    replay->observer = NULL;
    return result;
}

int replay_run(struct replay *replay, struct err *err)
{
    return threads_run(replay, NULL, err);
}

int replay_walk(struct replay *replay, const struct replay_observer *observer, struct err *err)
{
    return results_reset(replay, err) != 0 ? -1 : threads_run(replay, observer, err);
}

/* ---- In order of time: the calls ------------------------------------------------------------------ */

/* Take over what a chunk says of its thread's events of memory. */
static void memory_counts_take(struct replay_thread *thread, const struct memory_section *memory)
{
    uint64_t before = thread->memory_recorded + memory->nr_allocs + memory->nr_releases;
    if (memory->recorded > before && !thread->skipped)
        thread->memory_lost += memory->recorded - before;
    thread->memory_recorded = memory->recorded;
    thread->memory_dropped = memory->dropped;
}

/* The nodes of the chunk's paths; its words are set. */
static int paths_take(struct replay *replay, struct replay_thread *thread, const struct chunk *chunk, struct err *err)
{
    const uint32_t nr = chunk->memory.paths_of == NULL ? 0 : chunk->head.nr_dict;
    if (nr > thread->path_capacity) {
        free(thread->path_nodes);
        thread->path_capacity = (size_t)nr + nr / 2;
        thread->path_nodes = calloc(thread->path_capacity, sizeof(*thread->path_nodes));
        if (thread->path_nodes == NULL) {
            thread->path_capacity = 0;
            return no_memory(err);
        }
    }
    for (uint32_t i = 0; i < nr; i++) {
        uint32_t from = chunk->memory.from[i], function = thread->words.words[i] >> REPLAY_WORD_SHIFT;
        uint32_t parent = from == 0 ? CALLTREE_ROOT : thread->path_nodes[from - 1];
        thread->path_nodes[i] = calltree_child(&replay->tree, parent, function, err);
        if (thread->path_nodes[i] == UINT32_MAX)
            return -1;
    }
    return 0;
}

static int chunk_watch(struct replay *replay, struct timeline *timeline, const struct timeline_event *event,
                       struct err *err)
{
    struct replay_thread *thread = &replay->threads[event->thread];
    struct err why = {0};
    if (thread->finished) {
        timeline_drop(timeline);
        return 0;
    }
    thread->skipped = thread->skipped || event->skipped;
    memory_counts_take(thread, &event->chunk->memory);
    if (callstack_begin(replay, event->thread, event->block, event->chunk, &thread->words, &why) != 0) {
        if (why.code != ERR_INCOMPLETE)
            return err_set(err, why.code, "%s: %s", replay->trace->path, why.text);
        chunk_damaged(replay, event->block, why.text);
        timeline_skip(timeline);
    } else if (paths_take(replay, thread, event->chunk, err) != 0) {
        return -1;
    } else if (event->block->first_ticks > replay->to_ticks) {
        window_close(replay, event->thread);
        timeline_drop(timeline);
    } else if (thread->entered && event->block->last_ticks <= replay->to_ticks) {
        return fenced_chunk(replay, event->thread, event->chunk, &thread->words, err);
    }
    return 0;
}

/* How far the file is read: threads take turns in it, so the furthest of them says. */
static void progress_tell(struct replay *replay, const struct trace_chunk *block, uint64_t *done_bytes)
{
    uint64_t end = block->offset + block->payload_bytes;
    *done_bytes = end > *done_bytes ? end : *done_bytes;
    if (replay->progress != NULL)
        replay->progress(replay->progress_context, *done_bytes, replay->trace->file_bytes);
}

static void memory_watch(struct replay *replay, const struct timeline_event *event)
{
    const struct replay_observer *observer = replay->observer;
    const struct replay_thread *thread = &replay->threads[event->thread];
    if (observer->memory == NULL || !thread->entered || replay->stopped != 0)
        return;
    const struct replay_memory memory = {
        .thread = event->thread,
        .process = thread->process,
        .node = event->symbol == TF_SYM_ALLOC && event->memory.path != 0 ? thread->path_nodes[event->memory.path - 1]
                                                                         : thread->frames[thread->depth].node,
        .symbol = event->symbol,
        .ticks = event->ticks,
        .block = &event->memory,
        .caller = event->symbol == TF_SYM_ALLOC ? &event->chunk->memory.callers[event->memory.caller] : NULL};
    replay->stopped = observer->memory(observer->context, &memory);
}

/* The window begins for all threads at once, so that what is open then comes before what follows. */
static void window_begin(struct replay *replay)
{
    for (uint32_t i = 0; i < replay->trace->nr_threads; i++) {
        if (replay->threads[i].started && !replay->threads[i].entered)
            callstack_enter_window(replay, i);
    }
}

static int event_watch(struct replay *replay, struct timeline *timeline, const struct timeline_event *event,
                       struct err *err)
{
    struct replay_thread *thread = &replay->threads[event->thread];
    int result;
    switch (event->kind) {
    case TIMELINE_CHUNK:
    case TIMELINE_DAMAGED:
        if (!thread->finished && thread->started && event->block->first_ticks > replay->to_ticks)
            window_close(replay, event->thread);
        if (event->kind == TIMELINE_CHUNK)
            return chunk_watch(replay, timeline, event, err);
        thread->skipped = thread->skipped || event->skipped;
        if (!thread->finished)
            chunk_damaged(replay, event->block, event->why);
        return 0;
    case TIMELINE_END:
        if (!thread->finished)
            callstack_finish(replay, event->thread, thread->last_ticks);
        return 0;
    case TIMELINE_SYMBOL:
    default:
        if (symbol_is_memory(event->symbol) && thread->entered && event->ticks <= replay->to_ticks) {
            thread->last_ticks = event->ticks; /* nothing else happens to its stack */
            memory_watch(replay, event);
            return 0;
        }
        replay->leaf_ticks = event->leaf_ticks;
        result = callstack_step(replay, event->thread, event->chunk, event->symbol, event->ticks, &event->ext,
                                &thread->words, err);
        if (result > 0) {
            window_close(replay, event->thread);
            timeline_drop(timeline);
        } else if (result == 0 && symbol_is_memory(event->symbol)) {
            memory_watch(replay, event);
        }
        return result < 0 ? -1 : 0;
    }
}

int replay_watch(struct replay *replay, const struct replay_observer *observer, struct err *err)
{
    int result = results_reset(replay, err);
    struct timeline *timeline = NULL;
    bool begun = replay->from_ticks == 0;
    uint64_t done_bytes = 0;
    bool *wanted = threads_wanted(replay);
    if (result != 0)
        goto out;
    result = -1;
    if (wanted == NULL) {
        no_memory(err);
        goto out;
    }
    timeline = timeline_new(replay->trace, wanted, replay->from_ticks, err);
    if (timeline == NULL)
        goto out;
    replay->observer = observer;
    struct timeline_event event;
    while (replay->stopped == 0 && (result = timeline_next(timeline, &event, err)) > 0) {
        if (!begun && event.ticks >= replay->from_ticks) {
            window_begin(replay);
            begun = true;
        }
        if (event.kind == TIMELINE_CHUNK)
            progress_tell(replay, event.block, &done_bytes);
        if (event_watch(replay, timeline, &event, err) != 0) {
            result = -1;
            break;
        }
    }
    result = result < 0 ? -1 : 0;
    tree_to_ns(replay);
out:
    replay->observer = NULL;
    timeline_free(timeline);
    free(wanted);
    return result;
}

struct durations_taker {
    const struct clock *clock;
    struct histogram *durations;
};

/* Buckets come in ascending order, and several of ticks can be one of ns. */
static void durations_take(void *context, uint32_t bucket, uint64_t calls)
{
    const struct durations_taker *taker = context;
    struct histogram *durations = taker->durations;
    uint32_t ns_bucket = histogram_bucket(clock_duration_ns(taker->clock, histogram_middle(bucket)));
    if (durations->nr == 0 || durations->counts[durations->nr - 1].bucket != ns_bucket)
        durations->counts[durations->nr++] = (struct histogram_count){.bucket = ns_bucket};
    durations->counts[durations->nr - 1].calls += calls;
}

static void buckets_number(void *context, uint32_t bucket, uint64_t calls)
{
    (void)bucket;
    (void)calls;
    ++*(size_t *)context;
}

int replay_durations(const struct replay *replay, uint32_t function, struct arena *arena, struct histogram *durations)
{
    struct durations_taker taker = {&replay->trace->clock, durations};
    size_t nr = 0;
    histogram_set_each(&replay->durations, function, buckets_number, &nr);
    *durations = (struct histogram){.counts = arena_array(arena, nr + 1, sizeof(*durations->counts))};
    if (durations->counts == NULL)
        return -1;
    histogram_set_each(&replay->durations, function, durations_take, &taker);
    return 0;
}

uint64_t replay_dropped(const struct replay *replay)
{
    const struct trace *trace = replay->trace;
    uint64_t dropped = trace->dropped_no_ring + trace->repaired_events, lost = 0, recovered = 0, loaded = 0;
    bool everything = replay->from_ticks == 0 && replay->to_ticks == UINT64_MAX && replay->filter.thread == 0 &&
                      replay->filter.process == 0;
    for (uint32_t i = 0; i < trace->nr_threads; i++) {
        const struct replay_thread *thread = &replay->threads[i];
        dropped += thread->dropped_full + thread->torn;
        lost += thread->lost_events;
        recovered += thread->recovered;
        loaded += thread->loaded_events;
    }
    /* The end of the trace knows also of what was lost behind the last intact chunk of a thread. */
    if (everything && trace->ending != TRACE_UNFINISHED && trace->end_nr_events > loaded &&
        trace->end_nr_events - loaded > lost)
        lost = trace->end_nr_events - loaded;
    return dropped + trace->cut_events + (lost > recovered ? lost - recovered : 0);
}
