/*
 * The heap profile: who allocated what, as a value for views. Made by heap_profile.c from a watched trace (heap.h) and
 * the functions' names; not changed afterwards. Times are ns, texts untrusted.
 *
 * An allocation belongs to the function that asked for it: the innermost one of its call path that is not a wrapper,
 * such as xmalloc, which only passes memory on.
 */
#ifndef HEAP_PROFILE_H
#define HEAP_PROFILE_H

#include "base/err.h"
#include "profile/profile.h"

#define HEAP_BUCKETS  64u /* of histograms: powers of two */
#define HEAP_INSTANTS 60u /* of the timeline */

struct heap_amount {
    uint64_t blocks, bytes;
};

/* Of one call path, or function. */
struct heap_counts {
    struct heap_amount allocated;
    struct heap_amount live; /* at the end */
    struct heap_amount peak; /* live when most was live of all together */
    struct heap_amount at;   /* live at the instant that was asked for */
    uint64_t temporary;      /* blocks that their thread released before it allocated another one */
};

struct heap_thread_counts {
    struct heap_amount allocated, released;
    struct heap_amount live; /* at the end, of what it has allocated */
    uint64_t temporary;
};

struct heap_totals {
    struct heap_amount allocated, released, live, peak, at;
    uint64_t resized, not_resized; /* blocks */
    uint64_t temporary;
    uint64_t unknown;   /* releases of blocks that are older than the trace, or inherited from a parent process */
    uint64_t reordered; /* events that were put right: the clocks of processors differ */
    uint64_t dropped;   /* events that are known to be missing */
};

/* A call path: its parent's, and a function. nodes[0] is the empty one; a parent's index is below its children's. */
struct heap_node {
    uint32_t parent, function;
    struct heap_counts self;
};

struct heap_function {
    const char *label, *module, *file;
    uint32_t line;
    struct heap_counts self;
};

struct heap_thread {
    uint32_t pid, tid;
    const char *name;
    struct heap_thread_counts counts;
};

struct heap_profile {
    struct arena arena;
    struct profile *run; /* the same trace's calls: for its facts and notices. Owned */
    struct heap_totals totals;
    uint64_t peak_ns, at_ns; /* at_ns UINT64_MAX: no instant was asked for */
    struct heap_node *nodes;
    uint32_t nr_nodes;
    struct heap_function *functions; /* in descending order of what is live at the peak, then of what was allocated */
    uint32_t nr_functions;
    struct heap_thread *threads; /* those that had to do with memory */
    uint32_t nr_threads;
    uint64_t sizes[HEAP_BUCKETS];     /* allocations of 2^(i-1) bytes or more and less than 2^i */
    uint64_t lifetimes[HEAP_BUCKETS]; /* releases, the same in ns */
    uint64_t instants[HEAP_INSTANTS]; /* the most bytes that were live in each part of the trace's time */
};

enum heap_weight { HEAP_BYTES, HEAP_ALLOCS, HEAP_PEAK, HEAP_LEAKED };

/*
 * A profile whose time is memory, for any view of call trees: bytes allocated, allocations, bytes live at the peak, or
 * at the end. NULL with err set when memory ran out.
 */
struct profile *heap_profile_weigh(const struct heap_profile *heap, enum heap_weight weight, struct err *err);

void heap_profile_free(struct heap_profile *heap);

#endif
