/*
 * Two profiles as one tree: every call path that either has, with what each has of it.
 *
 * A function is the same in both when its name, its kind and the name of its source file are: other builds have other
 * paths and lines.
 */
#ifndef PAIR_H
#define PAIR_H

#include "base/err.h"
#include "profile/profile.h"

struct pair_side {
    uint64_t calls, inclusive_ns, exclusive_ns; /* 0 where the profile has no such path */
    bool exists;
};

struct pair_function {
    uint64_t calls, inclusive_ns, exclusive_ns; /* 0 where the profile has no such function */
    uint64_t low_ns, high_ns;                   /* the true exclusive time lies between them */
    uint64_t median_ns;                         /* raw inclusive time of a call; 0: not known */
    bool exists;
};

struct pair_run {
    const char *source; /* its files */
    uint64_t wall_ns, nr_calls, exclusive_ns;
    bool complete;
};

struct pair {
    struct profile *both;         /* paths; its times and calls are the sums. Facts are those of the second */
    struct pair_side *base, *now; /* by node of `both` */
    struct pair_function *base_functions, *now_functions; /* by function of `both` */
    struct pair_run base_run, now_run;
};

/* 0; -1 with err set when the units differ (ERR_USAGE) or memory ran out. To be released in both cases. */
int pair_make(struct pair *pair, const struct profile *base, const struct profile *now, struct err *err);
void pair_release(struct pair *pair);

#endif
