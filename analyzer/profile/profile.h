/*
 * The profile: the hub between reading and showing. A call tree with the functions' names and the facts of the run.
 *
 * Views and exports read this and nothing else. It is a value: made by load.c (traces), folded.c (folded stacks) or
 * file.c (a profile that was saved), merged by merge.c, and not changed afterwards, so that any number of threads may
 * read it. Everything in it belongs to profile->arena.
 *
 * Times are ns. Names, paths and texts are untrusted (base/escape.h). All counts are exact. Inclusive and exclusive
 * times are what the program takes when nobody traces it, as well as that can be known (compensate.h); beside them
 * stand the raw ones, which contain the tracer's own cost. Those of single calls (min, mean, max) are raw.
 */
#ifndef PROFILE_H
#define PROFILE_H

#include "base/arena.h"
#include "profile/histogram.h"

#include <stdbool.h>
#include <stdint.h>

enum function_kind {
    FUNCTION_CODE = 0,   /* a function of the program */
    FUNCTION_REGION = 1, /* a named measurement */
    FUNCTION_UNKNOWN = 2 /* code without a symbol: the name is module+0xoffset or 0xaddress */
};

struct profile_function {
    const char *name;   /* demangled; never NULL */
    const char *label;  /* `name`, or where several functions have that name: with the file:line or module that tells
                           them apart */
    const char *module; /* path of the object file; "" when unknown */
    const char *file;   /* source file of its first line; "" when unknown */
    uint32_t line;      /* 0 when unknown */
    enum function_kind kind;
    uint32_t serial;        /* its number in the replay of the one trace that the profile is of (chart.h); else 0 */
    uint64_t calls;         /* enters */
    uint64_t inlined_calls; /* of these: shared the physical frame of their caller */
    uint64_t
        inclusive_ns; /* recursion counted once: only activations that are not below another of the same function */
    uint64_t exclusive_ns;
    uint64_t below_ns, above_ns; /* the true exclusive time is at most so much less, or so much more */
    uint64_t raw_inclusive_ns, raw_exclusive_ns;
    uint64_t sum_ns;            /* raw inclusive times of all calls, recursion counted every time: for the mean */
    uint64_t repeated_ns;       /* the part of sum_ns that is in no node's inclusive time: recursion that was folded */
    uint64_t min_ns, max_ns;    /* raw inclusive time of a single call; 0 when calls is 0 */
    struct histogram durations; /* raw inclusive times of all calls, for quantiles. Empty when they are not known:
                                   folded input; some of the function's calls are left out by --function */
};

/* A node of the call tree. nodes[0] is the root, not a call; a parent's index is below its children's. */
struct profile_node {
    uint32_t parent;       /* index; of the root: 0 */
    uint32_t first_child;  /* index; 0: none. Children are in descending order of inclusive_ns, then by label */
    uint32_t next_sibling; /* index; 0: none */
    uint32_t function;     /* index into functions; of the root: UINT32_MAX */
    uint32_t depth;        /* of the root: 0 */
    uint64_t calls;        /* may be 0: the frames that a forked child inherited */
    uint64_t inclusive_ns; /* always exclusive_ns + the children's inclusive_ns, to the ns; of the root: their sum */
    uint64_t exclusive_ns;
    uint64_t raw_inclusive_ns, raw_exclusive_ns;
    uint64_t inherited_ns; /* the part of raw_inclusive_ns that belongs to none of `calls`: frames from before a fork */
    uint64_t min_ns, max_ns; /* of a single call */
};

struct profile_thread {
    uint32_t pid, tid;
    uint32_t trace;   /* which run it belongs to */
    const char *name; /* "" when unknown */
    uint64_t nr_events, nr_calls;
    uint64_t hook_calls, dropped_events, torn_events, orphan_exits; /* hook_calls = recorded + dropped + torn */
    uint64_t stalled_ns;                                            /* time spent waiting for room in the ring */
    uint64_t start_ns, end_ns; /* first and last event, from the start of its trace */
};

enum rhythm_kind { RHYTHM_SAWTOOTH, RHYTHM_LOCKSTEP };

/* What the calls of a function do over time (rhythm.h). All times are raw. */
struct profile_rhythm {
    enum rhythm_kind kind;
    uint32_t function;                /* index into functions */
    uint32_t nr_threads;              /* that show it */
    uint32_t number;                  /* cycles of the thread with most time; slow calls of all */
    uint64_t excess_ns;               /* time above the low end, or above that of typical calls */
    uint64_t low_ns, high_ns;         /* ends of a sawtooth; a typical call, the mean slow one */
    uint64_t period_calls, period_ns; /* calls from one to the next; or time, whatever the calls; 0: neither */
    uint64_t first_calls;             /* a sawtooth that was looked for in so many first calls alone; 0: in all */
    uint32_t together_permille;       /* of the slow calls' time: in several threads at once; 0: no more than chance */
    bool is_regular, falls;           /* a sawtooth: of equal cycles; that jumps, and then falls steadily */
};

struct profile_facts {
    const char *source;     /* the file, or of several runs the first files, for a title */
    const char *command;    /* of the first process of the first run, arguments joined by spaces; "" when unknown */
    const char *host;       /* "" when unknown */
    uint64_t realtime_ns;   /* CLOCK_REALTIME at the start of the first run; 0 when unknown */
    uint64_t wall_ns;       /* longest of the traces, first to last event */
    uint64_t clock_step_ps; /* the clock's real step, in picoseconds; 0 when unknown */
    uint64_t hook_inside_ps, hook_outside_ps; /* of a pair of hooks around a short function; see is_corrected */
    uint32_t nr_traces, nr_processes, nr_threads;
    uint64_t nr_events;       /* enter and exit events: 2 * nr_calls - open_frames - unwound_frames, exactly */
    uint64_t nr_calls;        /* enters */
    uint64_t open_frames;     /* entered, and still open at the end of their thread or of the trace */
    uint64_t unwound_frames;  /* entered, and left by an exception, longjmp, thread exit … */
    uint64_t inherited_exits; /* exits of frames that a forked child inherited; not in nr_events */
    uint64_t orphan_exits;    /* exits without any enter; not in nr_events */
    uint64_t dropped_events;  /* known to be lost: rings full, threads without a ring, torn slots, damaged blocks */
    uint64_t trace_bytes;     /* size of the inputs */
    uint32_t max_depth;       /* calls that were open at once; with folded recursion more than the tree is deep */
    bool complete;            /* every event of the run is in here, and every trace was finished */
    bool is_corrected;        /* what hooks cost was known, and is taken out of the times; false: only waiting is */
    bool has_calls;           /* false for folded input: calls, min and max mean nothing */
    const char *unit; /* "ns"; for folded input "samples" or what the user says: then the _ns fields count that */
};

struct profile {
    struct arena arena;
    struct profile_facts facts;         /* of all runs together */
    struct profile_facts *runs;         /* of each, by time; only where profiles were merged or read from a file */
    uint32_t nr_runs;                   /* 0: there is one, and facts are its */
    struct profile_function *functions; /* in descending order of exclusive_ns, then by label */
    uint32_t nr_functions;
    struct profile_node *nodes;
    uint32_t nr_nodes; /* at least 1 */
    struct profile_thread *threads;
    uint32_t nr_threads;
    struct profile_rhythm *rhythms; /* of one trace, in no order; NULL: not looked for */
    uint32_t nr_rhythms;
    const char **notices; /* one line each: what the reader of a report must know; untrusted */
    uint32_t nr_notices;
};

/* "code", "region" or "unknown". */
const char *function_kind_name(enum function_kind kind);

/* Mean raw inclusive time of a call, recursive calls included, rounded down; 0 without calls. */
uint64_t function_mean_ns(const struct profile_function *function);

/*
 * False: too short to be timed. What the hooks can cost is more than half of what is left of its own time, which then
 * is an estimate, and the truth between function_low_ns() and function_high_ns(). Its count is as exact as any.
 */
bool function_is_timed(const struct profile_function *function);

/* The least and the most that the true exclusive time can be. */
uint64_t function_low_ns(const struct profile_function *function);
uint64_t function_high_ns(const struct profile_function *function);

/*
 * The raw inclusive time that `permille` of 1000 calls do not exceed (500: the median, 990: p99), within 1/32; never
 * outside of min_ns and max_ns. 0 when durations is empty.
 */
uint64_t function_quantile_ns(const struct profile_function *function, uint32_t permille);

/* Frees the profile (which calloc() made) and everything in it. NULL is allowed. */
void profile_free(struct profile *profile);

#endif
