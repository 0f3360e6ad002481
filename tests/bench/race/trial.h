/*
 * One run of one contestant, with everything that it started paid for: helpers that outlive the program are waited for,
 * whether they belong to it or have been left to the system.
 */
#ifndef RACE_TRIAL_H
#define RACE_TRIAL_H

#include "plan.h"

struct trial {
    double wall_s;      /* of the program, from its start until it is gone */
    double user_s;      /* of the program, user mode alone */
    double cpu_s;       /* user and system mode, of the program and of all helpers until they are gone */
    double program_mb;  /* most memory of the program, what it shares with helpers included */
    double helper_mb;   /* most memory of one helper */
    double trace_bytes; /* left on disk; 0: no trace */
};

/* To be called once, before the first trial. */
void trials_prepare(void);

/* 0, or -1 with a line on stderr. `cpu`: the one that it is pinned to; -1: all are free. */
int trial_run(const struct contestant *contestant, int cpu, struct trial *trial);

/* What the trace says that the last run left. */
struct recorded {
    double calls;     /* -1: the contestant leaves no trace */
    double waited_ns; /* of all threads, for the tracer; -1: it does not say */
};

struct recorded trial_recorded(const struct contestant *contestant);

#endif
