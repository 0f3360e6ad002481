/*
 * The heap profile: who allocated what, as a value for views. Made by heap_make.c from a watched trace (heap.h) and
 * the functions' names; not changed afterwards. Times are ns, texts untrusted.
 *
 * An allocation belongs to the function that asked for it: the innermost one of its call path that is not a wrapper,
 * such as xmalloc, which only passes memory on.
 */
#ifndef HEAP_PROFILE_H
#define HEAP_PROFILE_H

#include "base/err.h"
#include "base/tree_links.h"
#include "profile/profile.h"

#define HEAP_BUCKETS  64u  /* of histograms: powers of two */
#define HEAP_INSTANTS 240u /* equal parts of the trace's time */
#define HEAP_BANDS    12u  /* call paths whose memory over time is kept */

struct heap_amount {
    uint64_t blocks, bytes;
};

/* Of one call path, or function. */
struct heap_counts {
    struct heap_amount allocated;
    struct heap_amount live;    /* at the end */
    struct heap_amount peak;    /* live when most was live of all together */
    struct heap_amount at[2];   /* live at the instants that were asked for */
    uint64_t temporary;         /* blocks that their thread released before it allocated another one */
    struct heap_amount resized; /* blocks that replaced smaller or larger ones; of which the bytes were so many */
    struct heap_amount moved;   /* of these: to another address; the bytes that had to be copied */
    uint64_t most_resizes;      /* of a block, from its first size to its last */
};

struct heap_thread_counts {
    struct heap_amount allocated, released;
    struct heap_amount live; /* at the end, of what it has allocated */
    uint64_t temporary;
};

/* What was mapped without files, beside the heap, in bytes. */
struct heap_mapped {
    uint64_t nr; /* mappings, those that moved or grew once more */
    uint64_t mapped, unmapped, live, peak;
};

/* How malloc itself stood when it was last asked, in the first process, in bytes. */
struct heap_allocator {
    uint64_t ticks; /* 0: it was never asked */
    uint64_t in_use, free, mapped;
};

struct heap_totals {
    struct heap_amount allocated, released, live, peak, at[2];
    struct heap_amount resized, moved;
    uint64_t not_resized; /* blocks: there was no memory for it */
    uint64_t temporary;
    uint64_t unknown;    /* releases of blocks that are older than the trace, or inherited from a parent process */
    uint64_t reordered;  /* events that were put right: the clocks of processors differ */
    uint64_t dropped;    /* events that are known to be missing */
    uint64_t callerless; /* allocations whose path is who asked, and no caller, though frame pointers were followed */
    struct heap_mapped mapped;
    struct heap_allocator allocator;
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

/* A function that only passes memory on (heap_wrappers.h). */
struct heap_wrapper {
    const char *label;
    uint64_t allocs;  /* that belong to its callers */
    bool by_use;      /* else it was known by its name */
    uint32_t callers; /* `by_use`: functions that it allocated for … */
    uint32_t steady;  /* … of which so many, asking at least twice, always got blocks of one size */
};

/* A call path over time: what it had when most was live in each part of the time. */
struct heap_band {
    uint32_t node;
    uint64_t bytes[HEAP_INSTANTS];
};

enum heap_finding_kind {
    HEAP_SAWTOOTH,  /* fills and empties in cycles */
    HEAP_TEMPORARY, /* most of its blocks are released before anything else is allocated */
    HEAP_RESIZING   /* much of what it allocates are copies of what it had */
};

/* What stands out, and where. */
struct heap_finding {
    enum heap_finding_kind kind;
    uint32_t node;  /* 0: all call paths together */
    uint64_t bytes; /* of the heap, for its rank: a cycle's top, allocated, copied */
    uint64_t count; /* cycles; temporary blocks; resizes */
    /* Of a sawtooth: means, and times between the ends of two cycles */
    uint64_t top_bytes, low_bytes, period_ns, shortest_ns, longest_ns;
    uint64_t most_resizes; /* of one block */
};

struct heap_profile {
    struct arena arena;
    const struct profile *run; /* the same trace's calls: for its facts, notices and texts. It must live longer */
    struct heap_totals totals;
    uint64_t start_ns, span_ns; /* of the parts of time, together */
    uint64_t peak_ns, at_ns[2]; /* at_ns UINT64_MAX: no instant was asked for */
    struct heap_node *nodes;
    uint32_t nr_nodes;
    uint32_t *site_nodes;            /* of each site of the heap that this was made from (heap.h): its call path */
    struct heap_function *functions; /* in descending order of what is live at the peak, then of what was allocated */
    uint32_t nr_functions;
    struct heap_thread *threads; /* those that had to do with memory */
    uint32_t nr_threads;
    uint64_t sizes[HEAP_BUCKETS];                /* allocations of 2^(i-1) bytes or more and less than 2^i */
    uint64_t lifetimes[HEAP_BUCKETS];            /* releases, the same in ns */
    uint64_t most[HEAP_INSTANTS];                /* the most bytes that were live in each part of the time */
    struct heap_amount allocated[HEAP_INSTANTS]; /* in each */
    struct heap_band *bands;                     /* of the paths that had most, all in all */
    uint32_t nr_bands;
    struct heap_wrapper *wrappers; /* those that passed most on first */
    uint32_t nr_wrappers;
    struct heap_finding *findings; /* the weightiest first */
    uint32_t nr_findings;
};

enum heap_weight { HEAP_BYTES, HEAP_ALLOCS, HEAP_PEAK, HEAP_LEAKED, HEAP_LIVE_AT, HEAP_GROWN };

/*
 * A profile whose time is memory, for any view of call trees: bytes allocated, allocations, bytes live at the peak, at
 * the end, at the first instant, or more of them at the second instant than at the first. NULL with err set when memory
 * ran out.
 */
struct profile *heap_profile_weigh(const struct heap_profile *heap, enum heap_weight weight, struct err *err);

/* Its call paths as a tree, in their order. 0, or -1 with err set; to be released in both cases. */
int heap_paths_link(const struct heap_profile *heap, struct tree_links *links, struct err *err);

void heap_profile_free(struct heap_profile *heap);

#endif
