/*
 * A directed graph, and what lies on every way to a node.
 */
#ifndef GRAPH_H
#define GRAPH_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Edges of node i: to[first[i]] … to[first[i + 1] - 1]. Node 0 is the root. */
struct graph {
    uint32_t nr_nodes, nr_edges;
    const uint32_t *first; /* nr_nodes + 1 */
    const uint32_t *to;
};

#define GRAPH_NONE UINT32_MAX

/*
 * The immediate dominator of each node: the last one that all ways from the root to it have in common; of the root and
 * of what cannot be reached GRAPH_NONE. `order` gets the nodes that can be reached, each behind its dominator. Returns
 * how many these are; 0 with err set when memory ran out. Time O(edges × log nodes), whatever the graph.
 */
uint32_t graph_dominators(const struct graph *graph, uint32_t *dominators, uint32_t *order, struct err *err);

/* The node before each on a shortest way from the root; GRAPH_NONE as above. 0 or -1. */
int graph_ways(const struct graph *graph, uint32_t *before, struct err *err);

#endif
