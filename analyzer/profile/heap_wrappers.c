#include "profile/heap_wrappers.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 32 };

/* What one function has allocated for one caller. */
struct asking {
    uint32_t function, caller;
    uint64_t blocks, each;
    bool varies; /* not all are of the size `each` */
};

/* What one function does. */
struct use {
    uint64_t allocs, calls;
    uint64_t others;                         /* calls of functions that are no wrappers */
    uint32_t callers, steady, varied, sizes; /* callers; with blocks of one size; of several; different ones of these */
};

struct finder {
    const struct heap *heap;
    const struct profile_function *names;
    const uint32_t *canonical;
    struct heap_role *roles;
    struct use *uses; /* of each function */
    struct asking *askings;
    uint32_t nr_askings;
    size_t asking_capacity;
    struct index index; /* of askings */
    struct err *err;
};

/* ---- Call paths ----------------------------------------------------------------------------------- */

/* The functions of the path on which a site's memory is asked for, the innermost first; each counts once in a row. */
struct path {
    uint32_t node, function; /* of replay->tree; FUNCTION_NONE: it is over */
};

static void path_climb(const struct finder *finder, struct path *path)
{
    const struct calltree *tree = &finder->heap->replay->tree;
    uint32_t below = path->function;
    for (path->function = FUNCTION_NONE; path->node != CALLTREE_ROOT && path->function == FUNCTION_NONE;
         path->node = tree->nodes[path->node].parent) {
        uint32_t function = finder->canonical[tree->nodes[path->node].function];
        path->function = function != below ? function : FUNCTION_NONE;
    }
}

static struct path path_begin(const struct finder *finder, const struct heap_site *site)
{
    struct path path = {.node = site->node, .function = FUNCTION_NONE};
    if (site->function != FUNCTION_NONE)
        path.function = finder->canonical[site->function];
    else
        path_climb(finder, &path);
    return path;
}

/* On to the first function that is no wrapper. */
static void path_pass_wrappers(const struct finder *finder, struct path *path)
{
    while (path->function != FUNCTION_NONE && finder->roles[path->function].is_wrapper)
        path_climb(finder, path);
}

/* ---- What is done --------------------------------------------------------------------------------- */

static bool asking_equal(const void *table, uint32_t number, const void *key)
{
    const struct asking *asking = &((const struct asking *)table)[number], *wanted = key;
    return asking->function == wanted->function && asking->caller == wanted->caller;
}

static int asking_add(struct finder *finder, const struct asking *more)
{
    uint64_t hash = index_hash(&finder->index, more->function, more->caller);
    uint32_t number = index_find(&finder->index, hash, asking_equal, finder->askings, more);
    if (number != INDEX_NONE) {
        struct asking *asking = &finder->askings[number];
        asking->varies |= more->varies || more->each != asking->each;
        asking->blocks += more->blocks;
        return 0;
    }
    struct asking *all =
        array_grow(finder->askings, finder->nr_askings, &finder->asking_capacity, sizeof(*finder->askings));
    finder->askings = all != NULL ? all : finder->askings;
    if (all == NULL || index_add(&finder->index, hash, finder->nr_askings) != 0)
        return err_set(finder->err, ERR_INPUT, "out of memory");
    all[finder->nr_askings++] = *more;
    return 0;
}

static int sites_add(struct finder *finder)
{
    const struct heap_sites *sites = &finder->heap->sites;
    for (uint32_t i = 0; i < sites->nr; i++) {
        const struct heap_site *site = &sites->sites[i];
        struct path path = path_begin(finder, site);
        path_pass_wrappers(finder, &path);
        struct asking asking = {.function = path.function,
                                .blocks = site->counts.allocated.blocks,
                                .each = site->each_bytes,
                                .varies = site->varies};
        if (asking.function == FUNCTION_NONE)
            continue;
        finder->uses[asking.function].allocs += asking.blocks;
        path_climb(finder, &path);
        path_pass_wrappers(finder, &path);
        asking.caller = path.function;
        if (asking.caller != FUNCTION_NONE && asking_add(finder, &asking) != 0)
            return -1;
    }
    return 0;
}

static void calls_add(struct finder *finder)
{
    const struct calltree *tree = &finder->heap->replay->tree;
    for (uint32_t i = 1; i < tree->nr_nodes; i++) {
        const struct calltree_node *node = &tree->nodes[i];
        uint32_t function = finder->canonical[node->function];
        finder->uses[function].calls += node->calls;
        if (node->parent == CALLTREE_ROOT || finder->roles[function].is_wrapper)
            continue;
        uint32_t caller = finder->canonical[tree->nodes[node->parent].function];
        if (caller != function)
            finder->uses[caller].others += node->calls;
    }
}

/* By function, those with one size first, by that. */
static int asking_compare(const void *a, const void *b)
{
    const struct asking *one = a, *other = b;
    if (one->function != other->function)
        return one->function < other->function ? -1 : 1;
    if (one->varies != other->varies)
        return one->varies ? 1 : -1;
    return (one->each > other->each) - (one->each < other->each);
}

static void askings_sum(struct finder *finder)
{
    const struct asking *before = NULL; /* with one size */
    if (finder->nr_askings > 0)
        qsort(finder->askings, finder->nr_askings, sizeof(*finder->askings), asking_compare);
    for (uint32_t i = 0; i < finder->nr_askings; i++) {
        const struct asking *asking = &finder->askings[i];
        struct use *use = &finder->uses[asking->function];
        use->callers++;
        if (asking->blocks < 2) /* says nothing */
            continue;
        use->varied += asking->varies;
        if (asking->varies)
            continue;
        use->steady++;
        use->sizes += before == NULL || before->function != asking->function || before->each != asking->each;
        before = asking;
    }
}

/* ---- Who is one ----------------------------------------------------------------------------------- */

/* Each call allocates or releases, within a tenth, as a trace can begin and end anywhere. */
static bool is_thin(const struct use *use)
{
    uint64_t tenth = use->calls / 10;
    return use->allocs <= use->calls + tenth && use->allocs >= (use->calls - tenth) / 2 && use->others <= tenth;
}

static bool passes_on(const struct use *use)
{
    if (use->varied > use->steady)
        return false;
    return use->calls == 0 ? use->sizes >= WRAPPER_SIZES_MIN_ALONE : use->sizes >= WRAPPER_SIZES_MIN && is_thin(use);
}

/* Look at what all do, those known so far being wrappers; how many more there are, or -1. */
static int round_find(struct finder *finder)
{
    uint32_t nr = finder->heap->replay->functions.nr;
    int nr_found = 0;
    finder->nr_askings = 0;
    index_release(&finder->index);
    index_init(&finder->index);
    memset(finder->uses, 0, nr * sizeof(*finder->uses));
    if (sites_add(finder) != 0)
        return -1;
    calls_add(finder);
    askings_sum(finder);
    for (uint32_t i = 0; i < nr; i++) {
        const struct use *use = &finder->uses[i];
        if (finder->roles[i].is_wrapper || finder->names[i].kind != FUNCTION_CODE || !passes_on(use))
            continue;
        finder->roles[i] =
            (struct heap_role){.is_wrapper = true, .by_use = true, .callers = use->callers, .steady = use->steady};
        nr_found++;
    }
    return nr_found;
}

int heap_roles_find(struct heap_role *roles, const struct heap_folding *folding, const struct heap *heap,
                    const struct profile_function *names, const uint32_t *canonical, struct err *err)
{
    uint32_t nr = heap->replay->functions.nr;
    struct finder finder = {.heap = heap,
                            .names = names,
                            .canonical = canonical,
                            .roles = roles,
                            .uses = calloc((size_t)nr + 1, sizeof(*finder.uses)),
                            .err = err};
    int result = finder.uses == NULL ? err_set(err, ERR_INPUT, "out of memory") : 1;
    index_init(&finder.index);
    for (uint32_t i = 0; i < nr; i++)
        roles[canonical[i]].is_wrapper |= folding->by_name[i];
    for (int round = 0; round < ROUNDS_MAX && folding->by_use && result > 0; round++)
        result = round_find(&finder);
    index_release(&finder.index);
    free(finder.askings);
    free(finder.uses);
    return result < 0 ? -1 : 0;
}

/* ---- What they pass on ---------------------------------------------------------------------------- */

static int wrapper_compare(const void *a, const void *b)
{
    const struct heap_wrapper *one = a, *other = b;
    if (one->allocs != other->allocs)
        return one->allocs > other->allocs ? -1 : 1;
    return strcmp(one->label, other->label);
}

/* As heap_make.c does it: the outermost function of a path keeps what it gets. */
static void passed_count(const struct finder *finder, uint64_t *passed)
{
    const struct heap_sites *sites = &finder->heap->sites;
    for (uint32_t i = 0; i < sites->nr; i++) {
        struct path path = path_begin(finder, &sites->sites[i]);
        while (path.function != FUNCTION_NONE && finder->roles[path.function].is_wrapper) {
            uint32_t wrapper = path.function;
            path_climb(finder, &path);
            if (path.function != FUNCTION_NONE)
                passed[wrapper] += sites->sites[i].counts.allocated.blocks;
        }
    }
}

int heap_wrappers_list(struct heap_profile *profile, struct heap_role *roles, const struct heap *heap,
                       const struct profile_function *names, const uint32_t *canonical, struct err *err)
{
    uint32_t nr = heap->replay->functions.nr, nr_wrappers = 0;
    struct finder finder = {.heap = heap, .canonical = canonical, .roles = roles};
    uint64_t *passed = calloc((size_t)nr + 1, sizeof(*passed));
    if (passed != NULL) {
        passed_count(&finder, passed);
        for (uint32_t i = 0; i < nr; i++)
            nr_wrappers += passed[i] > 0;
        profile->wrappers = arena_array(&profile->arena, (size_t)nr_wrappers + 1, sizeof(*profile->wrappers));
    }
    for (uint32_t i = 0; profile->wrappers != NULL && i < nr; i++) {
        if (passed[i] == 0)
            continue;
        profile->wrappers[profile->nr_wrappers++] = (struct heap_wrapper){.label = names[i].name,
                                                                          .allocs = passed[i],
                                                                          .by_use = roles[i].by_use,
                                                                          .callers = roles[i].callers,
                                                                          .steady = roles[i].steady};
    }
    free(passed);
    if (profile->wrappers == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    qsort(profile->wrappers, profile->nr_wrappers, sizeof(*profile->wrappers), wrapper_compare);
    return 0;
}
