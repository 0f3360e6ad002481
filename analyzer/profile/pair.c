#include "profile/pair.h"

#include "base/index.h"
#include "base/path.h"
#include "profile/calltree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pairing {
    struct profile *both;
    struct calltree tree;
    struct index names;                 /* of functions */
    struct profile_function *functions; /* malloc'ed while it grows */
    size_t capacity;
    struct err *err;
};

static int no_memory(struct err *err)
{
    return err_set(err, ERR_INPUT, "out of memory while comparing profiles");
}

/* ---- Functions ----------------------------------------------------------------------------------- */

static bool function_equal(const void *table, uint32_t number, const void *key)
{
    const struct profile_function *a = &((const struct pairing *)table)->functions[number], *b = key;
    return a->kind == b->kind && strcmp(a->name, b->name) == 0 && strcmp(path_last(a->file), path_last(b->file)) == 0;
}

/* The number of a function in both; UINT32_MAX when memory ran out. */
static uint32_t function_intern(struct pairing *pairing, const struct profile_function *function)
{
    struct arena *arena = &pairing->both->arena;
    const char *file = path_last(function->file);
    uint64_t hash =
        index_hash(&pairing->names, index_hash_bytes(&pairing->names, function->name, strlen(function->name)),
                   index_hash_bytes(&pairing->names, file, strlen(file)));
    uint32_t number = index_find(&pairing->names, hash, function_equal, pairing, function);
    if (number != INDEX_NONE)
        return number;
    number = pairing->both->nr_functions;
    struct profile_function *functions = array_grow(pairing->functions, number, &pairing->capacity, sizeof(*functions));
    if (functions == NULL)
        return UINT32_MAX;
    pairing->functions = functions;
    functions[number] =
        (struct profile_function){.name = arena_copy(arena, function->name, strlen(function->name)),
                                  .module = arena_copy(arena, function->module, strlen(function->module)),
                                  .file = arena_copy(arena, function->file, strlen(function->file)),
                                  .line = function->line,
                                  .kind = function->kind};
    if (!functions[number].name || !functions[number].module || !functions[number].file ||
        index_add(&pairing->names, hash, number) != 0)
        return UINT32_MAX;
    pairing->both->nr_functions++;
    return number;
}

/* ---- Nodes --------------------------------------------------------------------------------------- */

/* A profile, and where its nodes are in both. */
struct part {
    const struct profile *profile;
    uint32_t *nodes;
};

static int part_init(struct part *part, const struct profile *profile, struct err *err)
{
    *part = (struct part){.profile = profile, .nodes = calloc(profile->nr_nodes, sizeof(*part->nodes))};
    return part->nodes == NULL ? no_memory(err) : 0;
}

/* Add a profile's paths to the tree of both. */
static int nodes_add(struct pairing *pairing, struct part *part)
{
    const struct profile *profile = part->profile;
    uint32_t *places = part->nodes;
    for (uint32_t i = 1; i < profile->nr_nodes; i++) {
        const struct profile_node *node = &profile->nodes[i];
        uint32_t function = function_intern(pairing, &profile->functions[node->function]);
        if (function == UINT32_MAX)
            return no_memory(pairing->err);
        places[i] = calltree_child(&pairing->tree, places[node->parent], function, pairing->err);
        if (places[i] == UINT32_MAX)
            return -1;
        pairing->tree.nodes[places[i]].calls += node->calls;
        pairing->tree.nodes[places[i]].inclusive += node->inclusive_ns;
    }
    return 0;
}

static struct pair_side *side_make(struct profile *both, const struct part *part)
{
    struct pair_side *side = arena_array(&both->arena, both->nr_nodes, sizeof(*side));
    for (uint32_t i = 0; side != NULL && i < part->profile->nr_nodes; i++) {
        const struct profile_node *node = &part->profile->nodes[i];
        struct pair_side *to = &side[part->nodes[i]];
        to->calls += node->calls;
        to->inclusive_ns += node->inclusive_ns;
        to->exclusive_ns += node->exclusive_ns;
        to->exists = true;
    }
    return side;
}

static void function_add(struct pair_function *to, const struct profile_function *function)
{
    to->calls += function->calls;
    to->inclusive_ns += function->inclusive_ns;
    to->exclusive_ns += function->exclusive_ns;
    to->low_ns += function_low_ns(function);
    to->high_ns += function_high_ns(function);
    to->median_ns = to->exists ? 0 : function_quantile_ns(function, 500); /* of two there is none */
    to->exists = true;
}

/* NULL when memory ran out. */
static struct pair_function *functions_make(struct profile *both, const struct part *part)
{
    const struct profile *profile = part->profile;
    struct pair_function *sums = arena_array(&both->arena, (size_t)both->nr_functions + 1, sizeof(*sums));
    bool *added = calloc((size_t)profile->nr_functions + 1, sizeof(*added));
    for (uint32_t i = 1; sums != NULL && added != NULL && i < profile->nr_nodes; i++) {
        uint32_t function = profile->nodes[i].function;
        if (!added[function])
            function_add(&sums[both->nodes[part->nodes[i]].function], &profile->functions[function]);
        added[function] = true;
    }
    bool failed = added == NULL;
    free(added);
    return failed ? NULL : sums;
}

/* 0, or -1 when memory ran out. */
static int run_set(struct pair_run *run, struct profile *both, const struct profile *profile)
{
    const struct profile_facts *facts = &profile->facts;
    *run = (struct pair_run){.source = arena_copy(&both->arena, facts->source, strlen(facts->source)),
                             .wall_ns = facts->wall_ns,
                             .nr_calls = facts->nr_calls,
                             .exclusive_ns = profile->nodes[0].inclusive_ns,
                             .complete = facts->complete};
    return run->source == NULL ? -1 : 0;
}

/* ---- Both ---------------------------------------------------------------------------------------- */

static const char *source_join(struct arena *arena, const char *base, const char *now)
{
    static const char arrow[] = " → ";
    if (strcmp(base, now) == 0) /* both in one file */
        return arena_copy(arena, now, strlen(now));
    size_t bytes = strlen(base) + strlen(arrow) + strlen(now) + 1;
    char *text = arena_alloc(arena, bytes);
    if (text != NULL)
        snprintf(text, bytes, "%s%s%s", base, arrow, now);
    return text;
}

static int facts_set(struct pairing *pairing, const struct profile *base, const struct profile *now)
{
    struct arena *arena = &pairing->both->arena;
    struct profile_facts *facts = &pairing->both->facts;
    *facts = now->facts;
    facts->source = source_join(arena, base->facts.source, now->facts.source);
    facts->command = ""; /* there are two */
    facts->host = arena_copy(arena, now->facts.host, strlen(now->facts.host));
    facts->unit = arena_copy(arena, now->facts.unit, strlen(now->facts.unit));
    facts->max_depth = 0; /* profile_finish() sets it */
    facts->complete = base->facts.complete && now->facts.complete;
    facts->has_calls = base->facts.has_calls && now->facts.has_calls;
    facts->dropped_events += base->facts.dropped_events;
    return facts->source && facts->host && facts->unit ? 0 : no_memory(pairing->err);
}

static int both_finish(struct pairing *pairing)
{
    struct profile *both = pairing->both;
    both->functions = arena_array(&both->arena, (size_t)both->nr_functions + 1, sizeof(*both->functions));
    if (both->functions == NULL)
        return no_memory(pairing->err);
    if (both->nr_functions > 0)
        memcpy(both->functions, pairing->functions, both->nr_functions * sizeof(*both->functions));
    return profile_finish(both, &pairing->tree, pairing->err);
}

static int sides_set(struct pair *pair, const struct part *base, const struct part *now)
{
    struct profile *both = pair->both;
    pair->base = side_make(both, base);
    pair->now = side_make(both, now);
    pair->base_functions = functions_make(both, base);
    pair->now_functions = functions_make(both, now);
    if (run_set(&pair->base_run, both, base->profile) != 0 || run_set(&pair->now_run, both, now->profile) != 0 ||
        pair->base == NULL || pair->now == NULL || pair->base_functions == NULL || pair->now_functions == NULL)
        return -1;
    return 0;
}

int pair_make(struct pair *pair, const struct profile *base, const struct profile *now, struct err *err)
{
    struct pairing pairing = {.both = calloc(1, sizeof(*pairing.both)), .err = err};
    struct part old = {0}, new = {0};
    int result = -1;
    *pair = (struct pair){.both = pairing.both};
    index_init(&pairing.names);
    if (pairing.both == NULL) {
        no_memory(err);
        goto out;
    }
    arena_init(&pairing.both->arena, 0);
    if (part_init(&old, base, err) != 0 || part_init(&new, now, err) != 0)
        goto out;
    if (strcmp(base->facts.unit, now->facts.unit) != 0) {
        err_set(err, ERR_USAGE, "profiles in %s and in %s cannot be compared", base->facts.unit, now->facts.unit);
        goto out;
    }
    /* The second one first: where both know a function, it says where the function is. */
    if (calltree_init(&pairing.tree, err) != 0 || nodes_add(&pairing, &new) != 0 || nodes_add(&pairing, &old) != 0 ||
        facts_set(&pairing, base, now) != 0 || both_finish(&pairing) != 0)
        goto out;
    result = sides_set(pair, &old, &new) == 0 ? 0 : no_memory(err);
out:
    calltree_release(&pairing.tree);
    index_release(&pairing.names);
    free(pairing.functions);
    free(old.nodes);
    free(new.nodes);
    return result;
}

void pair_release(struct pair *pair)
{
    profile_free(pair->both);
    *pair = (struct pair){0};
}
