/*
 * Findings: patterns in a profile that say where to look, each with the numbers behind it.
 *
 * wide frame: a function that takes 20 % of the run or more, at least half of it through two callees or more, none of
 *   which takes 80 % of it: the work is in many places, the decision in one.
 * flat top: a function whose own time is 10 % of the run or more.
 * tall stack: recursion, 16 frames deep or more.
 * tiny calls: functions whose median call, less what of a pair of hooks lies within it, takes less than that pair, when
 *   tracing them is 1 % of the run. Not where filters have left some of their calls out.
 * sawtooth: a function whose calls take longer and longer and then drop back, again and again (sawtooth.h), when what
 * is above the low end is 1 % of the run or more. lock-step: a function whose slow calls come at a regular beat or in
 * several threads at once (lockstep.h), when what they take more than typical ones is 1 % of the run or more. The last
 * two of one trace, without filters; where callers show what their callee does, the callee is told.
 */
#ifndef FINDINGS_H
#define FINDINGS_H

#include "base/err.h"
#include "profile/profile.h"

enum finding_kind {
    FINDING_WIDE_FRAME,
    FINDING_FLAT_TOP,
    FINDING_TALL_STACK,
    FINDING_SAWTOOTH,
    FINDING_LOCKSTEP,
    FINDING_TINY_CALLS
};

struct finding {
    enum finding_kind kind;
    uint32_t function; /* index into functions; of several the one with most calls */
    uint64_t time_ns;  /* wide frame: inclusive; flat top: exclusive; sawtooth, lock-step: what is above the low or the
                          typical calls; tiny calls: what tracing them costs */
    uint64_t calls;    /* of the function; tiny calls: of all such functions */
    uint32_t number;   /* wide frame: callees; tall stack: most at once; sawtooth: cycles; lock-step: slow calls;
                          tiny calls: functions */
    char text[192];    /* the sentence that goes with the function's name; numbers and literals alone */
    char *advice;      /* what to do about it, in lines, or NULL. Trusted: names in it are plain identifiers */
};

struct findings {
    struct finding *list; /* by kind, then by weight */
    uint32_t nr;
    size_t capacity;
};

/* 0, or -1 with err set when memory ran out. Nothing is found in folded stacks that only calls can show. */
int findings_make(struct findings *findings, const struct profile *profile, struct err *err);
void findings_release(struct findings *findings);

/* A new finding at the end of the list; NULL when memory ran out. */
struct finding *finding_add(struct findings *findings, enum finding_kind kind, uint32_t function);

/* Sawteeth and slow calls in lock step, from profile->rhythms. 0, or -1 with err set. */
int findings_of_rhythms(struct findings *findings, const struct profile *profile, struct err *err);

/* "wide frame" */
const char *finding_kind_name(enum finding_kind kind);

#endif
