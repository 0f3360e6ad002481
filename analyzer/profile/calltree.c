#include "profile/calltree.h"

#include "profile/fold.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN  1024u
#define NODES_MAX  (1u << 31)
#define SLOT_EMPTY 0u         /* the root is nobody's child, so its index is free for this */
#define SLOT_ALIAS (1u << 31) /* the rest is the number of an alias */

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
    free(tree->aliases);
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

/* What a slot stands for. */
static struct calltree_alias slot_call(const struct calltree *tree, uint32_t slot)
{
    if (slot & SLOT_ALIAS)
        return tree->aliases[slot & ~SLOT_ALIAS];
    return (struct calltree_alias){tree->nodes[slot].parent, tree->nodes[slot].function, slot};
}

/* The slot of a call, or the empty one where it would be. */
static size_t slot_find(const struct calltree *tree, uint32_t parent, uint32_t function)
{
    size_t at = slot_of(tree, parent, function);
    for (; tree->slots[at] != SLOT_EMPTY; at = (at + 1) & (tree->nr_slots - 1)) {
        struct calltree_alias call = slot_call(tree, tree->slots[at]);
        if (call.parent == parent && call.function == function)
            break;
    }
    return at;
}

/* Twice the slots: at most half of them are taken. */
static int slots_grow(struct calltree *tree)
{
    uint32_t *old = tree->slots;
    size_t nr_old = tree->nr_slots;
    uint32_t *slots = calloc(2 * nr_old, sizeof(*slots));
    if (!slots)
        return -1;
    tree->slots = slots;
    tree->nr_slots = 2 * nr_old;
    for (size_t i = 0; i < nr_old; i++) {
        if (old[i] == SLOT_EMPTY)
            continue;
        struct calltree_alias call = slot_call(tree, old[i]);
        size_t at = slot_of(tree, call.parent, call.function);
        while (slots[at] != SLOT_EMPTY)
            at = (at + 1) & (tree->nr_slots - 1);
        slots[at] = old[i];
    }
    free(old);
    return 0;
}

/* Room for one more node and one more alias. */
static int calltree_reserve(struct calltree *tree)
{
    struct calltree_node *nodes = array_grow(tree->nodes, tree->nr_nodes, &tree->capacity, sizeof(*nodes));
    if (!nodes)
        return -1;
    tree->nodes = nodes;
    struct calltree_alias *aliases =
        array_grow(tree->aliases, tree->nr_aliases, &tree->aliases_capacity, sizeof(*aliases));
    if (!aliases)
        return -1;
    tree->aliases = aliases;
    return 2 * ((size_t)tree->nr_nodes + tree->nr_aliases) < tree->nr_slots ? 0 : slots_grow(tree);
}

/*
 * The tree has become too large. A call gets the node of its function further out on its path, and a new one only when
 * there is none: such trees are small. When that was too much as well, it gets a node at the top.
 */
static uint32_t node_cut(struct calltree *tree, uint32_t parent, uint32_t function, struct err *err)
{
    tree->cut = true;
    for (uint32_t node = parent; node != CALLTREE_ROOT; node = tree->nodes[node].parent) {
        if (tree->nodes[node].function == function)
            return node;
    }
    bool full = tree->nr_nodes >= tree->nr_nodes_max + tree->nr_nodes_max / 4;
    return full && parent != CALLTREE_ROOT ? calltree_child(tree, CALLTREE_ROOT, function, err) : CALLTREE_ROOT;
}

/* A call that is not in the tree yet. */
static uint32_t calltree_add(struct calltree *tree, uint32_t parent, uint32_t function, struct err *err)
{
    uint32_t node = tree->folds ? fold_find(tree, parent, function) : FOLD_NONE;
    if (node == FOLD_NONE && tree->nr_nodes_max > 0 && tree->nr_nodes >= tree->nr_nodes_max) {
        node = node_cut(tree, parent, function, err);
        if (node != CALLTREE_ROOT)
            return node;
    }
    if (tree->nr_nodes >= NODES_MAX || tree->nr_aliases >= NODES_MAX || calltree_reserve(tree) != 0) {
        err_set(err, ERR_INPUT, "out of memory: the call tree has %u nodes", tree->nr_nodes);
        return UINT32_MAX;
    }
    size_t at = slot_find(tree, parent, function);
    if (node != FOLD_NONE) {
        tree->slots[at] = SLOT_ALIAS | tree->nr_aliases;
        tree->aliases[tree->nr_aliases++] = (struct calltree_alias){parent, function, node};
        return node;
    }
    tree->slots[at] = tree->nr_nodes;
    tree->nodes[tree->nr_nodes] = (struct calltree_node){.parent = parent, .function = function, .min = UINT64_MAX};
    return tree->nr_nodes++;
}

uint32_t calltree_child(struct calltree *tree, uint32_t parent, uint32_t function, struct err *err)
{
    uint32_t slot = tree->slots[slot_find(tree, parent, function)];
    if (slot == SLOT_EMPTY)
        return calltree_add(tree, parent, function, err);
    return slot_call(tree, slot).node;
}
