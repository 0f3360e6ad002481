/*
 * What the slowest calls of a function do that the typical ones do not.
 *
 * The calls of the function that are not within another one are told apart by how long they took: slow are those of
 * `slow_ns` and more, typical those from `typical_low_ns` to `typical_high_ns`. All that happens below a call is added
 * up by call path, for each of the two kinds by itself. So the means of the own times along the tree add up to the mean
 * duration of a call, and their differences to the difference.
 *
 * Time in which a thread waited for the tracer is taken out. Calls that began before what is replayed, or never
 * returned, are of neither kind. Memory grows with call paths.
 */
#ifndef OUTLIERS_H
#define OUTLIERS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct replay;

struct outlier_side {
    uint64_t calls, exclusive_ns, inclusive_ns; /* sums over all calls of the kind */
};

/* A call path below the function; a parent's index is below its children's. nodes[0] stands for the call's caller. */
struct outlier_node {
    uint32_t parent, function; /* function: number in the replay */
    uint32_t depth;            /* of the function itself: 1 */
    struct outlier_side slow, typical;
};

struct outlier_call {
    uint32_t pid, tid;
    uint32_t function;
    uint32_t depth; /* frames around it */
    uint64_t start_ns, duration_ns;
    bool is_unwound; /* left by an exception, longjmp or thread exit */
};

struct outliers {
    uint64_t slow_ns, typical_low_ns, typical_high_ns;
    uint64_t nr_calls, nr_slow, nr_typical;
    struct outlier_node *nodes;
    uint32_t nr_nodes;
    struct outlier_call *slowest; /* in descending order of duration */
    uint32_t nr_slowest;
};

struct outliers_request {
    const bool *wanted; /* by function number of the replay */
    uint32_t nr_wanted;
    uint32_t nr_slowest; /* calls that are listed, and with `by_number` those that are slow: about so many */
    bool by_number;      /* false: slow is what is above p99 */
};

/*
 * Replay once more, for the functions in `wanted`; replay_run() has been there before. 0, or -1 with err set: ERR_USAGE
 * when there are too few calls to tell slow from typical.
 */
int outliers_find(struct outliers *outliers, struct replay *replay, const struct outliers_request *request,
                  struct err *err);
void outliers_release(struct outliers *outliers);

#endif
