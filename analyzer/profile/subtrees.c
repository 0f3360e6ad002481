#include "profile/subtrees.h"

#include <stdlib.h>

/* Where a node of the tree is in the new one. */
struct place {
    uint32_t node;  /* its own, or the one that its time goes to */
    uint32_t depth; /* of that one */
    bool is_inside; /* a wanted function is on its path */
    bool is_ignored;
};

/* Which nodes go into the new tree. A parent's index is below its children's. */
static void nodes_mark(const struct calltree *tree, const struct subtree_filter *filter, struct place *places,
                       bool *is_kept)
{
    places[CALLTREE_ROOT] = (struct place){.is_inside = filter->wanted == NULL};
    is_kept[CALLTREE_ROOT] = false;
    for (uint32_t i = 1; i < tree->nr_nodes; i++) {
        const struct calltree_node *node = &tree->nodes[i];
        const struct place *parent = &places[node->parent];
        struct place place = {.is_inside = parent->is_inside || filter->wanted[node->function],
                              .is_ignored = parent->is_ignored || (filter->ignored && filter->ignored[node->function]),
                              .depth = parent->depth};
        bool is_hidden = (filter->hidden && filter->hidden[node->function]) || node->inclusive < filter->least ||
                         (filter->depth > 0 && parent->depth >= filter->depth);
        is_kept[i] = place.is_inside && !place.is_ignored && !is_hidden;
        place.depth += is_kept[i];
        places[i] = place;
    }
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

/* A node that is not kept: what is known of its own time belongs to that of the node that takes it. */
static void node_absorb(struct calltree_node *to, const struct calltree_node *from)
{
    to->stalled += from->stalled;
    to->correction += from->correction;
    to->below += from->below;
    to->above += from->above;
}

/* Take the time of an ignored call from all that are around it. */
static void node_forget(const struct calltree *tree, uint32_t ignored, struct calltree *kept,
                        const struct place *places, const bool *is_kept)
{
    uint64_t time = tree->nodes[ignored].inclusive;
    for (uint32_t at = tree->nodes[ignored].parent; at != CALLTREE_ROOT; at = tree->nodes[at].parent) {
        uint64_t *inclusive = &kept->nodes[places[at].node].inclusive;
        if (is_kept[at])
            *inclusive -= time < *inclusive ? time : *inclusive;
    }
}

static int nodes_keep(const struct calltree *tree, struct calltree *kept, struct place *places, const bool *is_kept,
                      const uint32_t *numbers, struct err *err)
{
    for (uint32_t i = 1; i < tree->nr_nodes; i++) {
        const struct calltree_node *from = &tree->nodes[i];
        uint32_t node = places[from->parent].node;
        if (is_kept[i])
            node = calltree_child(kept, node, numbers[from->function], err);
        if (node == UINT32_MAX)
            return -1;
        places[i].node = node;
        if (is_kept[i])
            calltree_node_add(&kept->nodes[node], from);
        else if (places[i].is_ignored && !places[from->parent].is_ignored)
            node_forget(tree, i, kept, places, is_kept);
        else if (!places[i].is_ignored && node != CALLTREE_ROOT)
            node_absorb(&kept->nodes[node], from);
    }
    return 0;
}

int subtrees_keep(const struct calltree *tree, const struct subtree_filter *filter, struct calltree *kept,
                  bool *is_kept, uint32_t *numbers, uint32_t *nr_functions, struct err *err)
{
    int result = -1;
    bool *busy = calloc((size_t)tree->nr_nodes + 1, sizeof(*busy));
    struct place *places = calloc((size_t)tree->nr_nodes + 1, sizeof(*places));
    if (calltree_init(kept, err) != 0)
        goto out;
    if (busy == NULL || places == NULL) {
        err_set(err, ERR_INPUT, "out of memory");
        goto out;
    }
    nodes_mark(tree, filter, places, is_kept);
    nodes_prune(tree, is_kept, busy);
    *nr_functions = functions_number(tree, is_kept, numbers, *nr_functions);
    result = nodes_keep(tree, kept, places, is_kept, numbers, err);
out:
    if (result != 0)
        calltree_release(kept);
    free(busy);
    free(places);
    return result;
}
