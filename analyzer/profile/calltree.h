/*
 * The call tree while it is being built: one node for each distinct call path.
 *
 * Used by replay.c (events), folded.c (stacks) and merge.c (profiles); profile_finish() turns it into a profile. Times
 * are in the unit of whoever builds it, 64 bit; for traces: ns.
 */
#ifndef CALLTREE_H
#define CALLTREE_H

#include "base/err.h"
#include "profile/profile.h"

#define CALLTREE_ROOT 0u

/* A new node has min UINT64_MAX and all else 0. */
struct calltree_node {
    uint32_t parent, function;
    uint64_t calls, inclusive, min, max, inlined_calls;
    uint64_t inherited; /* the part of inclusive that belongs to no call counted here: frames from before a fork */
    uint64_t stalled;   /* the part of its own time in which it waited for room in a ring */
    /* What is known of its own time once the tracer's cost is taken out (compensate.h): the true value is what was
     * recorded plus `correction`, or as much as `below` less or `above` more. */
    int64_t correction;
    uint64_t below, above;
};

/* Add the counts and times of one node to another of the same function. */
static inline void calltree_node_add(struct calltree_node *to, const struct calltree_node *from)
{
    to->calls += from->calls;
    to->inlined_calls += from->inlined_calls;
    to->inclusive = to->inclusive > UINT64_MAX - from->inclusive ? UINT64_MAX : to->inclusive + from->inclusive;
    to->inherited += from->inherited;
    to->stalled += from->stalled;
    to->correction += from->correction;
    to->below += from->below;
    to->above += from->above;
    to->min = from->min < to->min ? from->min : to->min;
    to->max = from->max > to->max ? from->max : to->max;
}

struct calltree {
    struct calltree_node *nodes; /* nodes[0] is the root */
    uint32_t nr_nodes;
    size_t capacity;
    uint32_t *slots; /* open addressing over (parent, function) */
    size_t nr_slots;
};

int calltree_init(struct calltree *tree, struct err *err);
void calltree_release(struct calltree *tree);

/*
 * The child of `parent` for `function`, made if need be. Amortised O(1). UINT32_MAX with err set when memory ran out or
 * the tree has 2^31 nodes.
 */
uint32_t calltree_child(struct calltree *tree, uint32_t parent, uint32_t function, struct err *err);

/*
 * Make the profile's nodes and the functions' totals from the tree. `profile->functions` holds the names (nr_functions
 * of them, indexed by the tree's function numbers), totals zero; labels, order and totals are set here, and
 * facts.max_depth. Functions that no node calls are dropped. 0 or -1.
 */
int profile_finish(struct profile *profile, const struct calltree *tree, struct err *err);

#endif
