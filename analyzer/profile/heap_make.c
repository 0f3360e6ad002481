#include "profile/heap_make.h"

#include "profile/heap_findings.h"
#include "profile/label.h"

#include <stdlib.h>
#include <string.h>

struct maker {
    const struct heap *heap;
    const struct profile_function *names;
    struct heap_role *roles; /* of those that are the first of their kind */
    struct heap_profile *profile;
    uint32_t *canonical;  /* the first function that is the same, for each */
    uint32_t *nodes;      /* the node of the new tree, for each of the old one; UINT32_MAX: nobody needs it */
    uint32_t *site_nodes; /* the same for each site */
    struct calltree tree;
    struct err *err;
};

static void amount_add(struct heap_amount *to, const struct heap_amount *from)
{
    to->blocks += from->blocks;
    to->bytes += from->bytes;
}

static void counts_add(struct heap_counts *to, const struct heap_counts *from)
{
    amount_add(&to->allocated, &from->allocated);
    amount_add(&to->live, &from->live);
    amount_add(&to->peak, &from->peak);
    amount_add(&to->at[0], &from->at[0]);
    amount_add(&to->at[1], &from->at[1]);
    to->temporary += from->temporary;
    amount_add(&to->resized, &from->resized);
    amount_add(&to->moved, &from->moved);
    to->most_resizes = to->most_resizes > from->most_resizes ? to->most_resizes : from->most_resizes;
}

/* ---- Functions ------------------------------------------------------------------------------------ */

static bool function_equal(const void *table, uint32_t number, const void *key)
{
    const struct profile_function *f = &((const struct profile_function *)table)[number], *g = key;
    return f->kind == g->kind && strcmp(f->name, g->name) == 0 && strcmp(f->module, g->module) == 0;
}

/* Different places in one function have the same name. */
static int functions_unify(struct maker *maker, uint32_t nr)
{
    struct index index;
    int result = 0;
    index_init(&index);
    for (uint32_t i = 0; i < nr && result == 0; i++) {
        const struct profile_function *function = &maker->names[i];
        uint64_t hash = index_hash_bytes(&index, function->name, strlen(function->name));
        maker->canonical[i] = index_find(&index, hash, function_equal, maker->names, function);
        if (maker->canonical[i] == INDEX_NONE) {
            maker->canonical[i] = i;
            result = index_add(&index, hash, i);
        }
    }
    index_release(&index);
    return result;
}

/* ---- Call paths ----------------------------------------------------------------------------------- */

/* A call of a function on a new path: a wrapper is its caller, if it has one, and a place in a function that function.
 * UINT32_MAX with err set when memory ran out. */
static uint32_t path_extend(struct maker *maker, uint32_t parent, uint32_t replayed)
{
    uint32_t function = maker->canonical[replayed];
    bool same = parent != CALLTREE_ROOT && maker->tree.nodes[parent].function == function;
    bool passes_on = parent != CALLTREE_ROOT && maker->roles[function].is_wrapper;
    return same || passes_on ? parent : calltree_child(&maker->tree, parent, function, maker->err);
}

#define NODE_WANTED 0u /* the root's, which is mapped already */

/* The paths on which something was allocated; parents come before their children. */
static int nodes_map(struct maker *maker)
{
    const struct calltree *tree = &maker->heap->replay->tree;
    const struct heap_sites *sites = &maker->heap->sites;
    for (uint32_t i = 0; i < sites->nr; i++) {
        for (uint32_t node = sites->sites[i].node; maker->nodes[node] != NODE_WANTED; node = tree->nodes[node].parent)
            maker->nodes[node] = NODE_WANTED;
    }
    for (uint32_t i = 1; i < tree->nr_nodes; i++) {
        if (maker->nodes[i] != NODE_WANTED)
            continue;
        maker->nodes[i] = path_extend(maker, maker->nodes[tree->nodes[i].parent], tree->nodes[i].function);
        if (maker->nodes[i] == UINT32_MAX)
            return -1;
    }
    for (uint32_t i = 0; i < sites->nr; i++) {
        const struct heap_site *site = &sites->sites[i];
        uint32_t node = maker->nodes[site->node];
        maker->site_nodes[i] = site->function == FUNCTION_NONE ? node : path_extend(maker, node, site->function);
        if (maker->site_nodes[i] == UINT32_MAX)
            return -1;
    }
    return 0;
}

static int paths_make(struct maker *maker)
{
    struct heap_profile *profile = maker->profile;
    const struct heap *heap = maker->heap;
    if (nodes_map(maker) != 0)
        return -1;
    profile->nodes = arena_array(&profile->arena, maker->tree.nr_nodes, sizeof(*profile->nodes));
    if (profile->nodes == NULL)
        return err_set(maker->err, ERR_INPUT, "out of memory");
    profile->nr_nodes = maker->tree.nr_nodes;
    for (uint32_t i = 0; i < profile->nr_nodes; i++)
        profile->nodes[i] =
            (struct heap_node){.parent = maker->tree.nodes[i].parent, .function = maker->tree.nodes[i].function};
    profile->site_nodes = arena_array(&profile->arena, (size_t)heap->sites.nr + 1, sizeof(*profile->site_nodes));
    if (profile->site_nodes == NULL)
        return err_set(maker->err, ERR_INPUT, "out of memory");
    for (uint32_t i = 0; i < heap->sites.nr; i++) {
        profile->site_nodes[i] = maker->site_nodes[i];
        counts_add(&profile->nodes[maker->site_nodes[i]].self, &heap->sites.sites[i].counts);
    }
    return 0;
}

/* ---- The functions that have something to do with it ---------------------------------------------- */

static int function_compare(const void *a, const void *b)
{
    const struct heap_function *f = *(const struct heap_function *const *)a,
                               *g = *(const struct heap_function *const *)b;
    if (f->self.peak.bytes != g->self.peak.bytes)
        return f->self.peak.bytes > g->self.peak.bytes ? -1 : 1;
    if (f->self.allocated.bytes != g->self.allocated.bytes)
        return f->self.allocated.bytes > g->self.allocated.bytes ? -1 : 1;
    return strcmp(f->label, g->label);
}

/* Labels that tell functions of one name apart. */
static int labels_make(struct maker *maker, struct heap_function *functions, uint32_t nr)
{
    struct profile labelled = {.functions = calloc((size_t)nr + 1, sizeof(*labelled.functions)), .nr_functions = nr};
    if (labelled.functions == NULL)
        return err_set(maker->err, ERR_INPUT, "out of memory");
    arena_init(&labelled.arena, 0);
    memcpy(labelled.functions, maker->names, nr * sizeof(*labelled.functions));
    uint32_t used = 0;
    for (uint32_t i = 0; i < nr; i++) /* only those that stay */
        if (maker->canonical[i] == i)
            labelled.functions[used++] = maker->names[i];
    labelled.nr_functions = used;
    int result = labels_set(&labelled, maker->err);
    for (uint32_t i = 0, at = 0; i < nr && result == 0; i++) {
        const struct profile_function *name = &maker->names[i];
        const char *label = maker->canonical[i] == i ? labelled.functions[at++].label : "";
        functions[i] = (struct heap_function){.label = arena_copy(&maker->profile->arena, label, strlen(label)),
                                              .module = name->module,
                                              .file = name->file,
                                              .line = name->line};
        if (functions[i].label == NULL)
            result = err_set(maker->err, ERR_INPUT, "out of memory");
    }
    arena_release(&labelled.arena);
    free(labelled.functions);
    return result;
}

/* Sum up the functions, put them into order, and renumber them in the nodes. */
static int functions_make(struct maker *maker, uint32_t nr)
{
    struct heap_profile *profile = maker->profile;
    struct heap_function *all = calloc((size_t)nr + 1, sizeof(*all));
    struct heap_function **order = calloc((size_t)nr + 1, sizeof(*order));
    uint32_t *places = calloc((size_t)nr + 1, sizeof(*places));
    int result = -1;
    if (all == NULL || order == NULL || places == NULL)
        err_set(maker->err, ERR_INPUT, "out of memory");
    else if (labels_make(maker, all, nr) == 0) {
        for (uint32_t i = 1; i < profile->nr_nodes; i++)
            counts_add(&all[profile->nodes[i].function].self, &profile->nodes[i].self);
        for (uint32_t i = 0; i < nr; i++)
            order[i] = &all[i];
        qsort(order, nr, sizeof(*order), function_compare);
        profile->functions = arena_array(&profile->arena, (size_t)nr + 1, sizeof(*profile->functions));
        result = profile->functions == NULL ? err_set(maker->err, ERR_INPUT, "out of memory") : 0;
    }
    for (uint32_t i = 0; result == 0 && i < nr; i++) {
        profile->functions[i] = *order[i];
        places[order[i] - all] = i;
    }
    for (uint32_t i = 1; result == 0 && i < profile->nr_nodes; i++)
        profile->nodes[i].function = places[profile->nodes[i].function];
    profile->nr_functions = nr;
    free(all);
    free(order);
    free(places);
    return result;
}

static int threads_make(struct maker *maker)
{
    const struct trace *trace = maker->heap->replay->trace;
    struct heap_profile *profile = maker->profile;
    profile->threads = arena_array(&profile->arena, (size_t)trace->nr_threads + 1, sizeof(*profile->threads));
    for (uint32_t i = 0; profile->threads != NULL && i < trace->nr_threads; i++) {
        const struct heap_thread_counts *counts = &maker->heap->threads[i];
        const struct trace_thread *from = &trace->threads[i];
        const struct trace_process *process = trace_process_find(trace, from->process);
        if (counts->allocated.blocks == 0 && counts->released.blocks == 0)
            continue;
        struct heap_thread *thread = &profile->threads[profile->nr_threads++];
        *thread = (struct heap_thread){.pid = process != NULL ? process->pid : 0,
                                       .tid = from->tid,
                                       .name = arena_copy(&profile->arena, from->name, strlen(from->name)),
                                       .counts = *counts};
        if (thread->name == NULL)
            return err_set(maker->err, ERR_INPUT, "out of memory");
    }
    return profile->threads == NULL ? err_set(maker->err, ERR_INPUT, "out of memory") : 0;
}

static int maker_init(struct maker *maker, uint32_t nr_functions)
{
    uint32_t nr_nodes = maker->heap->replay->tree.nr_nodes;
    maker->canonical = calloc((size_t)nr_functions + 1, sizeof(*maker->canonical));
    maker->nodes = malloc(nr_nodes * sizeof(*maker->nodes));
    maker->site_nodes = calloc((size_t)maker->heap->sites.nr + 1, sizeof(*maker->site_nodes));
    maker->roles = calloc((size_t)nr_functions + 1, sizeof(*maker->roles));
    if (maker->roles == NULL || maker->canonical == NULL || maker->nodes == NULL || maker->site_nodes == NULL ||
        functions_unify(maker, nr_functions) != 0)
        return err_set(maker->err, ERR_INPUT, "out of memory");
    memset(maker->nodes, 0xff, nr_nodes * sizeof(*maker->nodes));
    maker->nodes[CALLTREE_ROOT] = CALLTREE_ROOT;
    return calltree_init(&maker->tree, maker->err);
}

/* Where frame pointers were followed (TRACERT_MEMORY=fp), and there were none. */
static uint64_t callerless_count(const struct heap *heap)
{
    uint64_t nr = 0;
    for (uint32_t i = 0; i < heap->sites.nr && heap->replay->trace->memory_kind == TF_MEMORY_FP; i++)
        if (heap->sites.sites[i].node == CALLTREE_ROOT)
            nr += heap->sites.sites[i].counts.allocated.blocks;
    return nr;
}

static void facts_make(struct maker *maker)
{
    const struct heap *heap = maker->heap;
    const struct clock *clock = &heap->replay->trace->clock;
    struct heap_profile *profile = maker->profile;
    profile->totals = heap->totals;
    profile->totals.callerless = callerless_count(heap);
    profile->start_ns = clock_ns(clock, heap->curve.start_ticks);
    profile->span_ns = clock_duration_ns(clock, heap->curve.span_ticks);
    profile->peak_ns = clock_ns(clock, heap->peak_ticks);
    for (int at = 0; at < 2; at++)
        profile->at_ns[at] = heap->at_ticks[at] == HEAP_NO_TICKS ? UINT64_MAX : clock_ns(clock, heap->at_ticks[at]);
    memcpy(profile->sizes, heap->sizes, sizeof(profile->sizes));
    memcpy(profile->lifetimes, heap->lifetimes, sizeof(profile->lifetimes));
    memcpy(profile->most, heap->curve.most, sizeof(profile->most));
    memcpy(profile->allocated, heap->curve.allocated, sizeof(profile->allocated));
}

struct heap_profile *heap_profile_make(const struct heap *heap, const struct profile_function *names,
                                       const struct heap_folding *folding, const struct profile *run, struct err *err)
{
    uint32_t nr = heap->replay->functions.nr;
    struct heap_profile *profile = calloc(1, sizeof(*profile));
    struct maker maker = {.heap = heap, .names = names, .profile = profile, .err = err};
    if (profile == NULL) {
        err_set(err, ERR_INPUT, "out of memory");
        return NULL;
    }
    arena_init(&profile->arena, 0);
    profile->run = run;
    facts_make(&maker);
    if (maker_init(&maker, nr) != 0 || heap_roles_find(maker.roles, folding, heap, names, maker.canonical, err) != 0 ||
        paths_make(&maker) != 0 || heap_wrappers_list(profile, maker.roles, heap, names, maker.canonical, err) != 0 ||
        functions_make(&maker, nr) != 0 || threads_make(&maker) != 0 ||
        heap_bands_make(profile, heap, maker.site_nodes, err) != 0 ||
        heap_findings_make(profile, heap, maker.site_nodes, err) != 0) {
        heap_profile_free(profile);
        profile = NULL;
    }
    calltree_release(&maker.tree);
    free(maker.canonical);
    free(maker.roles);
    free(maker.nodes);
    free(maker.site_nodes);
    return profile;
}
