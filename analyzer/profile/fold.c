#include "profile/fold.h"

/* Turns longer than this are not folded, and what was called further out than this is forgotten: it bounds the work. */
enum { TURN_MAX = 64, PATH_MAX_CALLS = 256 };

/* Was `callee` called by `caller` on the path from `node` outwards? */
static bool path_has_call(const struct calltree *tree, uint32_t node, uint32_t caller, uint32_t callee)
{
    const struct calltree_node *nodes = tree->nodes;
    for (unsigned i = 0; node != CALLTREE_ROOT && i < PATH_MAX_CALLS; i++, node = nodes[node].parent) {
        if (nodes[node].function == callee && nodes[nodes[node].parent].function == caller)
            return true;
    }
    return false;
}

uint32_t fold_find(const struct calltree *tree, uint32_t parent, uint32_t function)
{
    const struct calltree_node *nodes = tree->nodes;
    uint32_t caller = nodes[parent].function, found = parent;
    for (unsigned i = 0; nodes[found].function != function || nodes[nodes[found].parent].function != caller; i++) {
        if (found == CALLTREE_ROOT || i == TURN_MAX)
            return FOLD_NONE;
        found = nodes[found].parent;
    }
    for (uint32_t node = parent; node != found; node = nodes[node].parent) {
        if (!path_has_call(tree, found, nodes[nodes[node].parent].function, nodes[node].function))
            return FOLD_NONE;
    }
    return found;
}
