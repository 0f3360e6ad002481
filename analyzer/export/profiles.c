/*
 * A profile, or a heap, as a profile.proto.
 */
#include "export/export.h"
#include "export/pprof.h"
#include "profile/heap_profile.h"

#include <stdlib.h>

static int terminal_refuse(const struct out *out, struct err *err)
{
    return out_is_terminal(out) ? err_set(err, ERR_USAGE, "a profile.proto is no text: -o FILE") : 0;
}

static void functions_put(const struct profile *profile, struct pprof *pprof)
{
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        const struct profile_function *function = &profile->functions[i];
        pprof_function(pprof, i,
                       &(struct pprof_function){function->label, function->module, function->file, function->line});
    }
}

static uint32_t profile_depth(const struct profile *profile)
{
    uint32_t most = 0;
    for (uint32_t i = 1; i < profile->nr_nodes; i++)
        most = profile->nodes[i].depth > most ? profile->nodes[i].depth : most;
    return most;
}

int export_pprof(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    const struct pprof_type types[] = {{"calls", "count"}, {"time", "nanoseconds"}},
                            counted[] = {{profile->facts.unit, "count"}};
    bool has_calls = profile->facts.has_calls;
    struct pprof pprof;
    uint32_t *path = calloc((size_t)profile_depth(profile) + 1, sizeof(*path));
    (void)options;
    if (path == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    pprof_begin(&pprof, has_calls ? types : counted, has_calls ? 2 : 1);
    functions_put(profile, &pprof);
    for (uint32_t i = 1; i < profile->nr_nodes; i++) {
        const struct profile_node *node = &profile->nodes[i];
        const uint64_t values[] = {node->calls, node->exclusive_ns};
        uint32_t depth = 0;
        for (uint32_t at = i; at != 0; at = profile->nodes[at].parent)
            path[depth++] = profile->nodes[at].function;
        if (node->calls > 0 || node->exclusive_ns > 0)
            pprof_sample(&pprof, path, depth, has_calls ? values : values + 1);
    }
    int result = terminal_refuse(out, err);
    if (result == 0)
        result = pprof_finish(&pprof, profile->facts.realtime_ns, profile->facts.wall_ns, out, err);
    pprof_release(&pprof);
    free(path);
    return result;
}

/* How many frames the deepest path has. */
static uint32_t depth_of(const struct heap_profile *heap, uint32_t *depths)
{
    uint32_t most = 0;
    for (uint32_t i = 1; i < heap->nr_nodes; i++) {
        depths[i] = depths[heap->nodes[i].parent] + 1;
        most = depths[i] > most ? depths[i] : most;
    }
    return most;
}

int export_heap_pprof(const struct heap_profile *heap, const struct view_options *options, struct out *out,
                      struct err *err)
{
    static const struct pprof_type types[] = {{"alloc_objects", "count"}, {"alloc_space", "bytes"},
                                              {"peak_objects", "count"},  {"peak_space", "bytes"},
                                              {"inuse_objects", "count"}, {"inuse_space", "bytes"}};
    const struct profile_facts *facts = &heap->run->facts;
    uint32_t *depths = calloc((size_t)heap->nr_nodes + 1, sizeof(*depths));
    uint32_t *path = depths == NULL ? NULL : calloc((size_t)depth_of(heap, depths) + 1, sizeof(*path));
    struct pprof pprof;
    (void)options;
    free(depths);
    if (path == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    pprof_begin(&pprof, types, sizeof(types) / sizeof(*types));
    for (uint32_t i = 0; i < heap->nr_functions; i++) {
        const struct heap_function *function = &heap->functions[i];
        if (function->label[0] != '\0')
            pprof_function(&pprof, i,
                           &(struct pprof_function){function->label, function->module, function->file, function->line});
    }
    for (uint32_t i = 1; i < heap->nr_nodes; i++) {
        const struct heap_counts *self = &heap->nodes[i].self;
        const uint64_t values[] = {self->allocated.blocks, self->allocated.bytes, self->peak.blocks,
                                   self->peak.bytes,       self->live.blocks,     self->live.bytes};
        uint32_t depth = 0;
        for (uint32_t at = i; at != 0; at = heap->nodes[at].parent)
            path[depth++] = heap->nodes[at].function;
        if (self->allocated.blocks > 0)
            pprof_sample(&pprof, path, depth, values);
    }
    int result = terminal_refuse(out, err);
    if (result == 0)
        result = pprof_finish(&pprof, facts->realtime_ns, facts->wall_ns, out, err);
    pprof_release(&pprof);
    free(path);
    return result;
}
