#include "profile/compensate.h"

#include <stdlib.h>

/* The part of `own_ns` that the node waited for room in the ring: not the program's time. */
static uint64_t stall_ns(const struct calltree_node *node, uint64_t own_ns)
{
    return node->stalled < own_ns ? node->stalled : own_ns;
}

int compensate(struct calltree *tree, struct err *err)
{
    /* Of each node, until it is reached: the time of its children, which lie behind it. */
    uint64_t *children_ns = calloc(tree->nr_nodes, sizeof(*children_ns));
    if (children_ns == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = tree->nr_nodes - 1; i > 0; i--) {
        struct calltree_node *node = &tree->nodes[i];
        uint64_t own_ns = node->inclusive > children_ns[i] ? node->inclusive - children_ns[i] : 0;
        children_ns[node->parent] += node->inclusive;
        node->correction = -(int64_t)stall_ns(node, own_ns);
    }
    free(children_ns);
    return 0;
}
