#include "profile/edges.h"

#include <stdlib.h>

struct link {
    uint32_t caller, callee, node;
};

static int link_compare(const void *a, const void *b)
{
    const struct link *l = a, *m = b;
    if (l->caller != m->caller)
        return l->caller < m->caller ? -1 : 1;
    if (l->callee != m->callee)
        return l->callee < m->callee ? -1 : 1;
    return (l->node > m->node) - (l->node < m->node);
}

static void links_fill(struct link *links, const struct profile *profile)
{
    const struct profile_node *nodes = profile->nodes;
    for (uint32_t i = 1; i < profile->nr_nodes; i++)
        links[i - 1] = (struct link){nodes[nodes[i].parent].function, nodes[i].function, i}; /* the root's: none */
}

/* Make an edge of each run of equal links, and tell every node its edge. */
static void edges_fill(struct edges *edges, const struct link *links, uint32_t nr, uint32_t *edge_of,
                       const struct profile *profile)
{
    for (uint32_t i = 0; i < nr; i++) {
        if (i == 0 || links[i].caller != links[i - 1].caller || links[i].callee != links[i - 1].callee)
            edges->edges[edges->nr++] = (struct edge){.caller = links[i].caller, .callee = links[i].callee};
        edges->edges[edges->nr - 1].calls += profile->nodes[links[i].node].calls;
        edge_of[links[i].node] = (uint32_t)edges->nr - 1;
    }
}

/* Walk the tree; `active` counts the activations of every edge on the path. */
static void edges_time(struct edges *edges, const uint32_t *edge_of, uint32_t *active, const struct profile *profile)
{
    const struct profile_node *nodes = profile->nodes;
    for (uint32_t at = nodes[0].first_child; at != 0;) {
        if (active[edge_of[at]]++ == 0)
            edges->edges[edge_of[at]].inclusive_ns += nodes[at].inclusive_ns;
        if (nodes[at].first_child != 0) {
            at = nodes[at].first_child;
            continue;
        }
        active[edge_of[at]]--;
        while (at != 0 && nodes[at].next_sibling == 0) {
            at = nodes[at].parent;
            if (at != 0)
                active[edge_of[at]]--;
        }
        at = nodes[at].next_sibling;
    }
}

int edges_make(struct edges *edges, const struct profile *profile, struct err *err)
{
    size_t nr = profile->nr_nodes; /* at least 1, and one more than there can be edges */
    struct link *links = calloc(nr, sizeof(*links));
    uint32_t *edge_of = calloc(nr, sizeof(*edge_of)), *active = calloc(nr, sizeof(*active));
    *edges = (struct edges){.edges = calloc(nr, sizeof(*edges->edges))};
    int result = -1;
    if (!links || !edge_of || !active || !edges->edges) {
        edges_release(edges);
        err_set(err, ERR_INPUT, "out of memory");
        goto out;
    }
    links_fill(links, profile);
    qsort(links, nr - 1, sizeof(*links), link_compare);
    edges_fill(edges, links, (uint32_t)nr - 1, edge_of, profile);
    edges_time(edges, edge_of, active, profile);
    result = 0;
out:
    free(links);
    free(edge_of);
    free(active);
    return result;
}

void edges_release(struct edges *edges)
{
    free(edges->edges);
    *edges = (struct edges){0};
}
