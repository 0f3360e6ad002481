/*
 * Slow calls in lock step: at a regular beat, or in several threads at once.
 */
#ifndef LOCKSTEP_H
#define LOCKSTEP_H

#include <stdbool.h>
#include <stdint.h>

struct slow_call {
    uint64_t start_ticks, ticks;
    uint64_t call; /* how many calls of the function the thread had made before */
    uint32_t thread;
};

enum beat_kind {
    BEAT_NONE,
    BEAT_CALLS, /* every so many calls */
    BEAT_TIME   /* every so many ticks, whatever the number of calls */
};

struct beat {
    enum beat_kind kind;
    double period;
};

/* The duration from which on calls make up the time of all of them: a quarter of the one in the middle of that time. */
uint64_t slow_least(const struct slow_call *calls, uint32_t nr);

/*
 * The beat of one thread's slow calls, in their order: eight or more that follow one another at the same distance,
 * within 2 % of the number of calls or 10 % of the time, and take 60 % of what all of them take. So others may come
 * between. Where both kinds are, the one whose distances differ less.
 */
struct beat beat_find(const struct slow_call *calls, uint32_t nr);

/*
 * How much of the time of slow calls, of several threads in order of their starts, is that of calls which overlap one
 * of another thread by half of the shorter one; in permille. 0 when it is less than 800, or no more than what chance
 * would give: calls that had nothing to do with each other, spread over the same time.
 */
uint32_t coincidence_find(const struct slow_call *calls, uint32_t nr, uint32_t nr_threads);

#endif
