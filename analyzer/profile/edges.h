/*
 * Who calls whom: the call tree folded to pairs of functions.
 *
 * Time through an edge is inclusive time of the callee when called by the caller, recursion counted once: a call below
 * another call over the same edge adds to the calls and not to the time.
 */
#ifndef EDGES_H
#define EDGES_H

#include "profile/profile.h"
#include "base/err.h"

#define EDGE_NO_CALLER UINT32_MAX /* the first function of a thread */

struct edge {
    uint32_t caller; /* index into functions, or EDGE_NO_CALLER */
    uint32_t callee;
    uint64_t calls, inclusive_ns;
};

struct edges {
    struct edge *edges; /* by caller, then by callee; those without a caller come last */
    size_t nr;
};

int edges_make(struct edges *edges, const struct profile *profile, struct err *err);
void edges_release(struct edges *edges);

#endif
