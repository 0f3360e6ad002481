/*
 * The trace's clock: the processor's counter where it is fit, else CLOCK_MONOTONIC. Signal-safe.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include "config.h"
#include "tracert/format.h"

#include <stdbool.h>
#include <stdint.h>

/* Ticks, as they lie in memory. */
struct ticks {
    uint32_t low, high;
};

#if defined(__x86_64__)
#include "clock_x86_64.h"
#elif defined(__aarch64__)
#include "clock_aarch64.h"
#endif

/* One instant on both clocks. */
struct clock_anchor {
    uint64_t ticks;
    uint64_t ns; /* CLOCK_MONOTONIC */
};

uint64_t clock_monotonic_ns(void);
uint64_t clock_realtime_ns(void);

/* What there is to know of a machine's clocks. */
struct clock_facts {
    bool is_invariant;  /* the processor says that its counter runs at one rate, at all times */
    const char *source; /* clocksource0/current_clocksource; "" when the kernel does not say */
};

struct clock_choice {
    enum tf_clock clock;
    enum tf_clock_reason reason;
};

/*
 * Which clock a machine gets. Without an order it is the counter, if that runs at one rate, at all times, and is the
 * same on all processors. The processor answers the first two, the kernel the third: it has tried, and where processors
 * disagreed it takes time from one of a few slow devices instead.
 */
struct clock_choice clock_decide(enum config_clock order, const struct clock_facts *facts);

/* Which clock this machine gets. */
struct clock_choice clock_choose(enum config_clock order);

/* The time on clock `clock`, in its ticks. */
static inline uint64_t clock_now(enum tf_clock clock)
{
    return clock == TF_CLOCK_MONOTONIC ? clock_monotonic_ns() : clock_counter();
}

/* The tightest of a few readings of both clocks. */
struct clock_anchor clock_anchor(enum tf_clock clock);

/*
 * The clock's real step in ticks: the greatest common divisor that most of a few hundred differences share, give or
 * take clock_slack(); a virtual machine's counter may move by 10 ns at a time. At least 1. Takes about 30 us.
 */
uint32_t clock_step(enum tf_clock clock);

/*
 * Ticks that a difference may be away from a multiple of the step: some processors add a tick to a counter that has not
 * moved, so that no two readings are the same.
 */
static inline uint32_t clock_slack(uint32_t step)
{
    return step > 8 ? 1 : 0;
}

#endif
