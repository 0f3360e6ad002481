#include "profile/profile.h"

#include "profile/calltree.h"
#include "profile/label.h"

#include <stdlib.h>
#include <string.h>

void profile_free(struct profile *profile)
{
    if (!profile)
        return;
    arena_release(&profile->arena);
    free(profile);
}

const char *function_kind_name(enum function_kind kind)
{
    static const char *const names[] = {"code", "region", "unknown"};
    return names[kind];
}

uint64_t function_mean_ns(const struct profile_function *function)
{
    return function->calls > 0 ? function->sum_ns / function->calls : 0;
}

uint64_t function_quantile_ns(const struct profile_function *function, uint32_t permille)
{
    if (function->durations.nr == 0)
        return 0;
    uint64_t ns = histogram_quantile(&function->durations, permille);
    ns = ns < function->max_ns ? ns : function->max_ns;
    return ns > function->min_ns ? ns : function->min_ns;
}

/* Hostile times can reach the end of 64 bits; they must not wrap. */
static uint64_t add_clamped(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

bool function_is_timed(const struct profile_function *function)
{
    return function->below_ns <= function->exclusive_ns / 2;
}

uint64_t function_low_ns(const struct profile_function *function)
{
    return function->exclusive_ns > function->below_ns ? function->exclusive_ns - function->below_ns : 0;
}

uint64_t function_high_ns(const struct profile_function *function)
{
    return add_clamped(function->exclusive_ns, function->above_ns);
}

/* ---- Nodes -------------------------------------------------------------------------------------- */

static uint64_t add_signed(uint64_t a, int64_t b)
{
    if (b < 0)
        return a > 0 - (uint64_t)b ? a + (uint64_t)b : 0;
    return add_clamped(a, (uint64_t)b);
}

/* Copy the tree; then, leaves first (children lie behind their parents), settle inclusive and exclusive time. */
static void nodes_settle(struct profile *profile, const struct calltree *tree)
{
    struct profile_node *nodes = profile->nodes;
    for (uint32_t i = 0; i < tree->nr_nodes; i++) {
        const struct calltree_node *from = &tree->nodes[i];
        nodes[i] = (struct profile_node){
            .parent = from->parent,
            .function = i == CALLTREE_ROOT ? UINT32_MAX : from->function,
            .depth = i == CALLTREE_ROOT ? 0 : nodes[from->parent].depth + 1,
            .calls = from->calls,
            .raw_inclusive_ns = from->inclusive,
            .inherited_ns = from->inherited,
            .min_ns = from->calls > 0 && from->min != UINT64_MAX ? from->min : 0,
            .max_ns = from->calls > 0 ? from->max : 0,
        };
        if (nodes[i].depth > profile->facts.max_depth)
            profile->facts.max_depth = nodes[i].depth;
    }
    /* raw_exclusive_ns and inclusive_ns hold the sums of the children until the node itself is reached. */
    for (uint32_t i = tree->nr_nodes - 1; i > 0; i--) {
        struct profile_node *node = &nodes[i], *parent = &nodes[node->parent];
        if (node->raw_inclusive_ns < node->raw_exclusive_ns)
            node->raw_inclusive_ns = node->raw_exclusive_ns;
        node->raw_exclusive_ns = node->raw_inclusive_ns - node->raw_exclusive_ns;
        node->exclusive_ns = add_signed(node->raw_exclusive_ns, tree->nodes[i].correction);
        node->inclusive_ns = add_clamped(node->inclusive_ns, node->exclusive_ns);
        parent->raw_exclusive_ns = add_clamped(parent->raw_exclusive_ns, node->raw_inclusive_ns);
        parent->inclusive_ns = add_clamped(parent->inclusive_ns, node->inclusive_ns);
    }
    nodes[0] = (struct profile_node){
        .function = UINT32_MAX, .inclusive_ns = nodes[0].inclusive_ns, .raw_inclusive_ns = nodes[0].raw_exclusive_ns};
}

struct sibling {
    uint64_t inclusive_ns;
    uint32_t parent, node;
    uint32_t label_rank; /* place of the function's label in the alphabet */
};

static int sibling_compare(const void *a, const void *b)
{
    const struct sibling *s = a, *t = b;
    if (s->parent != t->parent)
        return s->parent < t->parent ? -1 : 1;
    if (s->inclusive_ns != t->inclusive_ns)
        return s->inclusive_ns > t->inclusive_ns ? -1 : 1;
    return (s->label_rank > t->label_rank) - (s->label_rank < t->label_rank);
}

static int siblings_link(struct profile *profile, const uint32_t *label_ranks)
{
    uint32_t nr = profile->nr_nodes - 1;
    struct profile_node *nodes = profile->nodes;
    struct sibling *siblings = calloc((size_t)nr + 1, sizeof(*siblings));
    if (!siblings)
        return -1;
    for (uint32_t i = 0; i < nr; i++) {
        const struct profile_node *node = &nodes[i + 1];
        siblings[i] = (struct sibling){node->inclusive_ns, node->parent, i + 1, label_ranks[node->function]};
    }
    qsort(siblings, nr, sizeof(*siblings), sibling_compare);
    for (uint32_t i = nr; i-- > 0;) {
        struct profile_node *parent = &nodes[siblings[i].parent];
        nodes[siblings[i].node].next_sibling = parent->first_child;
        parent->first_child = siblings[i].node;
    }
    free(siblings);
    return 0;
}

/* ---- Functions ---------------------------------------------------------------------------------- */

static void function_add_node(struct profile_function *function, const struct profile_node *node,
                              const struct calltree_node *from)
{
    if (node->calls > 0) {
        if (function->calls == 0 || node->min_ns < function->min_ns)
            function->min_ns = node->min_ns;
        if (node->max_ns > function->max_ns)
            function->max_ns = node->max_ns;
    }
    function->calls += node->calls;
    function->inlined_calls += from->inlined_calls;
    /* Of one node this can be below zero, of all of a function it is not. */
    function->sum_ns += node->raw_inclusive_ns + from->repeated - node->inherited_ns;
    function->repeated_ns = add_clamped(function->repeated_ns, from->repeated);
    function->exclusive_ns = add_clamped(function->exclusive_ns, node->exclusive_ns);
    function->below_ns = add_clamped(function->below_ns, from->below);
    function->above_ns = add_clamped(function->above_ns, from->above);
    function->raw_exclusive_ns = add_clamped(function->raw_exclusive_ns, node->raw_exclusive_ns);
}

/*
 * Sum up the functions. `active` counts for each function the activations on the path of the walk: only the outermost
 * one adds to the inclusive time.
 */
static int functions_sum(struct profile *profile, const struct calltree *tree)
{
    struct profile_node *nodes = profile->nodes;
    uint32_t *active = calloc((size_t)profile->nr_functions + 1, sizeof(*active));
    if (!active)
        return -1;
    for (uint32_t i = 1; i < profile->nr_nodes; i++)
        function_add_node(&profile->functions[nodes[i].function], &nodes[i], &tree->nodes[i]);
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        if (histogram_calls(&profile->functions[i].durations) != profile->functions[i].calls)
            profile->functions[i].durations = (struct histogram){0};
    }
    for (uint32_t at = nodes[0].first_child; at != CALLTREE_ROOT;) {
        struct profile_function *function = &profile->functions[nodes[at].function];
        if (active[nodes[at].function]++ == 0) {
            function->inclusive_ns = add_clamped(function->inclusive_ns, nodes[at].inclusive_ns);
            function->raw_inclusive_ns = add_clamped(function->raw_inclusive_ns, nodes[at].raw_inclusive_ns);
        }
        if (nodes[at].first_child != 0) {
            at = nodes[at].first_child;
            continue;
        }
        active[nodes[at].function]--;
        while (at != CALLTREE_ROOT && nodes[at].next_sibling == 0) {
            at = nodes[at].parent;
            if (at != CALLTREE_ROOT)
                active[nodes[at].function]--;
        }
        at = nodes[at].next_sibling;
    }
    free(active);
    return 0;
}

struct rank {
    const struct profile_function *function;
    uint32_t number;
    bool used; /* some node is a call of it */
};

static int rank_compare_label(const void *a, const void *b)
{
    const struct rank *r = a, *s = b;
    return strcmp(r->function->label, s->function->label);
}

static int rank_compare_time(const void *a, const void *b)
{
    const struct rank *r = a, *s = b;
    if (r->used != s->used)
        return r->used ? -1 : 1;
    if (r->function->exclusive_ns != s->function->exclusive_ns)
        return r->function->exclusive_ns > s->function->exclusive_ns ? -1 : 1;
    return strcmp(r->function->label, s->function->label);
}

/* Sort `ranks` and write every function's place into `places`. */
static void ranks_sort(struct rank *ranks, uint32_t nr, int (*compare)(const void *, const void *), uint32_t *places)
{
    qsort(ranks, nr, sizeof(*ranks), compare);
    for (uint32_t i = 0; i < nr; i++)
        places[ranks[i].number] = i;
}

/* Put the functions into the profile's order, and renumber them in the nodes. Functions without a node are dropped: a
 * filter has left nothing of them. */
static int functions_order(struct profile *profile, struct rank *ranks, uint32_t *places)
{
    uint32_t nr = profile->nr_functions;
    struct profile_function *ordered = arena_array(&profile->arena, (size_t)nr + 1, sizeof(*ordered));
    if (!ordered)
        return -1;
    ranks_sort(ranks, nr, rank_compare_time, places);
    profile->nr_functions = 0;
    for (uint32_t i = 0; i < nr && ranks[i].used; i++)
        ordered[profile->nr_functions++] = *ranks[i].function;
    for (uint32_t i = 1; i < profile->nr_nodes; i++)
        profile->nodes[i].function = places[profile->nodes[i].function];
    profile->functions = ordered;
    return 0;
}

static int functions_finish(struct profile *profile, const struct calltree *tree)
{
    uint32_t nr = profile->nr_functions;
    struct rank *ranks = calloc((size_t)nr + 1, sizeof(*ranks));
    uint32_t *places = calloc((size_t)nr + 1, sizeof(*places));
    int result = -1;
    if (!ranks || !places)
        goto out;
    for (uint32_t i = 0; i < nr; i++)
        ranks[i] = (struct rank){.function = &profile->functions[i], .number = i};
    for (uint32_t i = 1; i < profile->nr_nodes; i++)
        ranks[profile->nodes[i].function].used = true;
    ranks_sort(ranks, nr, rank_compare_label, places);
    if (siblings_link(profile, places) != 0 || functions_sum(profile, tree) != 0)
        goto out;
    result = functions_order(profile, ranks, places);
out:
    free(ranks);
    free(places);
    return result;
}

int profile_finish(struct profile *profile, const struct calltree *tree, struct err *err)
{
    profile->nr_nodes = tree->nr_nodes;
    profile->nodes = arena_array(&profile->arena, tree->nr_nodes, sizeof(*profile->nodes));
    if (!profile->nodes)
        return err_set(err, ERR_INPUT, "out of memory");
    nodes_settle(profile, tree);
    if (labels_set(profile, err) != 0)
        return -1;
    if (functions_finish(profile, tree) != 0)
        return err_set(err, ERR_INPUT, "out of memory");
    return 0;
}
