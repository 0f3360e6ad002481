#include "profile/heap_profile.h"

#include "profile/calltree.h"

#include <stdlib.h>
#include <string.h>

void heap_profile_free(struct heap_profile *heap)
{
    if (heap == NULL)
        return;
    arena_release(&heap->arena);
    free(heap);
}

static uint64_t weight_of(const struct heap_counts *counts, enum heap_weight weight)
{
    switch (weight) {
    case HEAP_ALLOCS:
        return counts->allocated.blocks;
    case HEAP_PEAK:
        return counts->peak.bytes;
    case HEAP_LEAKED:
        return counts->live.bytes;
    case HEAP_LIVE_AT:
        return counts->at[0].bytes;
    case HEAP_GROWN:
        return counts->at[1].bytes > counts->at[0].bytes ? counts->at[1].bytes - counts->at[0].bytes : 0;
    case HEAP_BYTES:
        break;
    }
    return counts->allocated.bytes;
}

/* The tree with the sums of all that is below each node; what weighs nothing is left out. */
static int tree_weigh(const struct heap_profile *heap, enum heap_weight weight, struct calltree *tree, struct err *err)
{
    uint64_t *sums = calloc((size_t)heap->nr_nodes + 1, sizeof(*sums));
    uint32_t *places = calloc((size_t)heap->nr_nodes + 1, sizeof(*places));
    int result = sums == NULL || places == NULL ? err_set(err, ERR_INPUT, "out of memory") : 0;
    for (uint32_t i = heap->nr_nodes; result == 0 && i-- > 1;) {
        sums[i] += weight_of(&heap->nodes[i].self, weight);
        sums[heap->nodes[i].parent] += sums[i];
    }
    for (uint32_t i = 1; result == 0 && i < heap->nr_nodes; i++) {
        if (sums[i] == 0)
            continue;
        places[i] = calltree_child(tree, places[heap->nodes[i].parent], heap->nodes[i].function, err);
        if (places[i] == UINT32_MAX)
            result = -1;
        else
            tree->nodes[places[i]].inclusive = sums[i];
    }
    free(sums);
    free(places);
    return result;
}

static int functions_copy(const struct heap_profile *heap, struct profile *profile)
{
    profile->nr_functions = heap->nr_functions;
    profile->functions = arena_array(&profile->arena, (size_t)heap->nr_functions + 1, sizeof(*profile->functions));
    for (uint32_t i = 0; profile->functions != NULL && i < heap->nr_functions; i++) {
        const struct heap_function *from = &heap->functions[i];
        struct profile_function *function = &profile->functions[i];
        *function = (struct profile_function){.line = from->line};
        function->name = arena_copy(&profile->arena, from->label, strlen(from->label));
        function->module = arena_copy(&profile->arena, from->module, strlen(from->module));
        function->file = arena_copy(&profile->arena, from->file, strlen(from->file));
        if (function->name == NULL || function->module == NULL || function->file == NULL)
            return -1;
    }
    return profile->functions == NULL ? -1 : 0;
}

/* What a view says of the run, and nothing of its calls. */
static int facts_copy(const struct heap_profile *heap, enum heap_weight weight, struct profile *profile)
{
    const struct profile_facts *from = &heap->run->facts;
    struct profile_facts *facts = &profile->facts;
    *facts = (struct profile_facts){.source = arena_copy(&profile->arena, from->source, strlen(from->source)),
                                    .command = arena_copy(&profile->arena, from->command, strlen(from->command)),
                                    .host = arena_copy(&profile->arena, from->host, strlen(from->host)),
                                    .realtime_ns = from->realtime_ns,
                                    .wall_ns = from->wall_ns,
                                    .nr_traces = 1,
                                    .nr_processes = from->nr_processes,
                                    .nr_threads = from->nr_threads,
                                    .trace_bytes = from->trace_bytes,
                                    .dropped_events = heap->totals.dropped,
                                    .complete = from->complete && heap->totals.dropped == 0,
                                    .unit = weight == HEAP_ALLOCS ? "allocations" : "bytes"};
    return facts->source == NULL || facts->command == NULL || facts->host == NULL ? -1 : 0;
}

struct profile *heap_profile_weigh(const struct heap_profile *heap, enum heap_weight weight, struct err *err)
{
    struct profile *profile = calloc(1, sizeof(*profile));
    struct calltree tree = {0};
    if (profile == NULL) {
        err_set(err, ERR_INPUT, "out of memory");
        return NULL;
    }
    arena_init(&profile->arena, 0);
    bool copied = functions_copy(heap, profile) == 0 && facts_copy(heap, weight, profile) == 0;
    if (!copied)
        err_set(err, ERR_INPUT, "out of memory");
    if (!copied || calltree_init(&tree, err) != 0 || tree_weigh(heap, weight, &tree, err) != 0 ||
        profile_finish(profile, &tree, err) != 0) {
        profile_free(profile);
        profile = NULL;
    }
    calltree_release(&tree);
    return profile;
}

int heap_paths_link(const struct heap_profile *heap, struct tree_links *links, struct err *err)
{
    if (tree_links_init(links, heap->nr_nodes) != 0)
        return err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = heap->nr_nodes; i-- > 1;)
        tree_links_add(links, heap->nodes[i].parent, i);
    return 0;
}
