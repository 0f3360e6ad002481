/*
 * Merging goes by way of a call tree whose functions are numbered anew; profile_finish() does the rest, as for a trace.
 */
#include "profile/merge.h"

#include "base/index.h"
#include "profile/wire.h"
#include "profile/calltree.h"
#include "profile/run.h"

#include <stdlib.h>
#include <string.h>

/* Sums stay far from the end of 64 bits. */
#define SUM_MAX ((uint64_t)1 << 62)

/* More notices than this help nobody; the first ones in the alphabet are kept. */
#define NOTICES_MAX 256u

struct run {
    uint8_t *bytes; /* malloc'ed */
    size_t nr;
};

struct merger {
    struct profile *merged;
    struct calltree tree;
    struct index identities; /* of functions */
    size_t capacity;
    struct profile_function *functions; /* malloc'ed while it grows, and so are their durations */
    uint32_t nr_functions;
    struct run *runs;
    size_t runs_capacity;
    uint32_t nr_runs, nr_threads;
    const char *notices[NOTICES_MAX]; /* in alphabetical order, each once */
    uint32_t nr_notices;
    const char *unit;        /* NULL: nothing was added yet */
    uint64_t time_ns, calls; /* of the whole tree */
};

static int no_memory(struct err *err)
{
    return err_set(err, ERR_INPUT, "out of memory while merging profiles");
}

static const char *text_copy(struct merger *merger, const char *text)
{
    return arena_copy(&merger->merged->arena, text, strlen(text));
}

/* ---- Functions ------------------------------------------------------------------------------------ */

int function_order(const struct profile_function *f, const struct profile_function *g)
{
    int order = strcmp(f->name, g->name);
    order = order != 0 ? order : strcmp(f->module, g->module);
    order = order != 0 ? order : strcmp(f->file, g->file);
    order = order != 0 ? order : (f->line > g->line) - (f->line < g->line);
    return order != 0 ? order : (int)f->kind - (int)g->kind;
}

static bool function_equal(const void *table, uint32_t number, const void *key)
{
    return function_order(&((const struct merger *)table)->functions[number], key) == 0;
}

static uint64_t function_hash(const struct index *index, const struct profile_function *function)
{
    uint64_t names = index_hash(index, index_hash_bytes(index, function->name, strlen(function->name)),
                                index_hash_bytes(index, function->module, strlen(function->module)));
    uint64_t place = index_hash(index, index_hash_bytes(index, function->file, strlen(function->file)),
                                (uint64_t)function->line << 2 | (uint64_t)function->kind);
    return index_hash(index, names, place);
}

/* The number of a function among the merged ones; UINT32_MAX when memory ran out. */
static uint32_t function_intern(struct merger *merger, const struct profile_function *function)
{
    uint64_t hash = function_hash(&merger->identities, function);
    uint32_t found = index_find(&merger->identities, hash, function_equal, merger, function);
    if (found != INDEX_NONE)
        return histogram_add(&merger->functions[found].durations, &function->durations) != 0 ? UINT32_MAX : found;
    uint32_t number = merger->nr_functions;
    struct profile_function *functions = array_grow(merger->functions, number, &merger->capacity, sizeof(*functions));
    if (functions == NULL)
        return UINT32_MAX;
    merger->functions = functions;
    functions[number] = (struct profile_function){.name = text_copy(merger, function->name),
                                                  .module = text_copy(merger, function->module),
                                                  .file = text_copy(merger, function->file),
                                                  .line = function->line,
                                                  .kind = function->kind};
    merger->nr_functions++;
    if (!functions[number].name || !functions[number].module || !functions[number].file ||
        histogram_add(&functions[number].durations, &function->durations) != 0 ||
        index_add(&merger->identities, hash, number) != 0)
        return UINT32_MAX;
    return number;
}

/* ---- Nodes ---------------------------------------------------------------------------------------- */

static int nodes_add(struct merger *merger, const struct profile *profile, const uint32_t *function_numbers,
                     uint32_t *places, struct profile_function *once, struct err *err)
{
    places[0] = CALLTREE_ROOT;
    for (uint32_t i = 1; i < profile->nr_nodes; i++) {
        const struct profile_node *node = &profile->nodes[i];
        places[i] = calltree_child(&merger->tree, places[node->parent], function_numbers[node->function], err);
        if (places[i] == UINT32_MAX)
            return -1;
        /* Some facts a profile knows by function, not by node; any node of the function may carry them. */
        struct profile_function *function = &once[node->function];
        struct calltree_node from = {.calls = node->calls,
                                     .inclusive = node->raw_inclusive_ns,
                                     .correction = (int64_t)(node->exclusive_ns - node->raw_exclusive_ns),
                                     .below = function->below_ns,
                                     .above = function->above_ns,
                                     .repeated = function->repeated_ns,
                                     .inherited = node->inherited_ns,
                                     .min = node->calls > 0 ? node->min_ns : UINT64_MAX,
                                     .max = node->max_ns,
                                     .inlined_calls = function->inlined_calls};
        *function = (struct profile_function){0};
        calltree_node_add(&merger->tree.nodes[places[i]], &from);
    }
    return 0;
}

static int tree_add(struct merger *merger, const struct profile *profile, struct err *err)
{
    int result = -1;
    uint32_t *numbers = calloc((size_t)profile->nr_functions + 1, sizeof(*numbers));
    struct profile_function *once = calloc((size_t)profile->nr_functions + 1, sizeof(*once));
    uint32_t *places = calloc((size_t)profile->nr_nodes + 1, sizeof(*places));
    if (!numbers || !once || !places) {
        no_memory(err);
        goto out;
    }
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        numbers[i] = function_intern(merger, &profile->functions[i]);
        once[i] = profile->functions[i];
        if (numbers[i] == UINT32_MAX) {
            no_memory(err);
            goto out;
        }
    }
    result = nodes_add(merger, profile, numbers, places, once, err);
out:
    free(numbers);
    free(once);
    free(places);
    return result;
}

/* ---- Runs and notices ----------------------------------------------------------------------------- */

static int runs_add(struct merger *merger, const struct profile *profile)
{
    uint32_t thread = 0;
    for (uint32_t i = 0; i < run_count(profile); i++) {
        struct wire bytes = {0};
        struct run *runs = array_grow(merger->runs, merger->nr_runs, &merger->runs_capacity, sizeof(*runs));
        if (runs == NULL)
            return -1;
        merger->runs = runs;
        run_put(&bytes, profile, i, &thread);
        runs[merger->nr_runs++] = (struct run){bytes.bytes, bytes.nr};
        if (bytes.failed)
            return -1;
    }
    merger->nr_threads += thread;
    return 0;
}

static int run_compare(const void *a, const void *b)
{
    const struct run *r = a, *s = b;
    int order = memcmp(r->bytes, s->bytes, r->nr < s->nr ? r->nr : s->nr);
    return order != 0 ? order : (r->nr > s->nr) - (r->nr < s->nr);
}

static int runs_finish(struct merger *merger)
{
    struct profile *merged = merger->merged;
    qsort(merger->runs, merger->nr_runs, sizeof(*merger->runs), run_compare);
    merged->runs = arena_array(&merged->arena, merger->nr_runs, sizeof(*merged->runs));
    merged->threads = arena_array(&merged->arena, (size_t)merger->nr_threads + 1, sizeof(*merged->threads));
    if (merged->runs == NULL || merged->threads == NULL)
        return -1;
    for (uint32_t i = 0; i < merger->nr_runs; i++) {
        struct cursor cursor = {merger->runs[i].bytes, merger->runs[i].bytes + merger->runs[i].nr, false};
        run_get(&cursor, merged, merger->nr_threads);
        if (cursor.failed)
            return -1;
    }
    return run_sum(merged);
}

static int notice_add(struct merger *merger, const char *notice)
{
    uint32_t at = 0;
    while (at < merger->nr_notices && strcmp(merger->notices[at], notice) < 0)
        at++;
    if (at == NOTICES_MAX || (at < merger->nr_notices && strcmp(merger->notices[at], notice) == 0))
        return 0;
    const char *copy = text_copy(merger, notice);
    if (copy == NULL)
        return -1;
    uint32_t nr_moved = merger->nr_notices - at - (merger->nr_notices == NOTICES_MAX);
    memmove(&merger->notices[at + 1], &merger->notices[at], nr_moved * sizeof(notice));
    merger->notices[at] = copy;
    merger->nr_notices += merger->nr_notices < NOTICES_MAX;
    return 0;
}

static int notices_finish(struct merger *merger)
{
    struct profile *merged = merger->merged;
    merged->notices = arena_array(&merged->arena, (size_t)merger->nr_notices + 1, sizeof(*merged->notices));
    if (merged->notices == NULL)
        return -1;
    memcpy(merged->notices, merger->notices, merger->nr_notices * sizeof(*merged->notices));
    merged->nr_notices = merger->nr_notices;
    return 0;
}

/* ---- The whole ------------------------------------------------------------------------------------ */

struct merger *merger_new(struct err *err)
{
    struct merger *merger = calloc(1, sizeof(*merger));
    struct profile *merged = calloc(1, sizeof(*merged));
    if (merger == NULL || merged == NULL) {
        free(merger);
        free(merged);
        no_memory(err);
        return NULL;
    }
    merger->merged = merged;
    arena_init(&merged->arena, 0);
    index_init(&merger->identities);
    if (calltree_init(&merger->tree, err) == 0)
        return merger;
    merger_free(merger);
    return NULL;
}

void merger_free(struct merger *merger)
{
    if (merger == NULL)
        return;
    for (uint32_t i = 0; i < merger->nr_functions; i++)
        free(merger->functions[i].durations.counts);
    for (uint32_t i = 0; i < merger->nr_runs; i++)
        free(merger->runs[i].bytes);
    free(merger->functions);
    free(merger->runs);
    calltree_release(&merger->tree);
    index_release(&merger->identities);
    profile_free(merger->merged);
    free(merger);
}

static int unit_check(struct merger *merger, const char *unit, struct err *err)
{
    if (merger->unit == NULL)
        merger->unit = text_copy(merger, unit);
    if (merger->unit == NULL)
        return no_memory(err);
    if (strcmp(merger->unit, unit) != 0)
        return err_set(err, ERR_USAGE, "profiles in %s and in %s cannot be merged", merger->unit, unit);
    return 0;
}

static int sums_check(struct merger *merger, const struct profile *profile, struct err *err)
{
    uint64_t calls = 0, time_ns = profile->nodes[0].raw_inclusive_ns;
    for (uint32_t i = 0; i < profile->nr_functions; i++)
        calls += profile->functions[i].calls;
    if (profile->nodes[0].inclusive_ns > time_ns)
        time_ns = profile->nodes[0].inclusive_ns;
    if (time_ns > SUM_MAX - merger->time_ns || calls > SUM_MAX - merger->calls)
        return err_set(err, ERR_INPUT, "%s: its times are impossible", profile->facts.source);
    merger->time_ns += time_ns;
    merger->calls += calls;
    return 0;
}

int merger_add(struct merger *merger, const struct profile *profile, struct err *err)
{
    if (unit_check(merger, profile->facts.unit, err) != 0 || sums_check(merger, profile, err) != 0 ||
        tree_add(merger, profile, err) != 0)
        return -1;
    if (runs_add(merger, profile) != 0)
        return no_memory(err);
    for (uint32_t i = 0; i < profile->nr_notices; i++) {
        if (notice_add(merger, profile->notices[i]) != 0)
            return no_memory(err);
    }
    return 0;
}

/* From malloc's memory into the arena's. */
static int functions_finish(struct merger *merger)
{
    struct profile *merged = merger->merged;
    merged->nr_functions = merger->nr_functions;
    merged->functions = arena_array(&merged->arena, (size_t)merged->nr_functions + 1, sizeof(*merged->functions));
    for (uint32_t i = 0; merged->functions != NULL && i < merged->nr_functions; i++) {
        struct profile_function *function = &merged->functions[i];
        *function = merger->functions[i];
        struct histogram_count *counts =
            arena_array(&merged->arena, (size_t)function->durations.nr + 1, sizeof(*counts));
        if (counts == NULL)
            return -1;
        if (function->durations.nr > 0)
            memcpy(counts, function->durations.counts, function->durations.nr * sizeof(*counts));
        function->durations.counts = counts;
    }
    return merged->functions == NULL ? -1 : 0;
}

struct profile *merger_finish(struct merger *merger, struct err *err)
{
    struct profile *merged = NULL;
    if (runs_finish(merger) != 0 || notices_finish(merger) != 0 || functions_finish(merger) != 0) {
        no_memory(err);
    } else if (profile_finish(merger->merged, &merger->tree, err) == 0) {
        merged = merger->merged;
        merger->merged = NULL;
    }
    merger_free(merger);
    return merged;
}

struct profile *profile_merge(const struct profile *const *profiles, uint32_t nr, struct err *err)
{
    struct merger *merger = merger_new(err);
    for (uint32_t i = 0; merger != NULL && i < nr; i++) {
        if (merger_add(merger, profiles[i], err) != 0) {
            merger_free(merger);
            return NULL;
        }
    }
    return merger == NULL ? NULL : merger_finish(merger, err);
}
