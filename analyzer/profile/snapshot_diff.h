/*
 * How one snapshot differs from another, by call path: the same functions, by name and object file.
 */
#ifndef SNAPSHOT_DIFF_H
#define SNAPSHOT_DIFF_H

#include "profile/snapshot.h"

struct snapshot_change {
    uint32_t before_path, after_path;           /* of their heaps' nodes; GRAPH_NONE: there is none in that one */
    struct heap_amount before, after;           /* live on exactly that path */
    struct heap_amount lost_before, lost_after; /* of these: definitely or indirectly lost */
};

struct snapshot_diff {
    const struct snapshot *before, *after;
    struct snapshot_change *changes; /* paths on which something is live in one of them; what grew most comes first */
    uint32_t nr;
};

/* 0, or -1 with err set; to be released in both cases. The snapshots must outlive it. */
int snapshot_diff_make(struct snapshot_diff *diff, const struct snapshot *before, const struct snapshot *after,
                       struct err *err);
void snapshot_diff_release(struct snapshot_diff *diff);

#endif
