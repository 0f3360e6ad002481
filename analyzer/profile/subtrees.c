#include "profile/subtrees.h"

#include <stdlib.h>

/* Which nodes go into the new tree. A parent's index is below its children's. */
static void nodes_mark(const struct calltree *tree, const bool *wanted, bool *is_kept)
{
    is_kept[CALLTREE_ROOT] = wanted == NULL;
    for (uint32_t i = 1; i < tree->nr_nodes; i++)
        is_kept[i] = is_kept[tree->nodes[i].parent] || wanted[tree->nodes[i].function];
    is_kept[CALLTREE_ROOT] = false;
}

/* Take the mark from nodes below which nothing has calls or time; `busy` is scratch. */
static void nodes_prune(const struct calltree *tree, bool *is_kept, bool *busy)
{
    for (uint32_t i = tree->nr_nodes - 1; i > 0; i--) {
        const struct calltree_node *node = &tree->nodes[i];
        busy[i] = busy[i] || node->calls > 0 || node->inclusive > 0;
        busy[node->parent] = busy[node->parent] || busy[i];
        is_kept[i] = is_kept[i] && busy[i];
    }
}

/* Number the functions of marked nodes. */
static uint32_t functions_number(const struct calltree *tree, const bool *is_kept, uint32_t *numbers, uint32_t nr)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < nr; i++)
        numbers[i] = FUNCTION_UNUSED;
    for (uint32_t i = 1; i < tree->nr_nodes; i++) {
        if (is_kept[i])
            numbers[tree->nodes[i].function] = 0;
    }
    for (uint32_t i = 0; i < nr; i++) {
        if (numbers[i] != FUNCTION_UNUSED)
            numbers[i] = used++;
    }
    return used;
}

int subtrees_keep(const struct calltree *tree, const bool *wanted, struct calltree *kept, bool *is_kept,
                  uint32_t *numbers, uint32_t *nr_functions, struct err *err)
{
    int result = -1;
    bool *busy = calloc((size_t)tree->nr_nodes + 1, sizeof(*busy));
    uint32_t *to = calloc((size_t)tree->nr_nodes + 1, sizeof(*to)); /* a node's place in `kept` */
    if (calltree_init(kept, err) != 0)
        goto out;
    if (busy == NULL || to == NULL) {
        err_set(err, ERR_INPUT, "out of memory");
        goto out;
    }
    nodes_mark(tree, wanted, is_kept);
    nodes_prune(tree, is_kept, busy);
    *nr_functions = functions_number(tree, is_kept, numbers, *nr_functions);
    for (uint32_t i = 1; i < tree->nr_nodes; i++) {
        const struct calltree_node *from = &tree->nodes[i];
        if (!is_kept[i])
            continue;
        to[i] = calltree_child(kept, to[from->parent], numbers[from->function], err);
        if (to[i] == UINT32_MAX)
            goto out;
        calltree_node_add(&kept->nodes[to[i]], from);
    }
    result = 0;
out:
    if (result != 0)
        calltree_release(kept);
    free(busy);
    free(to);
    return result;
}
