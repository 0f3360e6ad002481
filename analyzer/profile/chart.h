/*
 * The calls in time, for a picture: long ones each by itself, short ones merged with their neighbours.
 *
 * An observer of a replay fills it. When there are more slices than wanted, the grain doubles: calls that are shorter
 * than the grain, on one level of one thread, and begin in the same cell of the grain, become one slice. Memory and
 * picture are bounded, whatever the number of calls; every call is counted in exactly one slice, or in nr_beyond.
 */
#ifndef CHART_H
#define CHART_H

#include "base/err.h"
#include "profile/profile.h"

struct replay;
struct replay_observer;

#define CHART_LEVELS  256u /* deeper calls are only counted */
#define CHART_THREADS 256u /* as are those of further threads */

struct chart_slice {
    uint64_t start, end; /* ticks until chart_finish(), then ns from the start of the trace */
    uint64_t calls;      /* 1: a single call */
    uint64_t busy;       /* time in calls: less than end - start when merged ones have gaps between them */
    uint64_t lead;       /* how far `function` is ahead, in time, of the others that were merged */
    uint32_t function;   /* number in the replay, after chart_finish() in the profile */
    bool is_mixed;       /* calls of other functions are in it */
    bool is_unwound;     /* a single call: left by an exception, longjmp or thread exit … */
    bool is_open;        /* … or never left */
};

struct chart_level {
    struct chart_slice *slices; /* in order of time */
    size_t nr, capacity;
};

struct chart_thread {
    struct chart_level *levels;
    uint32_t nr_levels;
    uint32_t pid, tid;
    const char *name; /* untrusted; the chart's own */
    uint64_t start, end;
};

struct chart {
    size_t nr_max; /* slices wanted at most; levels with one slice each are always there */
    struct chart_thread *threads;
    uint32_t nr_threads;
    size_t nr_slices, nr_levels;
    uint64_t grain;               /* calls of this time and more are single; 0: all are */
    uint64_t nr_calls, nr_merged; /* in slices; of these: in slices with others */
    uint64_t nr_beyond;           /* calls that are too deep, or in too many threads */
    bool failed;                  /* memory ran out */
};

/* Begin with a chart of at most `nr_max` slices. */
void chart_init(struct chart *chart, size_t nr_max);
void chart_release(struct chart *chart);

/* What fills it: the context is the chart. */
extern const struct replay_observer chart_observer;

/* For others than a replay: a call on a level of a thread, after all that began before it there; times in whatever
 * unit. 0, or -1 when memory ran out. And the end, of one thread from 0 to `end`. */
int chart_slice_add(struct chart *chart, uint32_t thread, uint32_t depth, uint64_t start, uint64_t end,
                    uint32_t function);
int chart_row_finish(struct chart *chart, uint64_t end, struct err *err);

/* The replay is over: times become ns. 0, or -1 with err set. */
int chart_finish(struct chart *chart, const struct replay *replay, struct err *err);

/* Functions get their numbers in the profile that was made of the same replay, after `profile_finish()`. */
int chart_renumber(struct chart *chart, const struct profile *profile, struct err *err);

#endif
