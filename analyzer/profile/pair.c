#include "profile/pair.h"

#include "base/index.h"
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

static const char *file_name(const struct profile_function *function)
{
    const char *slash = strrchr(function->file, '/');
    return slash ? slash + 1 : function->file;
}

static bool function_equal(const void *table, uint32_t number, const void *key)
{
    const struct profile_function *a = &((const struct pairing *)table)->functions[number], *b = key;
    return a->kind == b->kind && strcmp(a->name, b->name) == 0 && strcmp(file_name(a), file_name(b)) == 0;
}

/* The number of a function in both; UINT32_MAX when memory ran out. */
static uint32_t function_intern(struct pairing *pairing, const struct profile_function *function)
{
    struct arena *arena = &pairing->both->arena;
    const char *file = file_name(function);
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

/* Add a profile's paths to the tree of both; places[node] becomes where each is. */
static int nodes_add(struct pairing *pairing, const struct profile *profile, uint32_t *places)
{
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

static struct pair_side *side_make(struct profile *both, const struct profile *profile, const uint32_t *places)
{
    struct pair_side *side = arena_array(&both->arena, both->nr_nodes, sizeof(*side));
    for (uint32_t i = 0; side != NULL && i < profile->nr_nodes; i++) {
        const struct profile_node *node = &profile->nodes[i];
        struct pair_side *to = &side[places[i]];
        to->calls += node->calls;
        to->inclusive_ns += node->inclusive_ns;
        to->exclusive_ns += node->exclusive_ns;
        to->exists = true;
    }
    return side;
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

int pair_make(struct pair *pair, const struct profile *base, const struct profile *now, struct err *err)
{
    struct pairing pairing = {.both = calloc(1, sizeof(*pairing.both)), .err = err};
    uint32_t *base_places = calloc(base->nr_nodes, sizeof(*base_places));
    uint32_t *now_places = calloc(now->nr_nodes, sizeof(*now_places));
    int result = -1;
    *pair = (struct pair){.both = pairing.both};
    index_init(&pairing.names);
    if (pairing.both == NULL || base_places == NULL || now_places == NULL) {
        no_memory(err);
        goto out;
    }
    arena_init(&pairing.both->arena, 0);
    if (strcmp(base->facts.unit, now->facts.unit) != 0) {
        err_set(err, ERR_USAGE, "profiles in %s and in %s cannot be compared", base->facts.unit, now->facts.unit);
        goto out;
    }
    /* The second one first: where both know a function, it says where the function is. */
    if (calltree_init(&pairing.tree, err) != 0 || nodes_add(&pairing, now, now_places) != 0 ||
        nodes_add(&pairing, base, base_places) != 0 || facts_set(&pairing, base, now) != 0 ||
        both_finish(&pairing) != 0)
        goto out;
    pair->base = side_make(pair->both, base, base_places);
    pair->now = side_make(pair->both, now, now_places);
    result = pair->base != NULL && pair->now != NULL ? 0 : no_memory(err);
out:
    calltree_release(&pairing.tree);
    index_release(&pairing.names);
    free(pairing.functions);
    free(base_places);
    free(now_places);
    return result;
}

void pair_release(struct pair *pair)
{
    profile_free(pair->both);
    *pair = (struct pair){0};
}
