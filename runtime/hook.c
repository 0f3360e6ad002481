/*
 * The hot path: the two functions that the compiler calls at every enter and exit.
 *
 * What holds here: no lock, no system call, no libc call, nothing that may allocate, block, cancel or touch errno; no
 * "busy" flag (a handler that jumps out of an interrupted hook would leave it set for ever). What usually happens is
 * recorded here: an enter, on top of the frames that are open, from a place that the open segment knows; an exit of the
 * innermost frame. Everything else takes the slow path, which begins anew.
 *
 * An enter reads the clock last and an exit reads it first, so that as little of the hook as possible lies in the
 * measured time. In a fenced segment (segment.h) the fast path finds no room, and what does its work there reads the
 * clock behind a fence.
 */
#include "lazy.h"
#include "ring.h"
#include "session.h"
#include "thread.h"

#include <string.h>

#define HOOK        __attribute__((visibility("default"), no_instrument_function, aligned(64)))
#define INLINE      static inline __attribute__((always_inline))
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Asked for where it is needed: in a register all the while it takes one from the fast path. */
#define HOOK_RETURN() ((uint64_t)__builtin_return_address(0))

HOOK void __cyg_profile_func_enter(void *function, void *call_site);
HOOK void __cyg_profile_func_exit(void *function, void *call_site);

/* What an event begins with. All that is looked at between this and event_put() belongs together, or that fails. */
struct before {
    uint64_t state;
    uint64_t *word;
};

/* False: there is no room, for what reads the clock behind a fence or for what does not. */
INLINE bool event_begin(struct tracert__thread *thread, struct before *before, bool fenced)
{
    before->state = __atomic_load_n(&thread->state, __ATOMIC_RELAXED);
    __asm__ volatile("" : : : "memory");
    uint32_t at = state_words(thread, before->state);
    if (unlikely(at >= (fenced ? thread->fenced_limit : thread->limit)))
        return false;
    before->word = &thread->words[at];
    ring_fetch(before->word);
    return true;
}

/* What the event will take the place of. False: an event is there, of a hook that this one has interrupted before it
 * counted. */
INLINE bool event_look(const struct tracert__thread *thread, const struct before *before, uint64_t *old)
{
    *old = __atomic_load_n(before->word, __ATOMIC_RELAXED);
    return !word_is_filled(*old, thread->odd);
}

/* Put the event into the segment, instead of `old`. False: a signal handler has come between, or the slow path has
 * something to do first. */
INLINE bool event_put(struct tracert__thread *thread, const struct before *before, uint64_t old, uint64_t next,
                      struct ticks ticks, uint64_t filled)
{
    uint64_t word = ((uint64_t)ticks.low << WORD_TICKS_SHIFT | filled) ^ thread->odd;
    __asm__ volatile("" : "+r"(word) : : "memory"); /* the state says that all of it was the segment's */
    if (!likely(ticks.high == thread->ticks_high &&
                __atomic_load_n(&thread->state, __ATOMIC_RELAXED) == before->state &&
                ring_swap(before->word, old, word)))
        return false;
    __atomic_store_n(&thread->state, next, __ATOMIC_RELAXED);
    return true;
}

/* The symbol of an enter with WORD_FILLED, or 0. `lines`: how many of the lines that may have it are looked at. */
INLINE uint64_t symbol_find(const struct tracert__thread *thread, uint64_t function, uint64_t site, uint32_t lines)
{
    for (uint32_t i = 0; i < lines; i++) {
        const struct ring_line *line = ring_line(thread, function, site, i);
        uint64_t symbol = ring_line_symbol(line, function, site);
        if (likely(symbol != 0))
            return symbol;
    }
    return 0;
}

INLINE bool enter_put(struct tracert__thread *thread, const struct before *before, const struct frame *entered,
                      uint32_t lines, bool fenced)
{
    struct frame *frame = state_frame(thread, before->state);
    bool inlined = (entered->sp & FRAME_INLINED) != 0;
    uint64_t site = entered->site | (inlined ? ENTRY_INLINED : 0);
    uint64_t symbol = symbol_find(thread, entered->function, site, lines);
    uint64_t old;
    if (unlikely(symbol == 0 || !event_look(thread, before, &old))) /* the frame would be that event's */
        return false;
    frame->function = entered->function;
    frame->site = entered->site;
    frame->sp = entered->sp;
    struct ticks ticks = fenced ? clock_halves_fenced() : clock_halves();
    memcpy(&frame->ticks, &ticks.low, sizeof ticks.low); /* not put together first: that is three instructions more */
    memcpy((uint8_t *)&frame->ticks + sizeof ticks.low, &ticks.high, sizeof ticks.high);
    return event_put(thread, before, old, before->state + STATE_FRAME + 1, ticks, symbol);
}

/* The innermost frame lies below the entered one, or at the same place: mostly the function is inlined into it. */
INLINE bool enter_is_odd(const struct tracert__thread *thread, const struct before *before, uint64_t sp)
{
    return state_frame(thread, before->state)[-1].sp <= (sp | FRAME_FLAGS);
}

INLINE bool enter_try(struct tracert__thread *thread, uint64_t function, uint64_t site, uint64_t sp, uint64_t hook,
                      bool fenced)
{
    struct frame entered = {.function = function, .site = site, .sp = sp};
    struct before before;
    if (unlikely(!event_begin(thread, &before, fenced)))
        return false;
    bool odd = enter_is_odd(thread, &before, sp);
    if (odd && unlikely(!frame_takes_inlined(state_frame(thread, before.state) - 1, &entered, hook)) &&
        !stack_is_inlined(thread->frames, state_depth(before.state), &entered, hook))
        return false;
    entered.sp |= odd ? FRAME_INLINED : 0;
    return enter_put(thread, &before, &entered, 2 * RING_GROUP, fenced);
}

/* What is not rare enough for the slow path: inlined functions, and those whose first line another one has. */
static __attribute__((noinline)) void enter_again(struct tracert__thread *thread, uint64_t function, uint64_t site,
                                                  uint64_t sp, uint64_t hook)
{
    if (unlikely(!enter_try(thread, function, site, sp, hook, false)))
        tracert__enter(function, site, sp, hook);
}

/* Where the fast path has no room there may be some behind a fence. */
static __attribute__((noinline)) void enter_fenced(struct tracert__thread *thread, uint64_t function, uint64_t site,
                                                   uint64_t sp, uint64_t hook)
{
    if (unlikely(!enter_try(thread, function, site, sp, hook, true)))
        tracert__enter(function, site, sp, hook);
}

/* The exit of the innermost frame; else false. */
INLINE bool exit_try(struct tracert__thread *thread, uint64_t function, uint64_t sp, bool tail, struct ticks ticks,
                     bool fenced)
{
    struct before before;
    uint64_t old;
    if (unlikely(!event_begin(thread, &before, fenced)))
        return false;
    const struct frame *top = state_frame(thread, before.state) - 1;
    /* Its own exit hook: below it when it is called, above it when it is jumped to. */
    return likely(top->function == function && (top->sp < sp) == tail && top[-1].sp >= sp) &&
           likely(event_look(thread, &before, &old)) &&
           likely(event_put(thread, &before, old, before.state - STATE_FRAME + 1, ticks, WORD_FILLED | TF_SYM_EXIT));
}

/* As enter_fenced(). */
static __attribute__((noinline)) void exit_fenced(struct tracert__thread *thread, uint64_t function, uint64_t sp,
                                                  bool tail)
{
    if (unlikely(thread->fenced_limit == 0 || !exit_try(thread, function, sp, tail, clock_halves_fenced(), true)))
        tracert__exit(function, sp, tail);
}

/* ---- Without calls (lazy.h) --------------------------------------------------------------------------- */

/* Nothing is done with hook calls in this session, and the thread has its ring (a forked child's has none yet). */
static bool aside_is_idle(const struct tracert__thread *thread)
{
    return thread != NULL && thread->slot != NULL && tracert__session.memory != TF_MEMORY_LAZY;
}

/* As enter_again(). */
static __attribute__((noinline)) void aside_enter_again(uint64_t function, uint64_t site, uint64_t sp, uint64_t hook)
{
    struct tracert__thread *thread = tracert__aside;
    struct frame entered = {.function = function, .site = site, .sp = sp};
    if (aside_is_idle(thread))
        return;
    if (thread != NULL && thread->open < thread->end_open &&
        stack_is_inlined(thread->frames, (uint32_t)(thread->open - thread->frames), &entered, hook)) {
        entered.sp |= FRAME_INLINED;
        lazy_push(thread, thread->open, &entered);
    } else {
        tracert__enter(function, site, sp, hook);
    }
}

/* There is no ring for calls. */
INLINE void aside_enter(uint64_t function, uint64_t site, uint64_t sp, uint64_t hook)
{
    if (tracert__session_is_off())
        return;
    struct tracert__thread *thread = tracert__aside;
    const struct frame entered = {.function = function, .site = site, .sp = sp};
    if (likely(thread != NULL) && likely(thread->open < thread->end_open) &&
        likely(thread->open[-1].sp > (sp | FRAME_FLAGS)))
        lazy_push(thread, thread->open, &entered);
    else
        aside_enter_again(function, site, sp, hook);
}

INLINE void aside_exit(uint64_t function, uint64_t sp, bool tail)
{
    if (tracert__session_is_off())
        return;
    struct tracert__thread *thread = tracert__aside;
    if (likely(thread != NULL) && likely(thread->open < thread->end_open)) {
        struct frame *top = thread->open - 1;
        if (likely(top->function == function && (top->sp < sp) == tail && top[-1].sp >= sp)) {
            lazy_pop(thread, top);
            return;
        }
    }
    if (!aside_is_idle(thread))
        tracert__exit(function, sp, tail);
}

/* ---- The hooks ------------------------------------------------------------------------------------------ */

/*
 * "likely": what records no call comes first and falls through. A jump that is taken is much of what that costs, and
 * nothing of what recording a call does.
 */
void __cyg_profile_func_enter(void *function, void *call_site)
{
    struct tracert__thread *thread = tracert__self;
    if (likely(thread == NULL)) {
        aside_enter((uint64_t)function, frame_site((uint64_t)call_site, HOOK_RETURN()), FRAME_ADDRESS(), HOOK_RETURN());
        return;
    }
    struct frame entered = {
        .function = (uint64_t)function, .site = frame_site((uint64_t)call_site, HOOK_RETURN()), .sp = FRAME_ADDRESS()};
    struct before before;
    if (unlikely(!event_begin(thread, &before, false)))
        enter_fenced(thread, entered.function, entered.site, entered.sp, HOOK_RETURN());
    else if (unlikely(enter_is_odd(thread, &before, entered.sp) || !enter_put(thread, &before, &entered, 1, false)))
        enter_again(thread, entered.function, entered.site, entered.sp, HOOK_RETURN());
}

void __cyg_profile_func_exit(void *function, void *call_site)
{
    struct tracert__thread *thread = tracert__self;
    if (likely(thread == NULL)) {
        aside_exit((uint64_t)function, FRAME_ADDRESS(), __builtin_return_address(0) == call_site);
        return;
    }
    uint64_t sp = FRAME_ADDRESS();
    /* A jump to this hook leaves the function's own return address on the stack. */
    bool tail = __builtin_return_address(0) == call_site;
    /* Where there is no room, the function's last work would hide behind a clock that is read here. */
    if (unlikely(thread->limit == 0 || !exit_try(thread, (uint64_t)function, sp, tail, clock_halves(), false)))
        exit_fenced(thread, (uint64_t)function, sp, tail);
}
