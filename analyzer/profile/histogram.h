/*
 * How long calls took, as counts of buckets: log-linear, so that the error is relative and the same everywhere.
 *
 * A bucket is 1/32 of its power of two; durations below 64 have a bucket each. So a quantile is exact below 64 and
 * within 1/64 above. Bucket numbers and counts are integers that depend on nothing but the durations: adding two
 * histograms gives the histogram of all calls, in any order.
 *
 * `struct histogram` is the finished form, sparse and in order; `struct histogram_set` is what replay counts into,
 * with a few instructions a call.
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_BITS = 5,
    HISTOGRAM_GROUP = 1 << HISTOGRAM_BITS,      /* buckets of a power of two */
    HISTOGRAM_GROUPS = 64 - HISTOGRAM_BITS + 1, /* the first two hold durations 0 to 31 and 32 to 63 */
    HISTOGRAM_BUCKETS = HISTOGRAM_GROUPS * HISTOGRAM_GROUP
};

/* The bucket of a duration: monotone, below HISTOGRAM_BUCKETS. */
static inline uint32_t histogram_bucket(uint64_t duration)
{
    if (duration < HISTOGRAM_GROUP)
        return (uint32_t)duration;
    uint32_t shift = 63u - HISTOGRAM_BITS - (uint32_t)__builtin_clzll(duration);
    return (shift << HISTOGRAM_BITS) + (uint32_t)(duration >> shift);
}

/* The least and the greatest duration of a bucket, and the one in the middle. */
uint64_t histogram_least(uint32_t bucket);
uint64_t histogram_greatest(uint32_t bucket);
uint64_t histogram_middle(uint32_t bucket);

struct histogram_count {
    uint32_t bucket;
    uint64_t calls; /* not 0 */
};

struct histogram {
    struct histogram_count *counts; /* by ascending bucket; NULL when there is none */
    uint32_t nr;
};

/* Add `from` to `to`, whose counts malloc() made. 0, or -1 when memory ran out (then nothing is changed). */
int histogram_add(struct histogram *to, const struct histogram *from);

/* The calls of all buckets. */
uint64_t histogram_calls(const struct histogram *histogram);

/*
 * The duration that `permille` of 1000 calls do not exceed (500: the median), by nearest rank: the middle of the bucket
 * of that call. 0 when the histogram is empty.
 */
uint64_t histogram_quantile(const struct histogram *histogram, uint32_t permille);

/* ---- Many, while they grow ------------------------------------------------------------------------ */

struct histogram_group {
    uint64_t calls[HISTOGRAM_GROUP];
};

/* Members are numbered from 0: functions. A zeroed set is empty. */
struct histogram_set {
    uint32_t (*members)[HISTOGRAM_GROUPS]; /* where a member's groups are; 0: it has no calls there */
    size_t nr_members, capacity;
    struct histogram_group *groups; /* groups[0] takes what there was no memory for */
    uint32_t nr_groups;
    size_t groups_capacity;
    bool failed; /* memory ran out: calls are missing */
};

/* Make room for members 0 to nr - 1. 0, or -1 when memory ran out. */
int histogram_set_reserve(struct histogram_set *set, size_t nr);
void histogram_set_release(struct histogram_set *set);

/* Give the member the group of a bucket, and return its number; 0 when memory ran out. */
uint32_t histogram_set_open(struct histogram_set *set, uint32_t member, uint32_t bucket);

/* Call `take` for the buckets of a member that have calls, in ascending order. */
void histogram_set_each(const struct histogram_set *set, uint32_t member,
                        void (*take)(void *context, uint32_t bucket, uint64_t calls), void *context);

/* Count calls that took the same time. */
static inline void histogram_set_add(struct histogram_set *set, uint32_t member, uint64_t duration, uint64_t calls)
{
    uint32_t bucket = histogram_bucket(duration);
    uint32_t group = set->members[member][bucket >> HISTOGRAM_BITS];
    if (__builtin_expect(group == 0, 0))
        group = histogram_set_open(set, member, bucket);
    set->groups[group].calls[bucket % HISTOGRAM_GROUP] += calls;
}

#endif
