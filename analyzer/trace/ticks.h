/*
 * From ticks to nanoseconds: a straight line through two anchors, exact to the nanosecond and monotone.
 *
 * Pure arithmetic on a value; any thread may use it.
 */
#ifndef TICKS_H
#define TICKS_H

#include <stdint.h>

struct clock {
    uint64_t origin_ticks;      /* what counts as 0 ns */
    uint64_t whole, rest, span; /* ns of a tick: whole + rest / span */
    uint64_t fraction;          /* rest * 2^64 / span, rounded down: a first guess without a division */
};

/* Ticks that are ns. */
void clock_init_ns(struct clock *clock, uint64_t origin_ticks);

/* `ns` passed while `ticks` passed (not 0). */
void clock_init_rate(struct clock *clock, uint64_t origin_ticks, uint64_t ticks, uint64_t ns);

/*
 * A duration in ns, rounded down: so that the parts of a duration never add up to more than the whole. Saturates at
 * UINT64_MAX.
 */
uint64_t clock_duration_ns(const struct clock *clock, uint64_t duration_ticks);

/* An instant in ns from the origin; 0 for what lies before it. */
uint64_t clock_ns(const struct clock *clock, uint64_t ticks);

/* The first instant whose clock_ns() is at least `ns`; UINT64_MAX when there is none. */
uint64_t clock_ticks(const struct clock *clock, uint64_t ns);

#endif
