/*
 * Folding recursion, so that the call tree grows with what is called from where and not with how deep.
 *
 * A call is folded onto the innermost open call of the same function from the same function when everything that has
 * been called in between was called before on the same path: recursion shows its first turn as it is, and what starts
 * the second; all further turns are added to that. What a report says of functions, and of callers and callees, stays
 * exactly what it is without folding: calls and own times are moved to a node with the same function and the same
 * caller, and inclusive times (recursion counted once) are those of nodes further out.
 */
#ifndef FOLD_H
#define FOLD_H

#include "profile/calltree.h"

#define FOLD_NONE CALLTREE_ROOT

/* The node onto which a call of `function` from `parent` is folded; FOLD_NONE: it is not. */
uint32_t fold_find(const struct calltree *tree, uint32_t parent, uint32_t function);

#endif
