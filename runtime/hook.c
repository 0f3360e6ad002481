/*
 * The hot path: the two functions that the compiler calls at every enter and exit.
 *
 * What holds here: no lock, no system call, no libc call, nothing that may allocate, block, cancel or touch errno; no
 * "busy" flag (a handler that jumps out of an interrupted hook would leave it set for ever). What usually happens is
 * recorded here: an enter, on top of the frames that are open, from a place that the open segment knows; an exit of the
 * innermost frame. Everything else takes the slow path, which begins anew.
 *
 * An enter reads the clock last and an exit reads it first, so that as little of the hook as possible lies in the
 * measured time.
 */
#include "ring.h"
#include "session.h"
#include "thread.h"

#define HOOK        __attribute__((visibility("default"), no_instrument_function))
#define INLINE      static inline __attribute__((always_inline))
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

HOOK void __cyg_profile_func_enter(void *function, void *call_site);
HOOK void __cyg_profile_func_exit(void *function, void *call_site);

/* What an event begins with. All that is looked at between this and event_put() belongs together, or that fails. */
struct before {
    uint64_t state;
    uint64_t *word;
    uint64_t old; /* what was in the word */
};

/* False: there is no room, or the slow path has something to do first. */
INLINE bool event_begin(struct tracert__thread *thread, struct before *before)
{
    before->state = __atomic_load_n(&thread->state, __ATOMIC_RELAXED);
    __asm__ volatile("" : : : "memory");
    before->word = &thread->words[before->state & STATE_WORDS];
    if (unlikely((before->state & STATE_WORDS) >= thread->limit))
        return false;
    ring_fetch(before->word);
    before->old = __atomic_load_n(before->word, __ATOMIC_RELAXED);
    return likely(((before->old ^ thread->parity) & WORD_PARITY) != 0);
}

/* Put the event into the segment; false when a signal handler has come between. */
INLINE bool event_put(struct tracert__thread *thread, const struct before *before, uint64_t next, uint64_t ticks,
                      uint64_t symbol)
{
    uint64_t since = ticks - thread->base_ticks;
    uint64_t word = since << WORD_TICKS_SHIFT | thread->parity | symbol;
    __asm__ volatile("" : : : "memory");
    if (!likely(since >> WORD_TICKS_BITS == 0 && __atomic_load_n(&thread->state, __ATOMIC_RELAXED) == before->state &&
                ring_swap(before->word, before->old, word)))
        return false;
    ring_swap(&thread->state, before->state, next);
    return true;
}

/* The line of the table for an enter, or one that does not match. */
INLINE uint64_t key_find(const struct tracert__thread *thread, uint64_t function, uint64_t site)
{
    const uint64_t *line = &thread->table[ring_hash(function, site, thread->shift)];
    uint64_t wanted = function | thread->key_parity;
    uint64_t key = *line;
    if (unlikely((key ^ wanted) << 16 != 0 || thread->dict[key >> 48].site != site))
        key = *ring_line_second(line);
    return likely((key ^ wanted) << 16 == 0 && thread->dict[key >> 48].site == site) ? key : 0;
}

INLINE bool enter_put(struct tracert__thread *thread, const struct before *before, uint64_t function, uint64_t site,
                      uint64_t sp, bool inlined)
{
    struct frame *frame = &thread->frames[before->state >> STATE_DEPTH];
    uint64_t key = key_find(thread, function, inlined ? site | ENTRY_INLINED : site);
    if (unlikely(key == 0))
        return false;
    frame->function = function;
    frame->site = site;
    frame->sp = inlined ? sp | FRAME_INLINED : sp;
    uint64_t ticks = clock_counter();
    frame->ticks = ticks;
    return event_put(thread, before, before->state + (1ull << STATE_DEPTH) + 1, ticks, key >> 48);
}

/* The innermost frame does not lie above the entered one: mostly because the function is inlined into it. */
static __attribute__((noinline)) void enter_at_same_place(struct tracert__thread *thread, uint64_t function,
                                                          uint64_t site, uint64_t sp)
{
    struct before before;
    const struct frame frame = {.function = function, .site = site, .sp = sp};
    if (likely(event_begin(thread, &before))) {
        uint32_t depth = (uint32_t)(before.state >> STATE_DEPTH);
        if (likely(stack_is_inlined(thread->frames, depth, &frame)) &&
            likely(enter_put(thread, &before, function, site, sp, true)))
            return;
    }
    tracert__enter(function, site, sp);
}

void __cyg_profile_func_enter(void *function, void *call_site)
{
    struct tracert__thread *thread = tracert__self;
    if (unlikely(thread == NULL) && tracert__session_is_off())
        return;
    uint64_t sp = FRAME_ADDRESS();
    uint64_t site = frame_site((uint64_t)call_site, (uint64_t)__builtin_return_address(0));
    struct before before;
    if (likely(thread != NULL) && likely(event_begin(thread, &before))) {
        if (unlikely((&thread->frames[before.state >> STATE_DEPTH])[-1].sp <= (sp | FRAME_FLAGS))) {
            enter_at_same_place(thread, (uint64_t)function, site, sp);
            return;
        }
        if (likely(enter_put(thread, &before, (uint64_t)function, site, sp, false)))
            return;
    }
    tracert__enter((uint64_t)function, site, sp);
}

void __cyg_profile_func_exit(void *function, void *call_site)
{
    struct tracert__thread *thread = tracert__self;
    if (unlikely(thread == NULL) && tracert__session_is_off())
        return;
    uint64_t ticks = clock_counter();
    uint64_t sp = FRAME_ADDRESS();
    /* A jump to this hook leaves the function's own return address on the stack. */
    bool tail = __builtin_return_address(0) == call_site;
    struct before before;
    if (likely(thread != NULL) && likely(event_begin(thread, &before))) {
        const struct frame *top = &thread->frames[before.state >> STATE_DEPTH] - 1;
        /* The innermost frame's own exit hook: below it when it is called, above it when it is jumped to. */
        if (likely(top->function == (uint64_t)function && (top->sp < sp) == tail && top[-1].sp >= sp) &&
            likely(event_put(thread, &before, before.state - (1ull << STATE_DEPTH) + 1, ticks, TF_SYM_EXIT)))
            return;
    }
    tracert__exit((uint64_t)function, sp, tail);
}
