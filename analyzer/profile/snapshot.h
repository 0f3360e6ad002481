/*
 * A snapshot of a heap, as a value for views: who retains what, by call path. Texts are untrusted.
 */
#ifndef SNAPSHOT_VALUE_H
#define SNAPSHOT_VALUE_H

#include "profile/retention.h"

/* The blocks of one call path. */
struct snapshot_path {
    struct heap_amount states[NR_BLOCK_STATES];
    uint64_t retained_bytes, retained_blocks; /* by all together: what one retains for another counts once */
    uint32_t largest;                         /* the node that retains most; 0: there is none */
};

struct snapshot {
    const char *source, *name; /* the image's file; the name that it was given, or "" */
    uint32_t pid;
    const char *why_incomplete;  /* of the image; NULL: it is complete */
    struct retention *retention; /* owned */
    struct profile *run;         /* owned: the facts of the run */
    struct heap_profile *heap;   /* owned: the call paths */
    struct snapshot_path *paths; /* as heap->nodes; owned */
};

/* "reachable", "possibly lost" … */
const char *block_state_name(enum block_state state);

/* Sum up the paths of a snapshot that has the rest. 0, or -1 with err set. */
int snapshot_sum(struct snapshot *snapshot, struct err *err);

/* What is live of a path's own blocks, in whatever state. */
struct heap_amount snapshot_live(const struct snapshot *snapshot, uint32_t path);

/* Frees what it owns. */
void snapshot_release(struct snapshot *snapshot);

#endif
