#include "profile/calltree.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN  1024u
#define NODES_MAX  (1u << 31)
#define SLOT_EMPTY 0u /* the root is nobody's child, so its index is free for this */

int calltree_init(struct calltree *tree, struct err *err)
{
    *tree = (struct calltree){.capacity = SLOTS_MIN / 2, .nr_slots = SLOTS_MIN};
    tree->nodes = calloc(tree->capacity, sizeof(*tree->nodes));
    tree->slots = calloc(tree->nr_slots, sizeof(*tree->slots));
    if (!tree->nodes || !tree->slots) {
        calltree_release(tree);
        return err_set(err, ERR_INPUT, "out of memory");
    }
    tree->nodes[0] = (struct calltree_node){.function = UINT32_MAX};
    tree->nr_nodes = 1;
    return 0;
}

void calltree_release(struct calltree *tree)
{
    free(tree->nodes);
    free(tree->slots);
    *tree = (struct calltree){0};
}

/* Parents and functions are small dense numbers: one multiplication spreads the pair over the high bits. */
static size_t slot_of(const struct calltree *tree, uint32_t parent, uint32_t function)
{
    uint64_t key = (uint64_t)parent << 32 | function;
    key = (key ^ key >> 29) * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(key >> 20) & (tree->nr_slots - 1);
}

/* Twice the slots and room for half as many nodes: the load stays below one half. */
static int calltree_grow(struct calltree *tree)
{
    size_t capacity = 2 * tree->capacity, nr_slots = 2 * tree->nr_slots;
    if (capacity > SIZE_MAX / sizeof(*tree->nodes))
        return -1;
    struct calltree_node *nodes = realloc(tree->nodes, capacity * sizeof(*nodes));
    if (!nodes)
        return -1;
    tree->nodes = nodes;
    uint32_t *slots = calloc(nr_slots, sizeof(*slots));
    if (!slots)
        return -1;
    free(tree->slots);
    tree->slots = slots;
    tree->nr_slots = nr_slots;
    tree->capacity = capacity;
    for (uint32_t i = 1; i < tree->nr_nodes; i++) {
        size_t at = slot_of(tree, nodes[i].parent, nodes[i].function);
        while (slots[at] != SLOT_EMPTY)
            at = (at + 1) & (nr_slots - 1);
        slots[at] = i;
    }
    return 0;
}

static uint32_t calltree_add(struct calltree *tree, size_t at, uint32_t parent, uint32_t function, struct err *err)
{
    if (tree->nr_nodes == tree->capacity) {
        if (tree->nr_nodes >= NODES_MAX || calltree_grow(tree) != 0) {
            err_set(err, ERR_INPUT, "out of memory: the call tree has %u nodes", tree->nr_nodes);
            return UINT32_MAX;
        }
        at = slot_of(tree, parent, function);
        while (tree->slots[at] != SLOT_EMPTY)
            at = (at + 1) & (tree->nr_slots - 1);
    }
    uint32_t child = tree->nr_nodes++;
    tree->nodes[child] = (struct calltree_node){.parent = parent, .function = function, .min = UINT64_MAX};
    tree->slots[at] = child;
    return child;
}

uint32_t calltree_child(struct calltree *tree, uint32_t parent, uint32_t function, struct err *err)
{
    size_t at = slot_of(tree, parent, function);
    for (; tree->slots[at] != SLOT_EMPTY; at = (at + 1) & (tree->nr_slots - 1)) {
        const struct calltree_node *node = &tree->nodes[tree->slots[at]];
        if (node->parent == parent && node->function == function)
            return tree->slots[at];
    }
    return calltree_add(tree, at, parent, function, err);
}
