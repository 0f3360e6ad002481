/*
 * The part of a call tree that lies below chosen functions.
 */
#ifndef SUBTREES_H
#define SUBTREES_H

#include "profile/calltree.h"

/*
 * Make `kept` (which this initialises) of the nodes of `tree` that are asked for:
 *
 * - With `wanted` (by function), the subtrees whose roots are calls of wanted functions: each becomes a child of the
 *   root, and equal ones are added up. Inside a subtree everything stays, also functions that are not wanted; a wanted
 *   function below another one does not begin a subtree of its own. NULL: all nodes.
 * - Of these, what has calls or time, and what leads there: outside of a window of time nodes have neither.
 *
 * is_kept[node] (tree->nr_nodes of them) tells which nodes went into it. numbers[function] becomes the function's
 * number in `kept`, counted from 0 in their order, or FUNCTION_UNUSED; *nr_functions (in: how many there are) how many
 * are in use. 0 or -1.
 */
int subtrees_keep(const struct calltree *tree, const bool *wanted, struct calltree *kept, bool *is_kept,
                  uint32_t *numbers, uint32_t *nr_functions, struct err *err);

#define FUNCTION_UNUSED UINT32_MAX

#endif
