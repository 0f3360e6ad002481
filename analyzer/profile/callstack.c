/*
 * The stack machine, twice: callstack_step() knows every case; callstack_run() (callrun.c) is the same for the common
 * one, and fast. decode.c has checked the chunk, so that neither looks at bounds.
 */
#include "profile/callstack.h"

#include <stdlib.h>
#include <string.h>

/* ---- Words: what the symbols mean ----------------------------------------------------------------- */

static int entry_word(struct replay *replay, uint32_t process, const struct chunk_entry *entry, uint64_t ticks,
                      uint32_t *word, struct err *err)
{
    uint32_t function;
    if (entry->region != NULL) {
        function = function_set_region(&replay->functions, entry->region, entry->region_bytes, err);
    } else {
        /* On a path it may be a place alone: that of the call which returns there. */
        uint64_t code = entry->fn != 0 || entry->site == 0 ? entry->fn : entry->site - 1;
        struct address at = address_map_find(&replay->map, process, code, ticks);
        struct address site = {.object = TRACE_NONE};
        if (replay->filter.by_site && entry->fn != 0)
            site = address_map_find(&replay->map, process, entry->site, ticks);
        function = function_set_call(&replay->functions, &at, &site, err);
    }
    *word = function << REPLAY_WORD_SHIFT | (entry->region != NULL ? (uint32_t)REPLAY_REGION : 0) |
            (entry->inlined ? (uint32_t)REPLAY_INLINED : 0);
    if (function == FUNCTION_NONE)
        return -1;
    if (histogram_set_reserve(&replay->durations, replay->functions.nr) != 0)
        return err_set(err, ERR_INPUT, "out of memory");
    return 0;
}

int callstack_words(struct replay *replay, const struct chunk *chunk, uint64_t ticks, struct replay_words *words,
                    struct err *err)
{
    if (words->capacity < chunk->head.nr_dict) {
        free(words->words);
        words->capacity = chunk->head.nr_dict + chunk->head.nr_dict / 2;
        words->words = calloc(words->capacity, sizeof(*words->words));
        if (words->words == NULL) {
            words->capacity = 0;
            return err_set(err, ERR_INPUT, "out of memory");
        }
    }
    for (uint32_t i = 0; i < chunk->head.nr_dict; i++) {
        if (entry_word(replay, chunk->head.process, &chunk->dict[i], ticks, &words->words[i], err) != 0)
            return -1;
    }
    words->until_ticks = address_map_next_change(&replay->map, chunk->head.process, ticks);
    return 0;
}

/* ---- Frames --------------------------------------------------------------------------------------- */

static int frames_reserve(struct replay_thread *thread, size_t nr, struct err *err)
{
    if (nr <= thread->capacity)
        return 0;
    size_t capacity = nr + nr / 2 + 16;
    struct replay_frame *frames = realloc(thread->frames, capacity * sizeof(*frames));
    if (frames == NULL)
        return err_set(err, ERR_INPUT, "out of memory: a stack of %zu frames", nr);
    if (thread->frames == NULL)
        frames[0] = (struct replay_frame){.node = CALLTREE_ROOT};
    thread->frames = frames;
    thread->capacity = capacity;
    return 0;
}

/* The loss counts of a node; NULL when there is no memory for them. */
static struct replay_losses *losses_of(struct replay *replay, uint32_t node)
{
    if (node >= replay->nr_losses) {
        size_t nr = replay->tree.nr_nodes + (size_t)replay->tree.nr_nodes / 2;
        struct replay_losses *losses = realloc(replay->losses, nr * sizeof(*losses));
        if (losses == NULL)
            return NULL;
        memset(losses + replay->nr_losses, 0, (nr - replay->nr_losses) * sizeof(*losses));
        replay->losses = losses;
        replay->nr_losses = nr;
    }
    return &replay->losses[node];
}

static void observe(struct replay *replay, uint32_t number, uint32_t depth, const struct replay_frame *frame,
                    uint32_t flags, uint64_t ticks, bool leave)
{
    const struct replay_observer *observer = replay->observer;
    if (observer == NULL || (leave ? observer->leave : observer->enter) == NULL || replay->stopped != 0)
        return;
    struct replay_call call = {.thread = number,
                               .function = replay->tree.nodes[frame->node].function,
                               .depth = depth,
                               .flags = flags & ~REPLAY_INTERNAL,
                               .start_ticks = frame->start_ticks,
                               .end_ticks = ticks};
    replay->stopped = leave ? observer->leave(observer->context, &call) : observer->enter(observer->context, &call);
}

/* Push a frame that is not counted yet. There is room for it. */
static int frame_push(struct replay *replay, struct replay_thread *thread, uint32_t word, uint64_t ticks,
                      uint32_t flags, struct err *err)
{
    uint32_t parent = thread->frames[thread->depth].node;
    uint32_t node = calltree_child(&replay->tree, parent, word >> REPLAY_WORD_SHIFT, err);
    if (node == UINT32_MAX)
        return -1;
    flags |= word & (REPLAY_REGION | REPLAY_INLINED);
    flags |= replay->tree.nodes[node].parent != parent ? REPLAY_FOLDED : 0;
    thread->frames[++thread->depth] =
        (struct replay_frame){.start_ticks = ticks, .node = node, .flags = flags | REPLAY_UNCOUNTED};
    if (thread->depth > thread->peak_depth)
        thread->peak_depth = thread->depth;
    return 0;
}

/* From here on the frame at `depth` counts. `leaf_ticks`: when it ends, if nothing happens before; else UINT64_MAX. */
static void frame_count(struct replay *replay, uint32_t number, uint32_t depth, uint64_t from_ticks,
                        uint64_t leaf_ticks)
{
    struct replay_thread *thread = &replay->threads[number];
    struct replay_frame *frame = &thread->frames[depth];
    struct calltree_node *node = &replay->tree.nodes[frame->node];
    if (!(frame->flags & REPLAY_UNCOUNTED))
        return;
    if (frame->start_ticks < from_ticks) {
        frame->start_ticks = from_ticks;
        frame->flags |= REPLAY_EARLIER;
    }
    if (!(frame->flags & REPLAY_INHERITED)) {
        node->calls++;
        node->inlined_calls += frame->flags & REPLAY_INLINED;
        thread->nr_calls += !(frame->flags & REPLAY_REGION);
    }
    frame->flags &= ~(uint32_t)(REPLAY_UNCOUNTED | REPLAY_INLINED);
    if (leaf_ticks != UINT64_MAX && leaf_ticks <= replay->to_ticks && replay->observer != NULL)
        frame->flags |= REPLAY_LEAF;
    observe(replay, number, depth - 1, frame, frame->flags, leaf_ticks, false);
}

static void time_take(struct calltree_node *node, uint64_t duration)
{
    node->inclusive -= duration;
    node->repeated += duration;
}

void callstack_unfold(struct calltree_node *nodes, uint32_t parent, uint32_t node, uint64_t duration)
{
    while (parent != node && parent != CALLTREE_ROOT) {
        time_take(&nodes[parent], duration);
        parent = nodes[parent].parent;
    }
    if (parent == node)
        time_take(&nodes[node], duration);
}

/* For the rhythms of who wants them. A call that was cut off has no duration. */
static void rhythm_take(struct replay *replay, uint32_t number, uint32_t function, const struct replay_frame *frame,
                        uint64_t duration)
{
    struct rhythm *table = replay->rhythms == NULL || (frame->flags & REPLAY_EARLIER) != 0
                               ? NULL
                               : rhythms_table(replay->rhythms, number, replay->functions.nr);
    if (table != NULL)
        rhythm_count(replay->rhythms, table, number, function, frame->start_ticks, duration);
}

/* Close the innermost frame at `ticks`; `how` is 0 (it returned), REPLAY_UNWOUND or REPLAY_OPEN. */
static void frame_pop(struct replay *replay, uint32_t number, uint64_t ticks, uint32_t how)
{
    struct replay_thread *thread = &replay->threads[number];
    const struct replay_frame *frame = &thread->frames[thread->depth--];
    if (frame->flags & REPLAY_UNCOUNTED)
        return;
    struct calltree_node *node = &replay->tree.nodes[frame->node];
    uint64_t duration = ticks - frame->start_ticks;
    node->inclusive += duration;
    if (frame->flags & REPLAY_LATE) {
        node->calls++;
        node->inlined_calls += frame->flags & REPLAY_INLINED;
    }
    if (frame->flags & REPLAY_INHERITED) {
        node->inherited += duration;
    } else {
        node->min = duration < node->min ? duration : node->min;
        node->max = duration > node->max ? duration : node->max;
        histogram_set_add(&replay->durations, node->function, duration, 1);
        if (how != REPLAY_OPEN)
            rhythm_take(replay, number, node->function, frame, duration);
    }
    if (frame->flags & REPLAY_FOLDED)
        callstack_unfold(replay->tree.nodes, thread->frames[thread->depth].node, frame->node, duration);
    bool inherited = (frame->flags & REPLAY_INHERITED) != 0;
    if (!(frame->flags & REPLAY_REGION)) {
        thread->nr_exits += how == 0 && !inherited;
        thread->inherited_exits += how == 0 && inherited;
        thread->unwound_frames += how == REPLAY_UNWOUND && !inherited;
        thread->open_frames += how == REPLAY_OPEN && !inherited;
    }
    bool counts = !(frame->flags & (REPLAY_REGION | REPLAY_INHERITED));
    struct replay_losses *losses = how != 0 && counts ? losses_of(replay, frame->node) : NULL;
    if (losses != NULL && how == REPLAY_OPEN)
        losses->open++;
    else if (losses != NULL)
        losses->unwound++;
    observe(replay, number, thread->depth, frame, frame->flags | how, ticks, true);
}

/* ---- Gaps: the stack as a chunk gives it ---------------------------------------------------------- */

/* From when a frame of STACK counts: nothing counts before the trace began, and nothing twice in parent and child. */
static uint64_t stack_start(const struct replay *replay, const struct replay_thread *thread,
                            const struct chunk_frame *frame)
{
    uint64_t ticks = frame->enter_ticks;
    if (frame->inherited && ticks < thread->base_ticks)
        ticks = thread->base_ticks;
    return ticks < replay->trace->clock.origin_ticks ? replay->trace->clock.origin_ticks : ticks;
}

static bool frame_is(const struct replay *replay, const struct replay_frame *frame, uint32_t word, uint64_t start_ticks,
                     bool inherited)
{
    return frame->start_ticks == start_ticks && replay->tree.nodes[frame->node].function == word >> REPLAY_WORD_SHIFT &&
           inherited == ((frame->flags & REPLAY_INHERITED) != 0);
}

/*
 * Make the thread's stack that of the chunk. The frames both have in common stay; what else was open is closed where
 * the thread was last seen.
 */
static int stack_resync(struct replay *replay, uint32_t number, const struct chunk *chunk, struct err *err)
{
    struct replay_thread *thread = &replay->threads[number];
    uint32_t unlisted = chunk->head.depth - chunk->head.nr_stack;
    uint32_t kept = unlisted - thread->hidden, i = 0;
    if (unlisted < thread->hidden || kept > thread->depth) {
        while (thread->depth > 0)
            frame_pop(replay, number, thread->last_ticks, REPLAY_UNWOUND);
        thread->hidden = unlisted;
        kept = 0;
    }
    if (frames_reserve(thread, (size_t)kept + chunk->head.nr_stack + 1, err) != 0)
        return -1;
    for (bool same = true; i < chunk->head.nr_stack; i++) {
        const struct chunk_frame *frame = &chunk->stack[i];
        uint64_t start_ticks = stack_start(replay, thread, frame);
        uint32_t word;
        if (entry_word(replay, chunk->head.process, &frame->entry, frame->enter_ticks, &word, err) != 0)
            return -1;
        same = same && kept + i < thread->depth &&
               frame_is(replay, &thread->frames[kept + i + 1], word, start_ticks, frame->inherited);
        if (same)
            continue;
        while (thread->depth > kept + i)
            frame_pop(replay, number, thread->last_ticks, REPLAY_UNWOUND);
        if (frame_push(replay, thread, word, start_ticks, frame->inherited ? REPLAY_INHERITED : REPLAY_EARLIER, err) !=
            0)
            return -1;
    }
    while (thread->depth > kept + i)
        frame_pop(replay, number, thread->last_ticks, REPLAY_UNWOUND);
    return 0;
}

/* The frames that a gap has brought were entered in what is lost. */
static void stack_count(struct replay *replay, uint32_t number, uint64_t from_ticks, bool lost)
{
    struct replay_thread *thread = &replay->threads[number];
    uint64_t nr_calls = thread->nr_calls;
    for (uint32_t depth = 1; depth <= thread->depth; depth++)
        frame_count(replay, number, depth, from_ticks, UINT64_MAX);
    if (lost)
        thread->recovered += thread->nr_calls - nr_calls;
}

/* ---- Chunks --------------------------------------------------------------------------------------- */

/* Take over what the head says of the thread so far. */
static void counts_take(struct replay_thread *thread, const struct trace_chunk *block, const struct tf_chunk_head *head)
{
    uint64_t before = thread->seen_recorded + block->nr_events;
    if (!thread->skipped && head->recorded > before)
        thread->lost_events += head->recorded - before;
    thread->pending_events = 0;
    thread->seen_recorded = head->recorded;
    thread->hook_calls = head->hook_calls;
    thread->recorded = head->recorded;
    thread->dropped_full = head->dropped_full;
    thread->torn = head->torn;
    thread->loaded_events += block->nr_events;
}

int callstack_begin(struct replay *replay, uint32_t number, const struct trace_chunk *block, const struct chunk *chunk,
                    struct replay_words *words, struct err *err)
{
    struct replay_thread *thread = &replay->threads[number];
    const struct tf_chunk_head *head = &chunk->head;
    if (thread->started && head->base_ticks < thread->last_ticks)
        return err_set(err, ERR_INCOMPLETE, "its time goes back");
    if (thread->started && head->number < thread->next_number)
        return err_set(err, ERR_INCOMPLETE, "its thread has a later chunk before it");
    if (frames_reserve(thread, 1, err) != 0 || callstack_words(replay, chunk, block->first_ticks, words, err) != 0)
        return -1;
    bool follows = thread->started && head->number == thread->next_number && !(head->flags & TF_CHUNK_GAP) &&
                   (uint64_t)thread->hidden + thread->depth == head->depth;
    if (!thread->started) {
        uint64_t start = replay->trace->threads[number].start_ticks;
        thread->base_ticks = head->number == 0 || start == 0 || start > head->base_ticks ? head->base_ticks : start;
        thread->last_ticks = head->base_ticks;
        thread->first_ticks = block->first_ticks > head->base_ticks ? block->first_ticks : head->base_ticks;
    }
    if (!follows && stack_resync(replay, number, chunk, err) != 0)
        return -1;
    /* The window has ended before the chunk begins: what it lists counts if it was entered in time. */
    while (thread->depth > 0 && thread->frames[thread->depth].start_ticks > replay->to_ticks)
        frame_pop(replay, number, replay->to_ticks, 0);
    bool lost = !thread->skipped && head->number > (thread->started ? thread->next_number : 0);
    counts_take(thread, block, head);
    if (!thread->entered && head->base_ticks >= replay->from_ticks)
        thread->entered = true;
    thread->seen = thread->started = true;
    thread->skipped = false;
    thread->process = head->process;
    thread->next_number = head->number + 1;
    thread->last_ticks = head->base_ticks;
    if (thread->entered)
        stack_count(replay, number, replay->from_ticks, lost);
    uint32_t more = chunk->peak_depth - head->depth;
    if (thread->depth + more > thread->peak_depth && thread->entered && chunk->last_ticks <= replay->to_ticks)
        thread->peak_depth = thread->depth + more;
    return frames_reserve(thread, (size_t)thread->depth + more + 1, err);
}

void callstack_finish(struct replay *replay, uint32_t number, uint64_t end_ticks)
{
    struct replay_thread *thread = &replay->threads[number];
    while (thread->depth > 0)
        frame_pop(replay, number, end_ticks, REPLAY_OPEN);
    thread->lost_events += thread->pending_events;
    thread->pending_events = 0;
    thread->finished = true;
    free(thread->frames);
    thread->frames = NULL;
    thread->capacity = 0;
    free(thread->words.words);
    thread->words = (struct replay_words){0};
}

/* ---- One symbol ----------------------------------------------------------------------------------- */

void callstack_ext(struct replay *replay, uint32_t number, uint64_t ticks, const struct chunk_ext *ext)
{
    struct replay_thread *thread = &replay->threads[number];
    if (!thread->entered)
        return;
    if (ext->kind == TF_EXT_STALL) {
        thread->stalled_ticks += ext->number;
        if (replay->rhythms != NULL)
            rhythm_stall(replay->rhythms, number, ticks, ext->number);
        if (thread->depth > 0)
            replay->tree.nodes[thread->frames[thread->depth].node].stalled += ext->number;
    } else if (ext->kind == TF_EXT_ORPHAN_EXIT) {
        thread->orphan_exits++;
    } else if (ext->kind == TF_EXT_THREAD_NAME) {
        trace_thread_name(replay->trace, number, ext->text, ext->text_bytes);
    }
    if (replay->observer != NULL && replay->observer->note != NULL && replay->stopped == 0)
        replay->stopped = replay->observer->note(replay->observer->context, number, ticks, ext);
}

/* A frame that has no name is one that only earlier chunks name. */
void callstack_leave(struct replay *replay, uint32_t number, uint32_t symbol, uint64_t ticks)
{
    struct replay_thread *thread = &replay->threads[number];
    if (thread->depth > 0) {
        frame_pop(replay, number, ticks, symbol == TF_SYM_UNWIND ? REPLAY_UNWOUND : 0);
    } else if (thread->hidden > 0) {
        thread->hidden--;
        thread->orphan_exits += symbol == TF_SYM_EXIT && thread->entered;
    }
}

void callstack_enter_window(struct replay *replay, uint32_t number)
{
    struct replay_thread *thread = &replay->threads[number];
    thread->entered = true;
    thread->first_ticks = replay->from_ticks;
    if (thread->last_ticks < replay->from_ticks)
        thread->last_ticks = replay->from_ticks;
    stack_count(replay, number, replay->from_ticks, false);
}

int callstack_step(struct replay *replay, uint32_t number, const struct chunk *chunk, uint32_t symbol, uint64_t ticks,
                   const struct chunk_ext *ext, struct replay_words *words, struct err *err)
{
    struct replay_thread *thread = &replay->threads[number];
    if (!thread->entered && ticks >= replay->from_ticks)
        callstack_enter_window(replay, number);
    if (ticks > replay->to_ticks)
        return 1;
    if (ticks >= words->until_ticks && callstack_words(replay, chunk, ticks, words, err) != 0)
        return -1;
    thread->last_ticks = ticks;
    if (symbol >= TF_SYM_ENTER) {
        if (frame_push(replay, thread, words->words[symbol - TF_SYM_ENTER], ticks, 0, err) != 0)
            return -1;
        if (thread->entered)
            frame_count(replay, number, thread->depth, 0, replay->leaf_ticks);
    } else if (symbol == TF_SYM_EXT) {
        callstack_ext(replay, number, ticks, ext);
    } else if (symbol < TF_SYM_EXT) {
        callstack_leave(replay, number, symbol, ticks);
    }
    return 0;
}
