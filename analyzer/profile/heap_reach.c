#include "profile/heap_reach.h"

#include <stdlib.h>

struct flood {
    struct retention *retention;
    bool *seen;      /* the state of a node is known */
    uint32_t *stack; /* blocks whose pointers are still to be followed */
    uint32_t depth;
};

static void block_take(struct flood *flood, uint32_t block, enum block_state state)
{
    flood->seen[block] = true;
    flood->retention->nodes[block].state = state;
    flood->stack[flood->depth++] = block;
}

/* Follow the pointers of a node to blocks that nobody has come to: all, or only those to their beginnings. */
static void pointers_follow(struct flood *flood, uint32_t node, enum block_state state, bool interior_too)
{
    const struct retention *retention = flood->retention;
    for (uint32_t e = retention->first[node]; e < retention->first[node + 1]; e++) {
        uint32_t to = retention->to[e];
        if (to < retention->first_block || to >= retention->lost || flood->seen[to] ||
            (retention->edges[e].is_interior && !interior_too))
            continue;
        block_take(flood, to, state);
    }
}

static void stack_empty(struct flood *flood, enum block_state state, bool interior_too)
{
    while (flood->depth > 0)
        pointers_follow(flood, flood->stack[--flood->depth], state, interior_too);
}

/*
 * What is left is lost. Each block in turn is the first of what it leads to; what was the first of something and is
 * then led to is so no more.
 */
static void lost_find(struct flood *flood)
{
    struct retention *retention = flood->retention;
    for (uint32_t i = retention->first_block; i < retention->lost; i++) {
        if (flood->seen[i])
            continue;
        block_take(flood, i, BLOCK_LOST);
        while (flood->depth > 0) {
            uint32_t node = flood->stack[--flood->depth];
            pointers_follow(flood, node, BLOCK_INDIRECTLY_LOST, true);
            for (uint32_t e = retention->first[node]; e < retention->first[node + 1]; e++)
                if (retention->to[e] != i && retention->nodes[retention->to[e]].state == BLOCK_LOST)
                    retention->nodes[retention->to[e]].state = BLOCK_INDIRECTLY_LOST;
        }
    }
}

int heap_reach(struct retention *retention, struct err *err)
{
    struct flood flood = {.retention = retention,
                          .seen = calloc(retention->nr_nodes, sizeof(bool)),
                          .stack = calloc((size_t)retention->nr_nodes + 1, sizeof(uint32_t))};
    int result = flood.seen == NULL || flood.stack == NULL ? err_set(err, ERR_INPUT, "out of memory") : 0;
    if (result == 0) {
        for (uint32_t i = NODE_MOVED; i < retention->first_block; i++)
            pointers_follow(&flood, i, BLOCK_REACHABLE, false);
        stack_empty(&flood, BLOCK_REACHABLE, false);
        for (uint32_t i = NODE_MOVED; i < retention->lost; i++)
            if (i < retention->first_block || flood.seen[i])
                pointers_follow(&flood, i, BLOCK_POSSIBLY_LOST, true);
        stack_empty(&flood, BLOCK_POSSIBLY_LOST, true);
        lost_find(&flood);
    }
    free(flood.seen);
    free(flood.stack);
    return result;
}
