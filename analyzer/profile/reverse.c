#include "profile/reverse.h"

#include "profile/calltree.h"

#include <stdlib.h>
#include <string.h>

/* The way from a node to the root. */
static int callers_add(struct calltree *tree, const struct profile *profile, uint32_t from, struct err *err)
{
    const struct profile_node *nodes = profile->nodes;
    uint32_t node = CALLTREE_ROOT;
    for (uint32_t at = from; at != 0; at = nodes[at].parent) {
        node = calltree_child(tree, node, nodes[at].function, err);
        if (node == UINT32_MAX)
            return -1;
        tree->nodes[node].inclusive += nodes[from].exclusive_ns;
        tree->nodes[node].calls += nodes[from].calls;
    }
    return 0;
}

static int nodes_add(struct profile *reversed, const struct profile *profile, struct calltree *tree, struct err *err)
{
    for (uint32_t i = 1; i < profile->nr_nodes; i++)
        if (profile->nodes[i].exclusive_ns > 0 && callers_add(tree, profile, i, err) != 0)
            return -1;
    reversed->facts = profile->facts;
    reversed->functions =
        arena_array(&reversed->arena, (size_t)profile->nr_functions + 1, sizeof(*reversed->functions));
    if (reversed->functions == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    reversed->nr_functions = profile->nr_functions;
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        const struct profile_function *from = &profile->functions[i];
        reversed->functions[i] = (struct profile_function){
            .name = from->name, .module = from->module, .file = from->file, .line = from->line, .kind = from->kind};
    }
    return profile_finish(reversed, tree, err);
}

struct profile *profile_reverse(const struct profile *profile, struct err *err)
{
    struct calltree tree;
    struct profile *reversed = calloc(1, sizeof(*reversed));
    if (reversed == NULL) {
        err_set(err, ERR_INPUT, "out of memory");
        return NULL;
    }
    arena_init(&reversed->arena, 0);
    int result = calltree_init(&tree, err) == 0 ? nodes_add(reversed, profile, &tree, err) : -1;
    calltree_release(&tree);
    if (result == 0)
        return reversed;
    profile_free(reversed);
    return NULL;
}
