/*
 * The part of a call tree that is asked for.
 */
#ifndef SUBTREES_H
#define SUBTREES_H

#include "profile/calltree.h"

/* Which nodes; the arrays are by function, and NULL where they ask for nothing. */
struct subtree_filter {
    /* Only subtrees whose roots are calls of these: each becomes a child of the root, and equal ones are added up.
     * Inside a subtree everything stays; a wanted function below another one does not begin a subtree of its own. */
    const bool *wanted;
    const bool *ignored; /* these go with all that they call, as if they had not run: callers lose that time */
    const bool *hidden;  /* these are not told apart from their callers, as if they had not been traced */
    uint32_t depth;      /* frames below that many are not, either; 0: all are */
    uint64_t least;      /* nor are nodes with less inclusive time */
};

/*
 * Make `kept` (which this initialises) of the nodes of `tree` that the filter lets through; of these, what has calls or
 * time, and what leads there: outside of a window of time nodes have neither.
 *
 * is_kept[node] (tree->nr_nodes of them) tells which nodes went into it. numbers[function] becomes the function's
 * number in `kept`, counted from 0 in their order, or FUNCTION_UNUSED; *nr_functions (in: how many there are) how many
 * are in use. 0 or -1.
 */
int subtrees_keep(const struct calltree *tree, const struct subtree_filter *filter, struct calltree *kept,
                  bool *is_kept, uint32_t *numbers, uint32_t *nr_functions, struct err *err);

#define FUNCTION_UNUSED UINT32_MAX

#endif
