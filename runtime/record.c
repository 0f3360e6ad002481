#include "record.h"

#include "bytes.h"
#include "drain/memory.h"
#include "lazy.h"
#include "paths.h"
#include "sys.h"
#include "table.h"

#include <signal.h>

/* ---- The thread's block -------------------------------------------------------------------------------- */

/* What a symbol does to the number of open frames. */
static int64_t symbol_depth(uint64_t word)
{
    uint32_t symbol = (uint32_t)word & 0xffff;
    if (symbol == TF_SYM_EXIT || symbol == TF_SYM_UNWIND || symbol == SYMBOL_REGION_END)
        return -1;
    return symbol_is_enter(symbol) ? 1 : 0;
}

static int segment_reserve(struct tracert__thread *thread, uint32_t number);

static struct segment thread_segment(const struct tracert__thread *thread)
{
    return segment_at(thread->ring, thread->ring_bytes, thread->slot->nr_opened - 1);
}

static inline uint64_t state_next(uint64_t state, int64_t depth)
{
    return state + (uint64_t)depth * STATE_FRAME + 1;
}

/*
 * The thread's state, once it accounts for every word of the segment. It may be behind: a hook that was interrupted, or
 * left for good by a jump, has recorded its event and not counted it, or counts it only now, when a handler has gone on
 * from there. The frames lie where they belong: nobody writes to one but when entering it.
 */
static uint64_t state_settle(struct tracert__thread *thread)
{
    if (thread->end == 0)
        return thread->rest;
    struct segment segment = thread_segment(thread);
    for (;;) {
        uint64_t state = __atomic_load_n(&thread->state, __ATOMIC_ACQUIRE);
        uint32_t at = state_words(thread, state);
        if (at > thread->end) { /* it is of a segment that is closed: begin where this one did */
            ring_swap(&thread->state, state, segment.head->depth * STATE_FRAME | thread->first);
            continue;
        }
        if (at == thread->end)
            return state;
        uint64_t word = __atomic_load_n(&thread->words[at], __ATOMIC_ACQUIRE);
        if (!word_is_filled(word, thread->odd))
            return state;
        ring_swap(&thread->state, state, state_next(state, symbol_depth(word)));
    }
}

uint32_t record_depth(struct tracert__thread *thread)
{
    return state_depth(state_settle(thread));
}

/* The private memory: the table, the frame that ends searches, the frames. */
static struct frame *frames_map(uint32_t nr)
{
    struct frame *frames = memory_map((nr + 2u) * sizeof *frames);
    if (frames == NULL)
        return NULL;
    frames[0].sp = frames[1].sp = UINT64_MAX;
    return frames + 2;
}

int record_prepare(struct tracert__thread *thread, struct region *region, const char *region_path, uint32_t index)
{
    uint32_t ring_bytes = region_ring_bytes(region, index);
    uint32_t max_words = segment_at(NULL, ring_bytes, 0).max_words;
    if (thread->table == NULL)
        thread->table = memory_map(table_bytes(ring_bytes));
    if (thread->frames == NULL) {
        thread->nr_frames = 2 * max_words;
        thread->frames = frames_map(thread->nr_frames);
    }
    bool walks = region->memory == TF_MEMORY_FP;
    if (walks && thread->walks == NULL)
        thread->walks = memory_map(sizeof *thread->walks);
    if (thread->table == NULL || thread->frames == NULL || (walks && thread->walks == NULL))
        return -1;
    thread->state = thread->rest = 0;
    thread->limit = thread->heap_limit = thread->end = thread->nr_dict = thread->nr_words = 0;
    thread->fenced_limit = 0;
    thread->stack_bytes = 0;
    thread->frames[-1].sp = UINT64_MAX;
    thread->region = region;
    thread->region_path = region_path;
    thread->slot = &region->slots[index];
    thread->ring = region_ring(region, index);
    thread->ring_bytes = ring_bytes;
    thread->dropped = 0;
    lazy_prepare(thread);
    return segment_reserve(thread, thread->slot->nr_opened);
}

/*
 * Room for as many more frames as a segment has words: so hooks need not look. The old memory stays: a hook that a
 * signal handler has interrupted may still write there.
 */
int record_reserve_frames(struct tracert__thread *thread, uint32_t depth)
{
    uint32_t need = depth + segment_at(NULL, thread->ring_bytes, 0).max_words;
    uint32_t nr = thread->nr_frames;
    if (need <= nr)
        return 0;
    while (nr < need)
        nr *= 2;
    struct frame *frames = frames_map(nr);
    if (frames == NULL)
        return -1;
    bytes_copy(frames - 1, thread->frames - 1, (depth + 1u) * sizeof *frames);
    thread->frames = frames;
    thread->nr_frames = nr;
    return 0;
}

int record_inherit(struct tracert__thread *thread, const struct frame *frames, uint32_t depth)
{
    if (record_reserve_frames(thread, depth) != 0)
        return -1;
    if (thread->region->memory == TF_MEMORY_LAZY) {
        lazy_inherit(thread, frames, depth);
        return 0;
    }
    for (uint32_t i = 0; i < depth; i++) {
        thread->frames[i] = frames[i];
        thread->frames[i].sp |= FRAME_INHERITED;
    }
    thread->rest = depth * STATE_FRAME;
    return 0;
}

/* ---- Segments ---------------------------------------------------------------------------------------------- */

/* All signals blocked: a handler finds the ring before or after a turn, never in between. */
static uint64_t signals_block(void)
{
    uint64_t all = ~0ull;
    uint64_t old = 0;
    sys_sigprocmask(SIG_BLOCK, &all, &old);
    return old;
}

static void signals_restore(uint64_t old)
{
    sys_sigprocmask(SIG_SETMASK, &old, NULL);
}

static void segment_close(struct tracert__thread *thread)
{
    uint64_t state = state_settle(thread);
    if (thread->end == 0)
        return;
    struct segment segment = thread_segment(thread);
    uint32_t nr = state_words(thread, state);
    uint32_t nr_dict = __atomic_load_n(&segment.head->nr_dict, __ATOMIC_RELAXED);
    segment.head->nr = nr;
    segment.head->end_depth = state_depth(state);
    if (nr < segment.max_words) /* an interrupted hook must not find its word free */
        segment.words[nr] = (WORD_FILLED | SYMBOL_CLOSED) ^ segment.odd;
    thread->nr_dict = nr_dict < segment.max_dict ? nr_dict : segment.max_dict;
    thread->nr_words = nr * (segment.max_words / thread->end); /* that a whole one would have */
    thread->rest = state;
    thread->limit = thread->heap_limit = thread->end = 0;
    thread->fenced_limit = 0;
    __atomic_store_n(&thread->slot->nr_closed, thread->slot->nr_opened, __ATOMIC_SEQ_CST);
    region_ring_bell(thread->region);
}

/*
 * What the lap before has filled is not filled in this one. What it has not would seem to be. It is told the lap, so
 * that nobody who was interrupted some laps ago takes it for what was there then.
 */
static void segment_clear(const struct segment *segment)
{
    uint64_t empty = (uint64_t)segment->lap << WORD_TICKS_SHIFT | SYMBOL_CLOSED | segment->odd;
    if (segment->lap == 0)
        return;
    for (uint32_t i = segment->head->nr; i < segment->max_words; i++)
        segment->words[i] = empty;
}

/* All signals are blocked: a handler must not turn to another segment in between. */
static void let_run(struct tracert__thread *thread)
{
    uint32_t end = thread->region->clock == TF_CLOCK_MONOTONIC ? 0 : thread->end;
    uint32_t calls_end = region_records_calls(thread->region) ? end : 0;
    bool fenced = thread->end != 0 && thread_segment(thread).head->is_fenced;
    thread->limit = fenced ? 0 : calls_end;
    thread->fenced_limit = fenced ? (uint16_t)calls_end : 0;
    thread->heap_limit = end;
    if (thread->region->memory == TF_MEMORY_LAZY)
        thread->end_open = thread->frames + thread->nr_frames;
}

static void segment_begin(struct tracert__thread *thread, uint32_t number, uint64_t ticks)
{
    struct segment segment = segment_at(thread->ring, thread->ring_bytes, number);
    uint32_t depth = state_depth(thread->rest);
    uint32_t listed = depth < segment.max_stack ? depth : segment.max_stack;
    segment_clear(&segment);
    segment.head->base_ticks = ticks;
    segment.head->nr_dict = segment.head->nr_notes = 0;
    if (table_carry(thread, number, &segment))
        segment.head->nr_dict = thread->nr_dict;
    else
        table_clear(thread, number);
    segment.head->depth = depth;
    segment.head->is_fenced = segment_is_fenced(number, thread->region->fence);
    segment.head->nr_stack = listed;
    bytes_copy(segment.stack, thread->frames + (depth - listed), listed * sizeof *segment.stack);
    thread->words = segment.words;
    thread->odd = segment.odd;
    thread->ticks_high = (uint32_t)(ticks >> 32);
    thread->first = (number & 0x7fff) << STATE_LAP;
    thread->state = depth * STATE_FRAME | thread->first;
    thread->end = segment.head->is_fenced && thread->region->fence == CONFIG_FENCE_SOME
                      ? segment.max_words / FENCED_SHARE
                      : segment.max_words;
    __atomic_store_n(&thread->slot->nr_opened, number + 1, __ATOMIC_RELEASE);
    let_run(thread);
}

void record_let_run(struct tracert__thread *thread)
{
    uint64_t signals = signals_block();
    let_run(thread);
    signals_restore(signals);
}

/*
 * A segment's memory is reserved, and mapped in at once, when it is first used: page faults cost more, and most threads
 * do not need all.
 */
static int segment_reserve(struct tracert__thread *thread, uint32_t number)
{
    uint32_t bytes = segment_bytes(thread->ring_bytes);
    uint32_t index = number & (segments_of(thread->ring_bytes) - 1);
    uint64_t *word = &thread->reserved[index / 64];
    if (*word >> index % 64 & 1)
        return 0;
    int result = region_reserve(thread->region, thread->region_path, thread->ring + (size_t)index * bytes, bytes);
    if (result == 0)
        *word |= 1ull << index % 64;
    return result;
}

/* The next segment, if the drain has left one free. */
static enum record segment_open(struct tracert__thread *thread, uint64_t ticks)
{
    uint32_t number = thread->slot->nr_opened;
    uint32_t read = (uint32_t)(__atomic_load_n(&thread->slot->read_at, __ATOMIC_ACQUIRE) >> 32);
    if (number - read >= segments_of(thread->ring_bytes))
        return RECORD_FULL;
    if (segment_reserve(thread, number) != 0 || record_reserve_frames(thread, state_depth(thread->rest)) != 0)
        return RECORD_NO_MEMORY;
    segment_begin(thread, number, ticks);
    return RECORD_DONE;
}

/* Have a segment open that has room; `close`: not the one that is open. */
static enum record segment_turn(struct tracert__thread *thread, uint64_t ticks, bool close)
{
    uint64_t signals = signals_block();
    uint64_t state = state_settle(thread);
    enum record result = RECORD_DONE;
    if (close || state_words(thread, state) >= thread->end)
        segment_close(thread);
    if (thread->end == 0)
        result = segment_open(thread, ticks);
    signals_restore(signals);
    return result;
}

bool record_has_calls(const struct tracert__thread *thread)
{
    uint32_t nr = thread->end == 0 ? 0 : state_words(thread, __atomic_load_n(&thread->state, __ATOMIC_RELAXED));
    for (uint32_t i = 0; i < nr && i < thread->end; i++) {
        if (symbol_is_enter((uint32_t)thread->words[i] & 0xffff))
            return true;
    }
    return false;
}

void record_close(struct tracert__thread *thread)
{
    uint64_t signals = signals_block();
    segment_close(thread);
    signals_restore(signals);
}

/* ---- Symbols ------------------------------------------------------------------------------------------------ */

/* One attempt at one event. */
struct attempt {
    uint64_t state;
    uint32_t at, depth;
    uint32_t number; /* of the segment */
    struct segment segment;
};

/* Look at the thread as it is now, with room for `nr` words. */
static enum record attempt_begin(struct tracert__thread *thread, struct attempt *attempt, uint32_t nr, uint64_t ticks)
{
    for (;;) {
        attempt->state = state_settle(thread);
        attempt->at = state_words(thread, attempt->state);
        attempt->depth = state_depth(attempt->state);
        attempt->number = thread->slot->nr_opened - 1;
        bool room = attempt->at + nr <= thread->end;
        if (!room || ticks >> 32 > thread->ticks_high) {
            enum record result = segment_turn(thread, ticks, attempt->at < thread->end);
            if (result != RECORD_DONE)
                return result;
            continue;
        }
        attempt->segment = segment_at(thread->ring, thread->ring_bytes, attempt->number);
        if (__atomic_load_n(&thread->state, __ATOMIC_ACQUIRE) == attempt->state)
            return RECORD_DONE; /* all of it belongs together */
    }
}

/* Fill the word, unless a handler has come between since attempt_begin(). */
static bool attempt_fill(struct tracert__thread *thread, const struct attempt *attempt, uint64_t word)
{
    uint64_t *at = &attempt->segment.words[attempt->at];
    uint64_t old = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    if (word_is_filled(old, attempt->segment.odd) ||
        __atomic_load_n(&thread->state, __ATOMIC_ACQUIRE) != attempt->state ||
        !ring_swap(at, old, word ^ attempt->segment.odd))
        return false;
    ring_swap(&thread->state, attempt->state, state_next(attempt->state, symbol_depth(word)));
    return true;
}

/* Record the symbol, under the same condition. */
static bool attempt_put(struct tracert__thread *thread, const struct attempt *attempt, uint32_t symbol, uint64_t ticks)
{
    uint64_t base = attempt->segment.head->base_ticks;
    return attempt_fill(thread, attempt, (ticks > base ? ticks : base) << WORD_TICKS_SHIFT | WORD_FILLED | symbol);
}

/* The operand that comes next, under the same condition; the attempt goes on behind it. */
static bool attempt_put_operand(struct tracert__thread *thread, struct attempt *attempt, uint64_t operand)
{
    if (!attempt_fill(thread, attempt, operand << OPERAND_SHIFT | WORD_FILLED | SYMBOL_OPERAND))
        return false;
    attempt->state = state_next(attempt->state, 0);
    attempt->at++;
    return true;
}

/* A symbol that needs nothing else. */
static enum record put(struct tracert__thread *thread, uint32_t symbol, uint64_t ticks)
{
    struct attempt attempt;
    enum record result;
    do {
        result = attempt_begin(thread, &attempt, 1, ticks);
    } while (result == RECORD_DONE && !attempt_put(thread, &attempt, symbol, ticks));
    return result;
}

enum record record_unwind(struct tracert__thread *thread, uint32_t depth, uint64_t ticks)
{
    enum record result = RECORD_DONE;
    while (result == RECORD_DONE && record_depth(thread) > depth)
        result = put(thread, TF_SYM_UNWIND, ticks);
    return result;
}

/* Push a frame on top of the `depth` that the attempt has seen. False: the whole has to be looked at again. */
static bool push(struct tracert__thread *thread, const struct attempt *attempt, const struct frame *frame,
                 uint64_t ticks)
{
    uint32_t symbol = table_symbol(thread, attempt->number, &attempt->segment, frame);
    if (symbol == SYMBOL_NONE) {
        record_close(thread);
        return false;
    }
    thread->frames[attempt->depth] = *frame;
    return attempt_put(thread, attempt, symbol, ticks);
}

/*
 * How many of the open frames do not lie on the stack that runs: a signal handler on an alternate stack, which may be
 * above the interrupted one, leaves none of them. Asked only when there seems to be something to unwind.
 */
static uint32_t frames_elsewhere(const struct tracert__thread *thread, uint32_t depth)
{
    stack_t alternate = {.ss_flags = 0};
    if (sys_sigaltstack(&alternate) != 0 || (alternate.ss_flags & SS_ONSTACK) == 0)
        return 0;
    while (depth > 0 && frame_sp(&thread->frames[depth - 1]) - (uint64_t)alternate.ss_sp < alternate.ss_size)
        depth--;
    return depth;
}

uint32_t record_depth_at_enter(const struct tracert__thread *thread, uint32_t depth, const struct frame *frame,
                               uint64_t hook)
{
    uint32_t left = stack_depth_at_enter(thread->frames, depth, frame, hook);
    if (left == depth)
        return left;
    uint32_t elsewhere = frames_elsewhere(thread, depth);
    return elsewhere + stack_depth_at_enter(thread->frames + elsewhere, depth - elsewhere, frame, hook);
}

uint32_t record_depth_at_region(const struct tracert__thread *thread, uint32_t depth, uint64_t sp)
{
    uint32_t left = stack_depth_at_region(thread->frames, depth, sp);
    if (left == depth)
        return left;
    uint32_t elsewhere = frames_elsewhere(thread, depth);
    return elsewhere + stack_depth_at_region(thread->frames + elsewhere, depth - elsewhere, sp);
}

uint32_t record_find_exit(const struct tracert__thread *thread, uint32_t depth, uint64_t function, uint64_t sp,
                          bool tail)
{
    uint32_t elsewhere = tail ? frames_elsewhere(thread, depth) : 0;
    uint32_t found = stack_find_exit(thread->frames + elsewhere, depth - elsewhere, function, sp, tail);
    return found == STACK_NONE ? found : elsewhere + found;
}

/* ---- Events --------------------------------------------------------------------------------------------------- */

enum record record_enter(struct tracert__thread *thread, uint64_t function, uint64_t site, uint64_t sp, uint64_t hook,
                         uint64_t ticks)
{
    struct frame frame = {.function = function, .site = site, .sp = sp, .ticks = ticks};
    for (;;) {
        struct attempt attempt;
        enum record result = attempt_begin(thread, &attempt, 1, ticks);
        if (result != RECORD_DONE)
            return result;
        uint32_t depth = record_depth_at_enter(thread, attempt.depth, &frame, hook);
        if (depth != attempt.depth) {
            result = record_unwind(thread, depth, ticks);
            if (result != RECORD_DONE)
                return result;
            continue;
        }
        bool inlined = depth > 0 && stack_is_same_place(thread->frames, depth - 1, &frame);
        frame.sp = sp | (inlined ? FRAME_INLINED : 0);
        if (push(thread, &attempt, &frame, ticks))
            return RECORD_DONE;
    }
}

/* Close frame `found` as returned, and all above it as unwound. */
static enum record close_frame(struct tracert__thread *thread, uint32_t found, uint32_t symbol, uint64_t ticks)
{
    enum record result = record_unwind(thread, found + 1, ticks);
    return result == RECORD_DONE ? put(thread, symbol, ticks) : result;
}

enum record record_exit(struct tracert__thread *thread, uint64_t function, uint64_t sp, bool tail, uint64_t ticks)
{
    uint32_t found = record_find_exit(thread, record_depth(thread), function, sp, tail);
    if (found == STACK_NONE)
        return record_note(thread, NOTE_ORPHAN_EXIT, function, NULL, 0, ticks);
    return close_frame(thread, found, TF_SYM_EXIT, ticks);
}

enum record record_region_begin(struct tracert__thread *thread, uint32_t name, uint64_t sp, uint64_t ticks)
{
    for (;;) {
        struct attempt attempt;
        enum record result = record_unwind(thread, record_depth_at_region(thread, record_depth(thread), sp), ticks);
        if (result == RECORD_DONE)
            result = attempt_begin(thread, &attempt, 1, ticks);
        if (result != RECORD_DONE)
            return result;
        struct frame frame = {.function = name, .sp = sp | FRAME_REGION, .ticks = ticks};
        const struct frame *top = &thread->frames[attempt.depth] - 1;
        if (attempt.depth > 0 && frame_sp(top) == sp)
            frame.site = top->site & FRAME_SITE_MASK;
        if (push(thread, &attempt, &frame, ticks))
            return RECORD_DONE;
    }
}

enum record record_region_end(struct tracert__thread *thread, uint64_t sp, uint64_t ticks)
{
    uint32_t found = stack_find_region(thread->frames, record_depth(thread), sp);
    return found == STACK_NONE ? RECORD_DONE : close_frame(thread, found, SYMBOL_REGION_END, ticks);
}

/* Claim room for a note and write it. The first granule, or SYMBOL_NONE. */
static uint32_t note_write(const struct segment *segment, const struct segment_note *note, const void *data)
{
    uint32_t granules = ((uint32_t)sizeof *note + note->bytes + NOTE_GRANULE - 1) / NOTE_GRANULE;
    uint32_t first = __atomic_fetch_add(&segment->head->nr_notes, granules, __ATOMIC_RELAXED);
    if (first > segment->max_notes || segment->max_notes - first < granules)
        return SYMBOL_NONE;
    uint8_t *place = segment->notes + (size_t)first * NOTE_GRANULE;
    bytes_copy(place, note, sizeof *note);
    if (note->bytes > 0)
        bytes_copy(place + sizeof *note, data, note->bytes);
    return first;
}

enum record record_note(struct tracert__thread *thread, enum note_kind kind, uint64_t number, const void *data,
                        uint32_t bytes, uint64_t ticks)
{
    const struct segment_note note = {.kind = (uint16_t)kind, .bytes = (uint16_t)bytes, .number = number};
    for (;;) {
        struct attempt attempt;
        enum record result = attempt_begin(thread, &attempt, 1, ticks);
        if (result != RECORD_DONE)
            return result;
        uint32_t first = note_write(&attempt.segment, &note, data);
        if (first == SYMBOL_NONE)
            record_close(thread);
        else if (attempt_put(thread, &attempt, SYMBOL_NOTE_MAX - first, ticks))
            return RECORD_DONE;
    }
}

enum record record_memory(struct tracert__thread *thread, const struct memory_event *event, uint64_t ticks)
{
    if (thread->region->memory == TF_MEMORY_LAZY)
        lazy_leave_below(thread, event->sp);
    for (;;) {
        struct attempt attempt;
        bool put = true;
        enum record result =
            record_unwind(thread, record_depth_at_region(thread, record_depth(thread), event->sp), ticks);
        if (result == RECORD_DONE)
            result = attempt_begin(thread, &attempt, event->nr_operands + 1, ticks);
        if (result != RECORD_DONE)
            return result;
        uint32_t path = paths_of_event(thread, &attempt.segment, attempt.number, event);
        if (path == PATH_NO_ROOM) {
            record_close(thread);
            continue;
        }
        for (uint32_t i = 0; i < event->nr_operands && put; i++)
            put = attempt_put_operand(thread, &attempt, event->operands[i]);
        if (put && attempt_put(thread, &attempt, event->symbol | path << WORD_PATH_SHIFT, ticks))
            return RECORD_DONE;
    }
}
