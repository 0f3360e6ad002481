#include "profile/callrun.h"

#include "profile/callstack.h"

#define SYMBOLS_MAX (1u << 31) /* until a counter of 32 bits is added to the tree */

/* ---- The cache ------------------------------------------------------------------------------------ */

void callrun_reset(struct callrun *run)
{
    *run = (struct callrun){.nr_symbols_left = SYMBOLS_MAX};
    for (uint32_t i = 0; i < CALLRUN_SLOTS; i++)
        run->slots[i].parent = UINT32_MAX;
}

static void slot_flush(struct replay *replay, struct callrun_slot *slot)
{
    struct calltree_node *node = &replay->tree.nodes[slot->child];
    for (uint32_t i = 0; i < CALLRUN_UNITS; i++) {
        uint64_t nr = slot->leaves[i], duration = (uint64_t)i * replay->run->unit_ticks;
        if (nr == 0)
            continue;
        node->calls += nr;
        node->inlined_calls += slot->word & REPLAY_INLINED ? nr : 0;
        node->inclusive += nr * duration;
        node->min = duration < node->min ? duration : node->min;
        node->max = duration > node->max ? duration : node->max;
        histogram_set_add(&replay->durations, node->function, duration, nr);
        slot->leaves[i] = 0;
    }
}

void callrun_flush(struct replay *replay)
{
    for (uint32_t i = 0; i < CALLRUN_SLOTS; i++) {
        if (replay->run->slots[i].parent != UINT32_MAX)
            slot_flush(replay, &replay->run->slots[i]);
    }
    replay->run->nr_symbols_left = SYMBOLS_MAX;
}

static inline struct callrun_slot *slot_of(struct callrun *run, uint32_t parent, uint32_t word)
{
    uint32_t hash = (parent * 0x9E3779B1u) ^ (word * 0x85EBCA6Bu);
    return &run->slots[(hash >> 16) % CALLRUN_SLOTS];
}

/* The slot takes a call that it does not have. 0, or -1 when memory ran out. */
static int slot_fill(struct replay *replay, struct callrun_slot *slot, uint32_t parent, uint32_t word, struct err *err)
{
    uint32_t child = calltree_child(&replay->tree, parent, word >> REPLAY_WORD_SHIFT, err);
    if (child == UINT32_MAX)
        return -1;
    if (slot->parent != UINT32_MAX)
        slot_flush(replay, slot);
    bool folded = replay->tree.nodes[child].parent != parent;
    *slot = (struct callrun_slot){.parent = parent, .word = word, .child = child};
    slot->flags = (uint32_t)REPLAY_LATE | (folded ? REPLAY_FOLDED : 0) | (word & (REPLAY_REGION | REPLAY_INLINED));
    return 0;
}

/* ---- The loop ------------------------------------------------------------------------------------- */

/* What the loop has no place for. */
static void symbol_rare(struct replay *replay, uint32_t number, const struct chunk *chunk, struct chunk_cursor *cursor,
                        uint32_t symbol)
{
    struct chunk_ext ext;
    if (symbol < TF_SYM_EXT)
        callstack_leave(replay, number, symbol, cursor->ticks);
    if (symbol != TF_SYM_EXT)
        return;
    chunk_next_ext(chunk, cursor, &ext);
    callstack_ext(replay, number, cursor->ticks, &ext);
}

/* Who looks at a thread's calls over time. */
struct watch {
    struct rhythms *rhythms;
    struct rhythm *table; /* NULL: nobody */
    uint32_t thread;
};

static inline void watch_call(const struct watch *watch, uint32_t function, uint64_t start_ticks, uint64_t duration)
{
    if (watch->table != NULL)
        rhythm_count(watch->rhythms, watch->table, watch->thread, function, start_ticks, duration);
}

static inline void call_end(struct replay *replay, struct calltree_node *nodes, const struct replay_frame *frame,
                            uint64_t ticks, const struct watch *watch)
{
    struct calltree_node *node = &nodes[frame->node];
    uint64_t duration = ticks - frame->start_ticks;
    node->calls++;
    node->inlined_calls += frame->flags & REPLAY_INLINED;
    node->inclusive += duration;
    node->min = duration < node->min ? duration : node->min;
    node->max = duration > node->max ? duration : node->max;
    histogram_set_add(&replay->durations, node->function, duration, 1);
    watch_call(watch, node->function, frame->start_ticks, duration);
    if (frame->flags & REPLAY_FOLDED)
        callstack_unfold(nodes, frame[-1].node, frame->node, duration);
}

/* The slot of a call; NULL when memory ran out. */
static inline struct callrun_slot *slot_find(struct replay *replay, uint32_t parent, uint32_t word, struct err *err)
{
    struct callrun_slot *slot = slot_of(replay->run, parent, word);
    if (__builtin_expect(slot->parent != parent || slot->word != word, 0) &&
        slot_fill(replay, slot, parent, word, err) != 0)
        return NULL;
    return slot;
}

static inline uint32_t word_of(const struct replay *replay, const struct replay_frame *frame)
{
    return replay->tree.nodes[frame->node].function << REPLAY_WORD_SHIFT;
}

/* Tell an observer of a call, if it wants to know. */
static inline void call_tell(struct replay *replay, replay_teller *tell, uint32_t number, ptrdiff_t depth,
                             uint32_t word, const struct replay_frame *frame, uint64_t end_ticks)
{
    const struct replay_call call = {.thread = number,
                                     .function = word >> REPLAY_WORD_SHIFT,
                                     .depth = (uint32_t)depth,
                                     .flags = frame->flags & ~REPLAY_INTERNAL,
                                     .start_ticks = frame->start_ticks,
                                     .end_ticks = end_ticks};
    if (tell != NULL && replay->stopped == 0)
        replay->stopped = tell(replay->observer->context, &call);
}

/* True when the symbol at `next`, before `end`, lets a call of the slot return so soon that it is only counted. */
static inline bool call_is_counted(const uint8_t *symbols, const uint8_t *deltas, uint32_t next, uint32_t end,
                                   const struct callrun_slot *slot)
{
    return next < end && tf_load16(symbols + 2 * (size_t)next) == TF_SYM_EXIT && deltas[next] < CALLRUN_UNITS &&
           !(slot->flags & (REPLAY_FOLDED | REPLAY_REGION));
}

/*
 * The symbols up to `end`. What chunk_next() does is spelled out, with variables of its own: a cursor whose address is
 * taken lies in memory, and every event would wait for the one before to be stored. Twice, with and without an
 * observer: one that may be there costs as much as one that is.
 */
static inline __attribute__((always_inline)) int symbols_run(struct replay *replay, uint32_t number,
                                                             const struct chunk *chunk, struct chunk_cursor *cursor,
                                                             const uint32_t end, const uint32_t *words,
                                                             const bool is_observed, struct err *err)
{
    struct replay_thread *thread = &replay->threads[number];
    struct replay_frame *top = thread->frames + thread->depth;
    const uint8_t *const symbols = chunk->symbols, *const deltas = chunk->deltas;
    const uint64_t unit = chunk->head.tick_unit;
    const struct watch watch = {
        replay->rhythms, replay->rhythms != NULL ? rhythms_table(replay->rhythms, number, replay->functions.nr) : NULL,
        number};
    replay_teller *const enter = is_observed ? replay->observer->enter : NULL;
    replay_teller *const leave = is_observed ? replay->observer->leave : NULL;
    uint64_t ticks = cursor->ticks, nr_calls = 0, nr_exits = 0;
    uint32_t index = cursor->index;
    while (index < end) {
        uint32_t symbol = tf_load16(symbols + 2 * (size_t)index), delta = deltas[index++];
        if (__builtin_expect(delta == TF_DELTA_WIDE, 0))
            ticks += chunk_next_wide(chunk, cursor);
        else
            ticks += delta * unit;
        if (symbol >= TF_SYM_ENTER) {
            struct callrun_slot *slot = slot_find(replay, top->node, words[symbol - TF_SYM_ENTER], err);
            if (slot == NULL)
                return -1;
            nr_calls += !(slot->flags & REPLAY_REGION);
            if (call_is_counted(symbols, deltas, index, end, slot)) {
                const struct replay_frame leaf = {.start_ticks = ticks, .flags = slot->flags};
                slot->leaves[deltas[index]]++;
                watch_call(&watch, slot->word >> REPLAY_WORD_SHIFT, ticks, deltas[index] * unit);
                ticks += deltas[index++] * unit;
                nr_exits++;
                call_tell(replay, enter, number, top - thread->frames, slot->word, &leaf, UINT64_MAX);
                call_tell(replay, leave, number, top - thread->frames, slot->word, &leaf, ticks);
            } else {
                *++top = (struct replay_frame){.start_ticks = ticks, .node = slot->child, .flags = slot->flags};
                call_tell(replay, enter, number, top - 1 - thread->frames, slot->word, top, UINT64_MAX);
            }
        } else if (symbol == TF_SYM_EXIT &&
                   __builtin_expect((top->flags & (REPLAY_LATE | REPLAY_REGION)) == REPLAY_LATE, 1)) {
            call_end(replay, replay->tree.nodes, top, ticks, &watch);
            nr_exits++;
            call_tell(replay, leave, number, top - 1 - thread->frames, word_of(replay, top), top, ticks);
            top--;
        } else {
            thread->depth = (uint32_t)(top - thread->frames);
            cursor->ticks = ticks;
            symbol_rare(replay, number, chunk, cursor, symbol);
            top = thread->frames + thread->depth;
        }
    }
    thread->depth = (uint32_t)(top - thread->frames);
    thread->nr_calls += nr_calls;
    thread->nr_exits += nr_exits;
    thread->last_ticks = cursor->ticks = ticks;
    cursor->index = end;
    return 0;
}

/* The index of the first symbol at or after `ticks`. */
static uint32_t symbol_at(const struct chunk *chunk, struct chunk_cursor cursor, uint64_t ticks)
{
    while (cursor.index < chunk->head.nr_symbols) {
        chunk_next(chunk, &cursor);
        if (cursor.ticks >= ticks)
            return cursor.index - 1;
    }
    return chunk->head.nr_symbols;
}

int callrun_chunk(struct replay *replay, uint32_t number, const struct chunk *chunk, struct replay_words *words,
                  struct err *err)
{
    struct callrun *run = replay->run;
    struct chunk_cursor cursor;
    if (run->unit_ticks != chunk->head.tick_unit || run->nr_symbols_left < chunk->head.nr_symbols)
        callrun_flush(replay);
    run->unit_ticks = chunk->head.tick_unit;
    run->nr_symbols_left -= chunk->head.nr_symbols;
    chunk_begin(chunk, &cursor);
    for (;;) {
        uint32_t end = chunk->head.nr_symbols;
        uint64_t change = words->until_ticks;
        if (change <= chunk->last_ticks)
            end = symbol_at(chunk, cursor, change);
        int result = replay->observer != NULL
                         ? symbols_run(replay, number, chunk, &cursor, end, words->words, true, err)
                         : symbols_run(replay, number, chunk, &cursor, end, words->words, false, err);
        if (result != 0)
            return -1;
        if (end == chunk->head.nr_symbols)
            return 0;
        if (callstack_words(replay, chunk, change, words, err) != 0)
            return -1;
    }
}
