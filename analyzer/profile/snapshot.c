#include "profile/snapshot.h"

#include "base/tree_links.h"

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

struct retained {
    struct snapshot *snapshot;
    uint32_t *inside; /* of each path: blocks of it that lie around the node that is visited */
};

static bool is_block(const struct retention *retention, uint32_t node)
{
    return node >= retention->first_block && node < retention->lost;
}

/* Down the tree of dominators: a block counts for its path where no other of that path lies around it. */
static void node_enter(void *context, uint32_t number, bool is_first)
{
    const struct retained *retained = context;
    const struct retention_node *node = &retained->snapshot->retention->nodes[number];
    (void)is_first;
    if (!is_block(retained->snapshot->retention, number) || retained->inside[node->path]++ > 0)
        return;
    retained->snapshot->paths[node->path].retained_bytes += node->retained_bytes;
    retained->snapshot->paths[node->path].retained_blocks += node->retained_blocks;
}

static void node_leave(void *context, uint32_t number)
{
    const struct retained *retained = context;
    if (is_block(retained->snapshot->retention, number))
        retained->inside[retained->snapshot->retention->nodes[number].path]--;
}

int snapshot_sum(struct snapshot *snapshot, struct err *err)
{
    const struct retention *retention = snapshot->retention;
    struct retained retained = {.snapshot = snapshot,
                                .inside = calloc((size_t)snapshot->heap->nr_nodes + 1, sizeof(*retained.inside))};
    const struct tree_visitor visitor = {.context = &retained, .enter = node_enter, .leave = node_leave};
    struct tree_links dominators;
    int result = tree_links_init(&dominators, retention->nr_nodes);
    snapshot->paths = calloc((size_t)snapshot->heap->nr_nodes + 1, sizeof(*snapshot->paths));
    if (result != 0 || retained.inside == NULL || snapshot->paths == NULL) {
        result = err_set(err, ERR_INPUT, "out of memory");
    } else {
        for (uint32_t i = retention->first_block; i < retention->lost; i++)
            path_add(snapshot, i);
        for (uint32_t i = retention->nr_order; i-- > 1;)
            tree_links_add(&dominators, retention->nodes[retention->order[i]].dominator, retention->order[i]);
        tree_links_visit(&dominators, &visitor);
    }
    tree_links_release(&dominators);
    free(retained.inside);
    return result;
}

struct heap_amount snapshot_live(const struct snapshot *snapshot, uint32_t path)
{
    struct heap_amount sum = {0};
    for (unsigned i = 0; i < NR_BLOCK_STATES; i++) {
        sum.blocks += snapshot->paths[path].states[i].blocks;
        sum.bytes += snapshot->paths[path].states[i].bytes;
    }
    return sum;
}

void snapshot_release(struct snapshot *snapshot)
{
    retention_free(snapshot->retention);
    heap_profile_free(snapshot->heap);
    profile_free(snapshot->run);
    free(snapshot->paths);
    *snapshot = (struct snapshot){0};
}
