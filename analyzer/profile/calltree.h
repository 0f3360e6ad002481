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
    uint64_t repeated;  /* beside inclusive: the times of calls that are folded into it or out of it (below) */
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
    to->repeated += from->repeated;
    to->stalled += from->stalled;
    to->correction += from->correction;
    to->below += from->below;
    to->above += from->above;
    to->min = from->min < to->min ? from->min : to->min;
    to->max = from->max > to->max ? from->max : to->max;
}

/* A call that does not get a node of its own. */
struct calltree_alias {
    uint32_t parent, function, node;
};

/*
 * With `folds`, recursion is folded (fold.h): a call can get the node of a call that is still open further out on its
 * path. With `nr_nodes_max`, a tree of that size has a function only once on a path, and one that is a quarter larger
 * gets no new paths at all: a call gets the node of its function further out, or directly below the root, and `cut` is
 * set. In all these cases the node's parent is not the one that was asked for, and whoever adds times has to see to it
 * that they are counted once: time of such a call belongs to none of the nodes between. What is taken from a node's
 * inclusive time for that is added to its `repeated`, so that inclusive + repeated is the sum of the times of all its
 * calls.
 */
struct calltree {
    struct calltree_node *nodes; /* nodes[0] is the root */
    uint32_t nr_nodes;
    size_t capacity;
    struct calltree_alias *aliases;
    uint32_t nr_aliases;
    size_t aliases_capacity;
    uint32_t *slots; /* open addressing over (parent, function) */
    size_t nr_slots;
    bool folds, cut;
    uint32_t nr_nodes_max; /* 0: as many as fit */
};

int calltree_init(struct calltree *tree, struct err *err);
void calltree_release(struct calltree *tree);

/*
 * The node of a call of `function` from `parent`, made if need be. Amortised O(1). UINT32_MAX with err set when memory
 * ran out or the tree has 2^31 nodes.
 */
uint32_t calltree_child(struct calltree *tree, uint32_t parent, uint32_t function, struct err *err);

/*
 * Make the profile's nodes and the functions' totals from the tree. `profile->functions` holds the names (nr_functions
 * of them, indexed by the tree's function numbers), totals zero; labels, order and totals are set here, and
 * facts.max_depth. Functions that no node calls are dropped. 0 or -1.
 */
int profile_finish(struct profile *profile, const struct calltree *tree, struct err *err);

#endif
