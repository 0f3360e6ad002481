#include "profile/retention.h"

#include "profile/heap_reach.h"
#include "profile/root_names.h"

#include <stdlib.h>
#include <string.h>

struct maker {
    const struct retention_request *request;
    struct retention *retention;
    struct block_places places;
    struct heap_roots roots;
    struct heap_pointers pointers;
    struct root_names names;
    struct err *err;
};

static int no_memory(struct maker *maker)
{
    return err_set(maker->err, ERR_INPUT, "out of memory: a graph of %zu blocks", maker->request->live->nr);
}

/* ---- Nodes ---------------------------------------------------------------------------------------- */

/* Allocated by another thread while the memory was being copied, which may not have seen it. */
static bool is_moved(const struct maker *maker, const struct block_place *place)
{
    const struct heap_live *live = maker->request->live;
    return (place->block & PLACE_GONE) != 0 || live->blocks[place->block].ticks >= live->since_ticks;
}

static void block_node(struct maker *maker, const struct block_place *place, struct retention_node *node)
{
    const struct heap_live *live = maker->request->live;
    bool is_gone = (place->block & PLACE_GONE) != 0;
    const struct heap_block *block = is_gone ? &live->gone[place->block & ~PLACE_GONE] : &live->blocks[place->block];
    node->is_gone = is_gone;
    node->address = place->start;
    node->bytes = is_gone ? 0 : block->bytes;
    node->path = maker->request->heap->site_nodes[block->site];
    node->thread = block->thread;
}

static int nodes_make(struct maker *maker)
{
    struct retention *retention = maker->retention;
    uint64_t nr = (uint64_t)NODES_FIXED + maker->names.nr + maker->places.nr + 1;
    if (nr >= GRAPH_NONE / 2)
        return err_set(maker->err, ERR_INPUT, "more blocks than can be looked at: %u", maker->places.nr);
    retention->nr_nodes = (uint32_t)nr;
    retention->first_block = NODES_FIXED + maker->names.nr;
    retention->lost = retention->nr_nodes - 1;
    retention->nodes = calloc(retention->nr_nodes, sizeof(*retention->nodes));
    if (retention->nodes == NULL)
        return no_memory(maker);
    struct retention_node *nodes = retention->nodes;
    for (uint32_t i = 0; i < retention->nr_nodes; i++)
        nodes[i].module = "";
    nodes[NODE_ROOT].name = "roots";
    nodes[NODE_MOVED].name = "moved while the memory was copied";
    nodes[retention->lost].name = "lost";
    for (uint32_t i = 0; i < maker->names.nr; i++) {
        struct retention_node *node = &nodes[NODES_FIXED + i];
        const struct root_name *name = &maker->names.all[i];
        node->name = name->name;
        node->module = name->module;
        node->kind = name->kind;
        node->address = name->address;
    }
    for (uint32_t i = 0; i < maker->places.nr; i++)
        block_node(maker, &maker->places.all[i], &nodes[retention->first_block + i]);
    return 0;
}

/* ---- Edges ---------------------------------------------------------------------------------------- */

static uint32_t pointer_from(const struct maker *maker, size_t pointer)
{
    uint32_t root = maker->names.of_pointer[pointer];
    return root != GRAPH_NONE ? NODES_FIXED + root : maker->retention->first_block + maker->pointers.all[pointer].from;
}

static int edges_reserve(struct maker *maker)
{
    struct retention *retention = maker->retention;
    /* Pointers; the root's; to what moved; and, later, to what is lost. */
    uint64_t nr = maker->pointers.nr + (uint64_t)retention->nr_nodes + 2 * (uint64_t)maker->places.nr;
    if (nr >= GRAPH_NONE)
        return err_set(maker->err, ERR_INPUT, "more pointers than can be looked at: %zu", maker->pointers.nr);
    retention->first = calloc((size_t)retention->nr_nodes + 2, sizeof(*retention->first));
    retention->to = calloc(nr + 1, sizeof(*retention->to));
    retention->edges = calloc(nr + 1, sizeof(*retention->edges));
    return retention->first == NULL || retention->to == NULL || retention->edges == NULL ? no_memory(maker) : 0;
}

/* Put the pointers behind each other by where they come from: `first` is where the next one of each goes. */
static void pointers_put(struct maker *maker)
{
    struct retention *retention = maker->retention;
    for (size_t i = 0; i < maker->pointers.nr; i++) {
        const struct heap_pointer *pointer = &maker->pointers.all[i];
        uint32_t from = pointer_from(maker, i), edge = retention->first[from]++;
        uint64_t start = from >= retention->first_block ? retention->nodes[from].address : 0;
        retention->to[edge] = retention->first_block + (pointer->to & ~POINTER_INTERIOR);
        retention->edges[edge] = (struct retention_edge){.offset = pointer->at - start,
                                                         .is_interior = (pointer->to & POINTER_INTERIOR) != 0};
    }
}

static void edges_make(struct maker *maker)
{
    struct retention *retention = maker->retention;
    uint32_t *first = retention->first, nr_moved = 0;
    for (size_t i = 0; i < maker->pointers.nr; i++)
        first[pointer_from(maker, i) + 1]++;
    for (uint32_t i = 0; i < maker->places.nr; i++)
        nr_moved += is_moved(maker, &maker->places.all[i]);
    first[NODE_ROOT + 1] = retention->first_block; /* to what moved, to all roots, to what is lost */
    first[NODE_MOVED + 1] = nr_moved;
    for (uint32_t i = 0; i <= retention->nr_nodes; i++)
        first[i + 1] += first[i];
    uint32_t *to = retention->to + first[NODE_ROOT];
    for (uint32_t i = NODE_MOVED; i < retention->first_block; i++)
        *to++ = i;
    *to++ = retention->lost;
    for (uint32_t i = 0; i < maker->places.nr; i++)
        if (is_moved(maker, &maker->places.all[i]))
            *to++ = retention->first_block + i;
    pointers_put(maker);
    /* Now each of those that have pointers begins where the next one did. */
    for (uint32_t i = retention->nr_nodes; i > NODES_FIXED; i--)
        first[i] = first[i - 1];
    first[NODES_FIXED] = retention->first_block + nr_moved;
    retention->graph = (struct graph){
        .nr_nodes = retention->nr_nodes, .nr_edges = first[retention->nr_nodes], .first = first, .to = retention->to};
}

/* The last node gets its edges: to what is definitely lost. */
static void lost_add(struct retention *retention)
{
    for (uint32_t i = retention->first_block; i < retention->lost; i++)
        if (retention->nodes[i].state == BLOCK_LOST)
            retention->to[retention->graph.nr_edges++] = i;
    retention->first[retention->nr_nodes] = retention->graph.nr_edges;
}

/* ---- What they retain ----------------------------------------------------------------------------- */

static int retained_find(struct maker *maker)
{
    struct retention *retention = maker->retention;
    size_t nr = retention->nr_nodes;
    uint32_t *numbers = calloc(nr, sizeof(*numbers));
    retention->order = calloc(nr, sizeof(*retention->order));
    if (numbers == NULL || retention->order == NULL) {
        free(numbers);
        return no_memory(maker);
    }
    retention->nr_order = graph_dominators(&retention->graph, numbers, retention->order, maker->err);
    for (size_t i = 0; i < nr; i++)
        retention->nodes[i].dominator = numbers[i];
    int result = retention->nr_order == 0 ? -1 : graph_ways(&retention->graph, numbers, maker->err);
    for (size_t i = 0; i < nr; i++)
        retention->nodes[i].before = numbers[i];
    free(numbers);
    for (uint32_t i = retention->nr_order; i-- > 0;) {
        struct retention_node *node = &retention->nodes[retention->order[i]];
        bool counts = retention->order[i] >= retention->first_block && retention->order[i] != retention->lost;
        node->retained_bytes += node->bytes;
        node->retained_blocks += counts && !node->is_gone;
        if (node->dominator == GRAPH_NONE)
            continue;
        retention->nodes[node->dominator].retained_bytes += node->retained_bytes;
        retention->nodes[node->dominator].retained_blocks += node->retained_blocks;
    }
    return result;
}

static void totals_add(struct retention *retention)
{
    for (uint32_t i = retention->first_block; i < retention->lost; i++) {
        const struct retention_node *node = &retention->nodes[i];
        if (node->is_gone)
            continue;
        retention->total.blocks++;
        retention->total.bytes += node->bytes;
        retention->states[node->state].blocks++;
        retention->states[node->state].bytes += node->bytes;
    }
}

/* ---- All of it ------------------------------------------------------------------------------------ */

/* Blocks that the trace does not know: of the parent process, or nothing but pools told of theirs, or events are lost.
 */
static bool blocks_are_missing(const struct retention_request *request)
{
    const struct trace_process *process = trace_process_find(request->trace, request->image->process);
    bool only_pools = true;
    for (size_t i = 0; i < request->live->nr && only_pools; i++)
        only_pools = (request->live->blocks[i].address & TF_POOL_ADDRESS) != 0;
    return only_pools || request->heap->totals.dropped > 0 || (process != NULL && process->origin == TF_ORIGIN_FORK);
}

static void facts_set(struct maker *maker)
{
    const struct retention_request *request = maker->request;
    const struct clock *clock = &request->trace->clock;
    maker->retention->at_ns = clock_ns(clock, request->live->ticks);
    maker->retention->copied_ns = clock_duration_ns(clock, request->live->ticks - request->live->since_ticks);
    maker->retention->nr_other_threads = request->image->nr_threads > 0 ? request->image->nr_threads - 1 : 0;
}

static int retention_build(struct maker *maker)
{
    const struct retention_request *request = maker->request;
    struct retention *retention = maker->retention;
    retention->is_conservative = blocks_are_missing(request);
    if (block_places_make(&maker->places, request->live, maker->err) != 0 ||
        heap_roots_make(&maker->roots, request->image, request->trace, request->live, retention->is_conservative,
                        maker->err) != 0 ||
        heap_pointers_find(&maker->pointers, request->image, &maker->roots, &maker->places, maker->err) != 0 ||
        root_names_make(&maker->names, request, &maker->roots, &maker->pointers, &retention->arena, maker->err) != 0 ||
        nodes_make(maker) != 0 || edges_reserve(maker) != 0)
        return -1;
    edges_make(maker);
    if (heap_reach(retention, maker->err) != 0)
        return -1;
    lost_add(retention);
    totals_add(retention);
    facts_set(maker);
    return retained_find(maker);
}

struct retention *retention_make(const struct retention_request *request, struct err *err)
{
    struct maker maker = {.request = request, .retention = calloc(1, sizeof(struct retention)), .err = err};
    if (maker.retention == NULL) {
        err_set(err, ERR_INPUT, "out of memory");
        return NULL;
    }
    arena_init(&maker.retention->arena, 0);
    if (retention_build(&maker) != 0) {
        retention_free(maker.retention);
        maker.retention = NULL;
    }
    root_names_release(&maker.names);
    heap_pointers_release(&maker.pointers);
    heap_roots_release(&maker.roots);
    block_places_release(&maker.places);
    return maker.retention;
}

void retention_free(struct retention *retention)
{
    if (retention == NULL)
        return;
    free(retention->nodes);
    free(retention->first);
    free(retention->to);
    free(retention->edges);
    free(retention->order);
    arena_release(&retention->arena);
    free(retention);
}
