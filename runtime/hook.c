/*
 * The hot path: the two functions that the compiler calls at every enter and exit.
 *
 * What holds here: no lock, no system call, no libc call, nothing that may allocate, block, cancel or touch errno; no
 * "busy" flag (a handler that jumps out of an interrupted hook would leave it set for ever); two branches, one for a
 * thread without a ring, one for the end of a chunk. Everything else is in thread.c, which nobody reaches often.
 *
 * An enter reads the clock last and an exit reads it first, so that as little of the hook as possible lies in the
 * measured time.
 */
#include "ring.h"
#include "thread.h"

#define HOOK __attribute__((visibility("default"), no_instrument_function))

HOOK void __cyg_profile_func_enter(void *function, void *call_site);
HOOK void __cyg_profile_func_exit(void *function, void *call_site);

void __cyg_profile_func_enter(void *function, void *call_site)
{
    uint64_t frame_and_kind = (uint64_t)__builtin_frame_address(0) | RING_ENTER;
    uint64_t site = ring_site((uint64_t)call_site, (uint64_t)__builtin_return_address(0));
    struct tracert__thread *thread = tracert__self;
    if (__builtin_expect(thread == NULL, 0)) {
        tracert__record_unattached(frame_and_kind, (uint64_t)function, site);
        return;
    }
    uint64_t at = ring_claim(thread, RING_SLOT_BYTES);
    if (__builtin_expect(at >= thread->limit, 0)) {
        tracert__record_at_limit(at, frame_and_kind, (uint64_t)function, site);
        return;
    }
    ring_store(ring_slot(thread, at), at, clock_counter(), (uint64_t)function, site, frame_and_kind);
}

void __cyg_profile_func_exit(void *function, void *call_site)
{
    uint64_t ticks = clock_counter();
    /* A jump to this hook leaves the function's own return address on the stack. */
    uint64_t kind = __builtin_return_address(0) == call_site ? RING_EXIT_TAIL : RING_EXIT;
    uint64_t frame_and_kind = (uint64_t)__builtin_frame_address(0) | kind;
    struct tracert__thread *thread = tracert__self;
    if (__builtin_expect(thread == NULL, 0)) {
        tracert__record_unattached(frame_and_kind, (uint64_t)function, (uint64_t)call_site);
        return;
    }
    uint64_t at = ring_claim(thread, RING_SLOT_BYTES);
    if (__builtin_expect(at >= thread->limit, 0)) {
        tracert__record_at_limit(at, frame_and_kind, (uint64_t)function, (uint64_t)call_site);
        return;
    }
    ring_store(ring_slot(thread, at), at, ticks, (uint64_t)function, (uint64_t)call_site, frame_and_kind);
}
