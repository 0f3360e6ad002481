/*
 * What the calls of functions do over time, kept in little room while a trace is replayed: for each function in each
 * thread a row of mean durations (sawtooth.h), and its slow calls (lockstep.h).
 *
 * The row holds 128 to 256 values. When it is full it is looked at, and then two values become one: so every scale is
 * looked at, the finest ones in the first calls alone. Slow is a call of eight times the typical one, and a thousand
 * ticks more. Of slow calls up to 128 are kept: those that make up most of their time, or when that are more, the first
 * ones. A pair takes 2.5 KB at most, and no more than RHYTHM_PAIRS are watched, in the first RHYTHM_THREADS threads.
 *
 * Time in which a thread waited for the tracer is no part of a slow call.
 */
#ifndef RHYTHM_H
#define RHYTHM_H

#include "profile/lockstep.h"
#include "profile/sawtooth.h"

#include <stddef.h>

#define RHYTHM_THREADS 16u
#define RHYTHM_PAIRS   8192u
#define RHYTHM_SLOW    128u /* slow calls of a pair */

/* A function in a thread; what every call needs of it. */
struct rhythm {
    uint64_t slow_ticks; /* as long, and a call is looked at */
    uint64_t sum_ticks;  /* of the value that is being made */
    uint32_t left;       /* calls until it is made */
    uint32_t pair;       /* index into rhythms->pairs; 0: none yet */
};

struct rhythm_pair {
    uint32_t thread, function;
    float *values; /* sums of `size` calls each */
    uint32_t nr_values, capacity;
    uint32_t size;
    struct slow_call *slow;
    uint32_t nr_kept;
    bool is_full;         /* of more slow calls only number and time are known */
    uint64_t floor_ticks; /* shorter ones are not slow, whatever is typical */
    uint64_t typical_ticks;
    uint64_t nr_slow, slow_ticks;           /* of all */
    double all_ticks;                       /* of all calls, slow ones no longer than slow_ticks */
    struct sawtooth sawtooth;               /* as it was found last, a regular one rather; values are durations */
    uint64_t sawtooth_calls, sawtooth_size; /* in how many of the first calls; calls a value */
};

struct rhythms {
    struct rhythm_thread {
        struct rhythm *table; /* by function */
        size_t nr;

        struct rhythm_stall {
            uint64_t ticks, total_ticks;
        } * stalls; /* the last ones, in a ring */

        uint64_t nr_stalls;
    } threads[RHYTHM_THREADS];

    struct rhythm_pair *pairs; /* pairs[0] is none */
    size_t nr_pairs, capacity;
    bool failed; /* memory ran out: something is missing */
};

void rhythms_release(struct rhythms *rhythms);

/* A thread's table with room for functions 0 to nr - 1; NULL when it is not watched. */
struct rhythm *rhythms_table(struct rhythms *rhythms, uint32_t thread, size_t nr);

/* What rhythm_count() leaves to others. */
void rhythm_rare(struct rhythms *rhythms, uint32_t thread, uint32_t function, uint64_t start_ticks, uint64_t ticks);

/* A call of a function has returned; `table` is its thread's. */
static inline void rhythm_count(struct rhythms *rhythms, struct rhythm *table, uint32_t thread, uint32_t function,
                                uint64_t start_ticks, uint64_t ticks)
{
    struct rhythm *at = &table[function];
    if (__builtin_expect(ticks >= at->slow_ticks || at->left == 1, 0)) {
        rhythm_rare(rhythms, thread, function, start_ticks, ticks);
    } else {
        at->sum_ticks += ticks;
        at->left--;
    }
}

/* The thread has waited for the tracer. */
void rhythm_stall(struct rhythms *rhythms, uint32_t thread, uint64_t ticks, uint64_t stalled_ticks);

/* The replay is over: look at the rows as they are. */
void rhythms_finish(struct rhythms *rhythms);

#endif
