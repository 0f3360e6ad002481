/*
 * The simple version of: Lengauer, Tarjan, A Fast Algorithm for Finding Dominators in a Flowgraph, TOPLAS 1 (1979).
 * Nodes are named by their number in a depth-first search throughout, from 1; 0 is no node. Nothing recurses: a list of
 * a million blocks is as deep.
 */
#include "profile/graph.h"

#include <stdlib.h>
#include <string.h>

struct finder {
    const struct graph *graph;
    uint32_t nr;        /* nodes that were reached */
    uint32_t *number;   /* of each node of the graph; 0: not reached */
    uint32_t *node;     /* the other way round */
    uint32_t *parent;   /* in the search */
    uint32_t *semi;     /* semidominator, as far as it is known */
    uint32_t *ancestor; /* in the forest; 0: a root of it */
    uint32_t *label;    /* the node with the least semi on the way up to the root of its tree */
    uint32_t *dominator;
    uint32_t *bucket, *next; /* nodes whose semidominator is the same: linked lists */
    uint32_t *stack;
    uint32_t *from_first, *from; /* edges backwards */
};

static uint32_t *numbers(size_t nr)
{
    return calloc(nr + 2, sizeof(uint32_t));
}

static int finder_init(struct finder *finder, const struct graph *graph)
{
    size_t nr = graph->nr_nodes;
    *finder = (struct finder){.graph = graph};
    uint32_t **arrays[] = {&finder->number, &finder->node,      &finder->parent, &finder->semi, &finder->ancestor,
                           &finder->label,  &finder->dominator, &finder->bucket, &finder->next, &finder->stack};
    int result = 0;
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        if ((*arrays[i] = numbers(nr)) == NULL)
            result = -1;
    finder->from_first = numbers(nr + 1);
    finder->from = numbers(graph->nr_edges);
    return finder->from_first == NULL || finder->from == NULL ? -1 : result;
}

static void finder_release(struct finder *finder)
{
    uint32_t *arrays[] = {finder->number,   finder->node,  finder->parent,     finder->semi,
                          finder->ancestor, finder->label, finder->dominator,  finder->bucket,
                          finder->next,     finder->stack, finder->from_first, finder->from};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        free(arrays[i]);
}

/* Number the nodes in the order of a depth-first search. `bucket` keeps how far each node's edges are done. */
static void search(struct finder *finder)
{
    const struct graph *graph = finder->graph;
    uint32_t depth = 0;
    finder->number[0] = ++finder->nr;
    finder->node[finder->nr] = 0;
    finder->stack[depth++] = 0;
    while (depth > 0) {
        uint32_t node = finder->stack[depth - 1], edge = graph->first[node] + finder->bucket[node];
        if (edge == graph->first[node + 1]) {
            depth--;
            continue;
        }
        finder->bucket[node]++;
        uint32_t to = graph->to[edge];
        if (finder->number[to] != 0)
            continue;
        finder->number[to] = ++finder->nr;
        finder->node[finder->nr] = to;
        finder->parent[finder->nr] = finder->number[node];
        finder->stack[depth++] = to;
    }
    memset(finder->bucket, 0, ((size_t)graph->nr_nodes + 2) * sizeof(*finder->bucket));
}

/* The edges between nodes that were reached, by where they lead to. */
static void edges_turn(struct finder *finder)
{
    const struct graph *graph = finder->graph;
    uint32_t *first = finder->from_first;
    for (uint32_t i = 0; i < graph->nr_nodes; i++)
        for (uint32_t e = graph->first[i]; finder->number[i] != 0 && e < graph->first[i + 1]; e++)
            first[finder->number[graph->to[e]] + 1]++;
    for (uint32_t i = 1; i <= finder->nr + 1; i++)
        first[i] += first[i - 1];
    for (uint32_t i = 0; i < graph->nr_nodes; i++)
        for (uint32_t e = graph->first[i]; finder->number[i] != 0 && e < graph->first[i + 1]; e++)
            finder->from[first[finder->number[graph->to[e]]] + finder->next[finder->number[graph->to[e]]]++] =
                finder->number[i];
    memset(finder->next, 0, ((size_t)graph->nr_nodes + 2) * sizeof(*finder->next));
}

/* The node with the least semidominator on the way up from `node`, without the root of the tree; the way gets shorter.
 */
static uint32_t evaluate(struct finder *finder, uint32_t node)
{
    uint32_t depth = 0;
    if (finder->ancestor[node] == 0)
        return node;
    for (uint32_t at = node; finder->ancestor[finder->ancestor[at]] != 0; at = finder->ancestor[at])
        finder->stack[depth++] = at;
    while (depth > 0) {
        uint32_t at = finder->stack[--depth], above = finder->ancestor[at];
        if (finder->semi[finder->label[above]] < finder->semi[finder->label[at]])
            finder->label[at] = finder->label[above];
        finder->ancestor[at] = finder->ancestor[above];
    }
    return finder->label[node];
}

static void dominators_find(struct finder *finder)
{
    for (uint32_t i = 1; i <= finder->nr; i++)
        finder->semi[i] = finder->label[i] = i;
    for (uint32_t i = finder->nr; i > 1; i--) {
        for (uint32_t e = finder->from_first[i]; e < finder->from_first[i + 1]; e++) {
            uint32_t least = evaluate(finder, finder->from[e]);
            if (finder->semi[least] < finder->semi[i])
                finder->semi[i] = finder->semi[least];
        }
        finder->next[i] = finder->bucket[finder->semi[i]];
        finder->bucket[finder->semi[i]] = i;
        uint32_t parent = finder->ancestor[i] = finder->parent[i];
        for (uint32_t at = finder->bucket[parent]; at != 0; at = finder->next[at]) {
            uint32_t least = evaluate(finder, at);
            finder->dominator[at] = finder->semi[least] < finder->semi[at] ? least : parent;
        }
        finder->bucket[parent] = 0;
    }
    for (uint32_t i = 2; i <= finder->nr; i++)
        if (finder->dominator[i] != finder->semi[i])
            finder->dominator[i] = finder->dominator[finder->dominator[i]];
}

uint32_t graph_dominators(const struct graph *graph, uint32_t *dominators, uint32_t *order, struct err *err)
{
    struct finder finder;
    uint32_t nr = 0;
    if (finder_init(&finder, graph) != 0) {
        err_set(err, ERR_INPUT, "out of memory: a graph of %u nodes", graph->nr_nodes);
    } else {
        search(&finder);
        edges_turn(&finder);
        dominators_find(&finder);
        memset(dominators, 0xff, graph->nr_nodes * sizeof(*dominators));
        for (uint32_t i = 1; i <= finder.nr; i++)
            order[i - 1] = finder.node[i];
        for (uint32_t i = 2; i <= finder.nr; i++)
            dominators[finder.node[i]] = finder.node[finder.dominator[i]];
        nr = finder.nr;
    }
    finder_release(&finder);
    return nr;
}

int graph_ways(const struct graph *graph, uint32_t *before, struct err *err)
{
    uint32_t *queue = malloc(((size_t)graph->nr_nodes + 1) * sizeof(*queue));
    if (queue == NULL)
        return err_set(err, ERR_INPUT, "out of memory: a graph of %u nodes", graph->nr_nodes);
    uint32_t head = 0, tail = 0;
    memset(before, 0xff, graph->nr_nodes * sizeof(*before));
    queue[tail++] = 0;
    while (head < tail) {
        uint32_t node = queue[head++];
        for (uint32_t e = graph->first[node]; e < graph->first[node + 1]; e++) {
            uint32_t to = graph->to[e];
            if (to == 0 || before[to] != GRAPH_NONE)
                continue;
            before[to] = node;
            queue[tail++] = to;
        }
    }
    free(queue);
    return 0;
}
