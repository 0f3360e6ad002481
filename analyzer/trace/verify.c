/*
 * Verification follows each thread's stack on its own, in the simplest way, so that it does not share the replay's
 * mistakes.
 */
#include "trace/verify.h"

#include <stdlib.h>
#include <string.h>

struct frame {
    uint64_t fn; /* 0: a region */
    uint64_t enter_ticks;
};

/* Where a thread is after its last intact chunk. */
struct progress {
    bool started, broken; /* broken: a chunk of it was damaged, what follows need not fit */
    uint32_t next_number;
    uint32_t depth; /* open frames; of these the innermost nr_frames are in `frames` */
    struct frame *frames;
    size_t nr_frames, capacity;
    uint64_t last_ticks;
    struct tf_chunk_head head;
    uint64_t memory_recorded, memory_dropped;
};

struct verifier {
    struct verify *verify;
    struct trace *trace;
    struct progress *progress;
    const struct trace_chunk *block;
    struct chunk chunk;
    struct err *err;
};

static void problem(struct verifier *verifier, const char *what)
{
    verifier->verify->nr_problems++;
    trace_notice(verifier->trace, "block at byte %llu, thread %u: %s", (unsigned long long)verifier->block->offset,
                 verifier->trace->threads[verifier->block->thread].tid, what);
}

/* ---- The stack ------------------------------------------------------------------------------------ */

static int frame_push(struct verifier *verifier, struct progress *progress, const struct chunk_entry *entry,
                      uint64_t enter_ticks)
{
    struct frame *frames = array_grow(progress->frames, progress->nr_frames, &progress->capacity, sizeof(*frames));
    if (frames == NULL)
        return err_set(verifier->err, ERR_INPUT, "out of memory");
    progress->frames = frames;
    frames[progress->nr_frames++] =
        (struct frame){.fn = entry->region != NULL ? 0 : entry->fn, .enter_ticks = enter_ticks};
    progress->depth++;
    return 0;
}

/* A writer may round times to the clock's step, those of events and those in STACK each on its own. */
static bool ticks_agree(const struct trace *trace, uint64_t a, uint64_t b)
{
    uint64_t apart = a > b ? a - b : b - a;
    return apart == 0 || apart < trace->clock_step_ticks;
}

/* Does STACK say what the chunk before it left behind? */
static bool stack_follows(const struct trace *trace, const struct progress *progress, const struct chunk *chunk)
{
    if (progress->depth != chunk->head.depth)
        return false;
    for (uint32_t i = 1; i <= chunk->head.nr_stack && i <= progress->nr_frames; i++) {
        const struct chunk_frame *listed = &chunk->stack[chunk->head.nr_stack - i];
        const struct frame *own = &progress->frames[progress->nr_frames - i];
        uint64_t fn = listed->entry.region != NULL ? 0 : listed->entry.fn;
        if (fn != own->fn || !ticks_agree(trace, listed->enter_ticks, own->enter_ticks))
            return false;
    }
    return true;
}

static int stack_take(struct verifier *verifier, struct progress *progress)
{
    const struct chunk *chunk = &verifier->chunk;
    progress->nr_frames = 0;
    progress->depth = chunk->head.depth - chunk->head.nr_stack;
    for (uint32_t i = 0; i < chunk->head.nr_stack; i++) {
        if (frame_push(verifier, progress, &chunk->stack[i].entry, chunk->stack[i].enter_ticks) != 0)
            return -1;
    }
    return 0;
}

/* The law of conservation for memory: what is counted is there, and the counts go on where they were. */
static void memory_check(struct verifier *verifier, struct progress *progress)
{
    const struct memory_section *memory = &verifier->chunk.memory;
    uint64_t here = (uint64_t)memory->nr_allocs + memory->nr_releases;
    struct verify_thread *thread = &verifier->verify->threads[verifier->block->thread];
    bool follows = !progress->broken && verifier->chunk.head.number == progress->next_number;
    if (memory->dropped < progress->memory_dropped || memory->recorded < here ||
        (follows && memory->recorded != progress->memory_recorded + here))
        problem(verifier, "its counts break the law of conservation for memory");
    progress->memory_recorded = thread->memory_recorded = memory->recorded;
    progress->memory_dropped = thread->memory_dropped = memory->dropped;
}

/* Count a chunk's events. Exits of frames that the chunk does not name may be of regions: *nr_unknown. */
static int events_count(struct verifier *verifier, struct progress *progress, uint64_t *nr_events, uint64_t *nr_unknown)
{
    const struct chunk *chunk = &verifier->chunk;
    struct chunk_cursor cursor;
    chunk_begin(chunk, &cursor);
    while (cursor.index < chunk->head.nr_symbols) {
        uint32_t symbol = chunk_next(chunk, &cursor);
        if (symbol >= TF_SYM_ENTER) {
            const struct chunk_entry *entry = &chunk->dict[symbol - TF_SYM_ENTER];
            *nr_events += entry->region == NULL;
            if (frame_push(verifier, progress, entry, cursor.ticks) != 0)
                return -1;
        } else if (symbol == TF_SYM_EXT) {
            struct chunk_ext ext;
            chunk_next_ext(chunk, &cursor, &ext);
            *nr_events += ext.kind == TF_EXT_ORPHAN_EXIT;
        } else if (!symbol_is_memory(symbol)) {
            bool known = progress->nr_frames > 0;
            bool function = known && progress->frames[--progress->nr_frames].fn != 0;
            progress->depth--;
            *nr_events += symbol == TF_SYM_EXIT && function;
            *nr_unknown += symbol == TF_SYM_EXIT && !known;
        }
    }
    progress->last_ticks = cursor.ticks;
    return 0;
}

/* ---- A chunk -------------------------------------------------------------------------------------- */

static void law_check(struct verifier *verifier)
{
    const struct tf_chunk_head *head = &verifier->chunk.head;
    struct verify_thread *thread = &verifier->verify->threads[verifier->block->thread];
    thread->nr_chunks++;
    thread->nr_events += verifier->block->nr_events;
    thread->hook_calls = head->hook_calls;
    thread->recorded = head->recorded;
    thread->dropped_full = head->dropped_full;
    thread->torn = head->torn;
    if (head->hook_calls == head->recorded + head->dropped_full + head->torn)
        return;
    thread->law_holds = false;
    problem(verifier, "its counts break the law of conservation");
}

static void sequel_check(struct verifier *verifier, const struct progress *progress)
{
    const struct tf_chunk_head *head = &verifier->chunk.head, *before = &progress->head;
    if (progress->started && head->base_ticks < progress->last_ticks)
        problem(verifier, "its time goes back");
    if (progress->started && (head->hook_calls < before->hook_calls || head->recorded < before->recorded ||
                              head->dropped_full < before->dropped_full || head->torn < before->torn ||
                              head->stalled_ticks < before->stalled_ticks))
        problem(verifier, "its counts go back");
    if (progress->broken)
        return;
    if (head->number != progress->next_number)
        problem(verifier, "chunks of its thread are missing before it");
    else if (head->recorded - before->recorded != verifier->block->nr_events)
        problem(verifier, "its count of recorded events is wrong");
    else if (progress->started && !(head->flags & TF_CHUNK_GAP) &&
             !stack_follows(verifier->trace, progress, &verifier->chunk))
        problem(verifier, "its stack is not the one that the chunk before it left");
    if (before->flags & TF_CHUNK_LAST)
        problem(verifier, "it comes after the last chunk of its thread");
}

static int chunk_verify(struct verifier *verifier)
{
    struct progress *progress = &verifier->progress[verifier->block->thread];
    struct err why = {0};
    uint64_t nr_events = 0, nr_unknown = 0;
    if (chunk_load(verifier->trace, verifier->block, &verifier->chunk, &why) != 0) {
        if (why.code != ERR_INCOMPLETE)
            return err_set(verifier->err, why.code, "%s", why.text);
        trace_damaged(verifier->trace, verifier->block, why.text);
        progress->broken = true;
        return 0;
    }
    law_check(verifier);
    sequel_check(verifier, progress);
    memory_check(verifier, progress);
    if (stack_take(verifier, progress) != 0 || events_count(verifier, progress, &nr_events, &nr_unknown) != 0)
        return -1;
    if (verifier->block->nr_events < nr_events || verifier->block->nr_events > nr_events + nr_unknown)
        problem(verifier, "nr_events is not the number of its events");
    progress->started = true;
    progress->broken = false;
    progress->next_number = verifier->chunk.head.number + 1;
    progress->head = verifier->chunk.head;
    return 0;
}

static void end_check(struct verifier *verifier)
{
    const struct trace *trace = verifier->trace;
    if (trace->ending == TRACE_UNFINISHED || trace->end_nr_events == trace->header_events)
        return;
    verifier->verify->nr_problems++;
    trace_notice(verifier->trace, "END counts %llu events, and the blocks say %llu",
                 (unsigned long long)trace->end_nr_events, (unsigned long long)trace->header_events);
}

int verify_trace(struct verify *verify, struct trace *trace, struct err *err)
{
    struct verifier verifier = {.verify = verify, .trace = trace, .err = err};
    int result = -1;
    verify->threads = calloc((size_t)trace->nr_threads + 1, sizeof(*verify->threads));
    verify->nr_problems = 0;
    verifier.progress = calloc((size_t)trace->nr_threads + 1, sizeof(*verifier.progress));
    if (verify->threads == NULL || verifier.progress == NULL) {
        err_set(err, ERR_INPUT, "out of memory");
        goto out;
    }
    for (uint32_t i = 0; i < trace->nr_threads; i++)
        verify->threads[i].law_holds = true;
    for (uint32_t i = 0; i < trace->nr_chunks; i++) {
        verifier.block = &trace->chunks[i];
        if (chunk_verify(&verifier) != 0)
            goto out;
        if (verify->progress != NULL)
            verify->progress(verify->progress_context, verifier.block->offset, trace->file_bytes);
    }
    end_check(&verifier);
    result = 0;
out:
    for (uint32_t i = 0; i < trace->nr_threads && verifier.progress != NULL; i++)
        free(verifier.progress[i].frames);
    free(verifier.progress);
    chunk_release(&verifier.chunk);
    return result;
}

void verify_release(struct verify *verify)
{
    free(verify->threads);
    *verify = (struct verify){0};
}
