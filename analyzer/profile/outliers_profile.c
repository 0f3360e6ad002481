#include "profile/outliers_profile.h"

#include "profile/calltree.h"

#include <stdlib.h>
#include <string.h>

/* A parent's index is below its children's, so that a node's parent is there. */
static int tree_fill(struct calltree *tree, const struct outliers *outliers, bool slow, struct err *err)
{
    uint64_t nr_calls = slow ? outliers->nr_slow : outliers->nr_typical;
    uint32_t *nodes = calloc(outliers->nr_nodes, sizeof(*nodes)); /* where they are in the tree */
    if (!nodes)
        return err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = 1; i < outliers->nr_nodes; i++) {
        const struct outlier_node *from = &outliers->nodes[i];
        const struct outlier_side *side = slow ? &from->slow : &from->typical;
        if (side->calls == 0)
            continue; /* nor has it callees */
        nodes[i] = calltree_child(tree, nodes[from->parent], from->function, err);
        if (nodes[i] == UINT32_MAX)
            break;
        struct calltree_node *node = &tree->nodes[nodes[i]];
        node->calls = side->calls;
        node->inclusive = side->inclusive_ns / nr_calls;
        node->min = node->max = side->inclusive_ns / side->calls;
    }
    free(nodes);
    return err->code == ERR_NONE ? 0 : -1;
}

struct profile *outliers_profile(const struct outliers *outliers, bool slow, const struct profile_function *functions,
                                 uint32_t nr_functions, const char *source, struct err *err)
{
    struct calltree tree = {0};
    struct profile *profile = calloc(1, sizeof(*profile));
    if (!profile) {
        err_set(err, ERR_INPUT, "out of memory");
        return NULL;
    }
    arena_init(&profile->arena, 0);
    profile->facts = (struct profile_facts){
        .source = source, .command = "", .host = "", .nr_traces = 1, .complete = true, .has_calls = true, .unit = "ns"};
    profile->functions = arena_array(&profile->arena, (size_t)nr_functions + 1, sizeof(*functions));
    profile->nr_functions = nr_functions;
    if (profile->functions)
        memcpy(profile->functions, functions, nr_functions * sizeof(*functions));
    if (!profile->functions || calltree_init(&tree, err) != 0 || tree_fill(&tree, outliers, slow, err) != 0 ||
        profile_finish(profile, &tree, err) != 0) {
        err_set(err, ERR_INPUT, "out of memory");
        profile_free(profile);
        profile = NULL;
    }
    calltree_release(&tree);
    return profile;
}
