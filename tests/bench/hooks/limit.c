/*
 * The limit: a pair of hooks that reads the clock twice and stores two events of 16 bytes into a small ring that nobody
 * reads. No tracer that notes each call's function and time can do with less.
 */
#include <stdint.h>
#include <x86intrin.h>

struct event {
    uint64_t ticks;
    uint64_t function;
};

enum { RING_EVENTS = 16384 };

static __thread struct event ring[RING_EVENTS] __attribute__((tls_model("initial-exec")));
static __thread uint64_t at __attribute__((tls_model("initial-exec")));

void __cyg_profile_func_enter(void *function, void *site);
void __cyg_profile_func_exit(void *function, void *site);

void __cyg_profile_func_enter(void *function, void *site)
{
    (void)site;
    struct event *event = &ring[at++ % RING_EVENTS];
    event->function = (uintptr_t)function;
    event->ticks = __rdtsc();
}

void __cyg_profile_func_exit(void *function, void *site)
{
    (void)site;
    uint64_t ticks = __rdtsc();
    struct event *event = &ring[at++ % RING_EVENTS];
    event->function = (uintptr_t)function | 1ull << 63;
    event->ticks = ticks;
}
