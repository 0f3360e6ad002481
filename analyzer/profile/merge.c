/*
 * Merging goes by way of a call tree whose functions are numbered anew; profile_finish() does the rest, as for a trace.
 */
#include "profile/merge.h"

#include "base/index.h"
#include "profile/calltree.h"

#include <stdlib.h>
#include <string.h>

struct merger {
    struct profile *merged;
    struct calltree tree;
    struct index identities; /* of functions */
    size_t capacity;
    struct profile_function *functions; /* malloc'ed while it grows, and so are their durations */
    uint32_t nr_functions;
    struct err *err;
};

static int no_memory(struct merger *merger)
{
    return err_set(merger->err, ERR_INPUT, "out of memory while merging profiles");
}

static const char *text_copy(struct merger *merger, const char *text)
{
    return arena_copy(&merger->merged->arena, text, strlen(text));
}

/* ---- Functions ------------------------------------------------------------------------------------ */

static bool function_equal(const void *table, uint32_t number, const void *key)
{
    const struct profile_function *a = &((const struct merger *)table)->functions[number], *b = key;
    return a->kind == b->kind && a->line == b->line && strcmp(a->name, b->name) == 0 &&
           strcmp(a->module, b->module) == 0 && strcmp(a->file, b->file) == 0;
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
                     uint32_t *places, struct profile_function *once)
{
    places[0] = CALLTREE_ROOT;
    for (uint32_t i = 1; i < profile->nr_nodes; i++) {
        const struct profile_node *node = &profile->nodes[i];
        places[i] = calltree_child(&merger->tree, places[node->parent], function_numbers[node->function], merger->err);
        if (places[i] == UINT32_MAX)
            return -1;
        /* Some facts a profile knows by function, not by node; any node of the function may carry them. */
        struct profile_function *function = &once[node->function];
        struct calltree_node from = {.calls = node->calls,
                                     .inclusive = node->raw_inclusive_ns,
                                     .correction = (int64_t)(node->exclusive_ns - node->raw_exclusive_ns),
                                     .below = function->below_ns,
                                     .above = function->above_ns,
                                     .inherited = node->inherited_ns,
                                     .min = node->calls > 0 ? node->min_ns : UINT64_MAX,
                                     .max = node->max_ns,
                                     .inlined_calls = function->inlined_calls};
        *function = (struct profile_function){0};
        calltree_node_add(&merger->tree.nodes[places[i]], &from);
    }
    return 0;
}

static int tree_add(struct merger *merger, const struct profile *profile)
{
    int result = -1;
    uint32_t *numbers = calloc((size_t)profile->nr_functions + 1, sizeof(*numbers));
    struct profile_function *once = calloc((size_t)profile->nr_functions + 1, sizeof(*once));
    uint32_t *places = calloc((size_t)profile->nr_nodes + 1, sizeof(*places));
    if (!numbers || !once || !places) {
        no_memory(merger);
        goto out;
    }
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        numbers[i] = function_intern(merger, &profile->functions[i]);
        once[i] = profile->functions[i];
        if (numbers[i] == UINT32_MAX) {
            no_memory(merger);
            goto out;
        }
    }
    result = nodes_add(merger, profile, numbers, places, once);
out:
    free(numbers);
    free(once);
    free(places);
    return result;
}

/* ---- Facts ---------------------------------------------------------------------------------------- */

static uint64_t max64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void facts_add(struct profile_facts *to, const struct profile_facts *from)
{
    if (to->realtime_ns == 0 || (from->realtime_ns != 0 && from->realtime_ns < to->realtime_ns))
        to->realtime_ns = from->realtime_ns;
    to->wall_ns = max64(to->wall_ns, from->wall_ns);
    to->clock_step_ps = max64(to->clock_step_ps, from->clock_step_ps);
    to->nr_traces += from->nr_traces;
    to->nr_processes += from->nr_processes;
    to->nr_threads += from->nr_threads;
    to->nr_events += from->nr_events;
    to->nr_calls += from->nr_calls;
    to->open_frames += from->open_frames;
    to->unwound_frames += from->unwound_frames;
    to->inherited_exits += from->inherited_exits;
    to->orphan_exits += from->orphan_exits;
    to->dropped_events += from->dropped_events;
    to->trace_bytes += from->trace_bytes;
    to->complete = to->complete && from->complete;
    to->has_calls = to->has_calls && from->has_calls;
}

/* "a.zst b.zst c.zst"; the text may become long, and is cut by whoever shows it. */
static const char *sources_join(struct merger *merger, const struct profile *const *profiles, uint32_t nr)
{
    size_t bytes = 0, used = 0;
    for (uint32_t i = 0; i < nr; i++)
        bytes += strlen(profiles[i]->facts.source) + 1;
    char *joined = arena_alloc(&merger->merged->arena, bytes + 1);
    for (uint32_t i = 0; joined != NULL && i < nr; i++) {
        size_t length = strlen(profiles[i]->facts.source);
        if (i > 0)
            joined[used++] = ' ';
        memcpy(joined + used, profiles[i]->facts.source, length);
        used += length;
    }
    return joined;
}

static int facts_merge(struct merger *merger, const struct profile *const *profiles, uint32_t nr)
{
    struct profile_facts *facts = &merger->merged->facts;
    *facts = (struct profile_facts){.complete = true, .has_calls = true};
    facts->source = sources_join(merger, profiles, nr);
    facts->command = text_copy(merger, profiles[0]->facts.command);
    facts->host = text_copy(merger, profiles[0]->facts.host);
    facts->unit = text_copy(merger, profiles[0]->facts.unit);
    if (!facts->source || !facts->command || !facts->host || !facts->unit)
        return no_memory(merger);
    for (uint32_t i = 0; i < nr; i++) {
        if (strcmp(profiles[i]->facts.unit, facts->unit) != 0)
            return err_set(merger->err, ERR_USAGE, "profiles in %s and in %s cannot be merged", facts->unit,
                           profiles[i]->facts.unit);
        facts_add(facts, &profiles[i]->facts);
    }
    return 0;
}

static int lists_merge(struct merger *merger, const struct profile *const *profiles, uint32_t nr)
{
    struct profile *merged = merger->merged;
    uint64_t nr_threads = 0, nr_notices = 0;
    uint32_t nr_traces = 0;
    for (uint32_t i = 0; i < nr; i++) {
        nr_threads += profiles[i]->nr_threads;
        nr_notices += profiles[i]->nr_notices;
    }
    merged->threads = arena_array(&merged->arena, nr_threads + 1, sizeof(*merged->threads));
    merged->notices = arena_array(&merged->arena, nr_notices + 1, sizeof(*merged->notices));
    if (!merged->threads || !merged->notices || nr_threads > UINT32_MAX || nr_notices > UINT32_MAX)
        return no_memory(merger);
    for (uint32_t i = 0; i < nr; i++) {
        for (uint32_t j = 0; j < profiles[i]->nr_threads; j++) {
            struct profile_thread *thread = &merged->threads[merged->nr_threads++];
            *thread = profiles[i]->threads[j];
            thread->trace += nr_traces;
            thread->name = text_copy(merger, thread->name);
            if (!thread->name)
                return no_memory(merger);
        }
        for (uint32_t j = 0; j < profiles[i]->nr_notices; j++) {
            const char *notice = text_copy(merger, profiles[i]->notices[j]);
            if (!notice)
                return no_memory(merger);
            merged->notices[merged->nr_notices++] = notice;
        }
        nr_traces += profiles[i]->facts.nr_traces;
    }
    return 0;
}

/* From malloc's memory into the arena's. */
static int durations_copy(struct arena *arena, struct histogram *durations)
{
    struct histogram_count *counts = arena_array(arena, (size_t)durations->nr + 1, sizeof(*counts));
    if (counts == NULL)
        return -1;
    if (durations->nr > 0)
        memcpy(counts, durations->counts, durations->nr * sizeof(*counts));
    durations->counts = counts;
    return 0;
}

static int profiles_add(struct merger *merger, const struct profile *const *profiles, uint32_t nr)
{
    struct profile *merged = merger->merged;
    for (uint32_t i = 0; i < nr; i++) {
        if (tree_add(merger, profiles[i]) != 0)
            return -1;
    }
    merged->nr_functions = merger->nr_functions;
    merged->functions = arena_array(&merged->arena, (size_t)merged->nr_functions + 1, sizeof(*merged->functions));
    if (!merged->functions)
        return no_memory(merger);
    for (uint32_t i = 0; i < merged->nr_functions; i++) {
        merged->functions[i] = merger->functions[i];
        if (durations_copy(&merged->arena, &merged->functions[i].durations) != 0)
            return no_memory(merger);
    }
    return profile_finish(merged, &merger->tree, merger->err);
}

struct profile *profile_merge(const struct profile *const *profiles, uint32_t nr, struct err *err)
{
    struct merger merger = {.err = err, .merged = calloc(1, sizeof(*merger.merged))};
    if (!merger.merged) {
        no_memory(&merger);
        return NULL;
    }
    arena_init(&merger.merged->arena, 0);
    index_init(&merger.identities);
    bool merged = calltree_init(&merger.tree, err) == 0 && facts_merge(&merger, profiles, nr) == 0 &&
                  lists_merge(&merger, profiles, nr) == 0 && profiles_add(&merger, profiles, nr) == 0;
    for (uint32_t i = 0; i < merger.nr_functions; i++)
        free(merger.functions[i].durations.counts);
    calltree_release(&merger.tree);
    index_release(&merger.identities);
    free(merger.functions);
    if (merged)
        return merger.merged;
    profile_free(merger.merged);
    return NULL;
}
