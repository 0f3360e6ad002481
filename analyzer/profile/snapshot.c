#include "profile/snapshot.h"

#include <stdlib.h>

const char *block_state_name(enum block_state state)
{
    static const char *const names[NR_BLOCK_STATES] = {[BLOCK_REACHABLE] = "reachable",
                                                       [BLOCK_POSSIBLY_LOST] = "possibly lost",
                                                       [BLOCK_LOST] = "definitely lost",
                                                       [BLOCK_INDIRECTLY_LOST] = "indirectly lost"};
    return names[state];
}

static void path_add(struct snapshot *snapshot, uint32_t number)
{
    const struct retention_node *node = &snapshot->retention->nodes[number];
    struct snapshot_path *path = &snapshot->paths[node->path];
    if (node->is_gone)
        return;
    path->states[node->state].blocks++;
    path->states[node->state].bytes += node->bytes;
    if (path->largest == 0 || node->retained_bytes > snapshot->retention->nodes[path->largest].retained_bytes)
        path->largest = number;
}

/* The dominator tree as lists: below each node its first child, and beside it the next one. */
static void children_list(const struct retention *retention, uint32_t *child, uint32_t *sibling)
{
    for (uint32_t i = retention->nr_order; i-- > 1;) {
        uint32_t node = retention->order[i], dominator = retention->nodes[node].dominator;
        sibling[node] = child[dominator];
        child[dominator] = node;
    }
}

/* Down the tree: a block counts for its path where no other of that path lies around it. */
static void retained_add(struct snapshot *snapshot, const uint32_t *child, const uint32_t *sibling, uint32_t *inside)
{
    const struct retention *retention = snapshot->retention;
    uint32_t at = NODE_ROOT;
    for (;;) {
        const struct retention_node *node = &retention->nodes[at];
        bool is_block = at >= retention->first_block && at < retention->lost;
        if (is_block && inside[node->path]++ == 0) {
            snapshot->paths[node->path].retained_bytes += node->retained_bytes;
            snapshot->paths[node->path].retained_blocks += node->retained_blocks;
        }
        if (child[at] != 0) {
            at = child[at];
            continue;
        }
        for (;;) { /* up, until there is a way beside */
            node = &retention->nodes[at];
            if (at >= retention->first_block && at < retention->lost)
                inside[node->path]--;
            if (at == NODE_ROOT)
                return;
            if (sibling[at] != 0)
                break;
            at = node->dominator;
        }
        at = sibling[at];
    }
}

int snapshot_sum(struct snapshot *snapshot, struct err *err)
{
    const struct retention *retention = snapshot->retention;
    uint32_t *child = calloc(retention->nr_nodes, sizeof(*child));
    uint32_t *sibling = calloc(retention->nr_nodes, sizeof(*sibling));
    uint32_t *inside = calloc((size_t)snapshot->heap->nr_nodes + 1, sizeof(*inside));
    snapshot->paths = calloc((size_t)snapshot->heap->nr_nodes + 1, sizeof(*snapshot->paths));
    int result = 0;
    if (child == NULL || sibling == NULL || inside == NULL || snapshot->paths == NULL) {
        result = err_set(err, ERR_INPUT, "out of memory");
    } else {
        for (uint32_t i = retention->first_block; i < retention->lost; i++)
            path_add(snapshot, i);
        children_list(retention, child, sibling);
        retained_add(snapshot, child, sibling, inside);
    }
    free(child);
    free(sibling);
    free(inside);
    return result;
}

void snapshot_release(struct snapshot *snapshot)
{
    retention_free(snapshot->retention);
    heap_profile_free(snapshot->heap);
    profile_free(snapshot->run);
    free(snapshot->paths);
    *snapshot = (struct snapshot){0};
}
