#include "profile/findings.h"

#include "base/number.h"
#include "base/out.h"
#include "profile/edges.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDE_PERCENT        20
#define WIDE_CALLEE_PERCENT 80 /* a callee with that much is the wide frame itself */
#define FLAT_PERCENT        10
#define TALL_ACTIVATIONS    16u
#define PER_KIND            5u /* of the same kind, the heaviest */
#define TINY_PERCENT        1
#define TINY_NAMES          8u /* in the flag */

const char *finding_kind_name(enum finding_kind kind)
{
    static const char *const names[] = {"wide frame", "flat top", "tall stack", "sawtooth", "lock-step", "tiny calls"};
    return names[kind];
}

static bool share_reached(uint64_t part, uint64_t whole, unsigned percent)
{
    return whole > 0 && (double)part * 100 >= (double)whole * percent;
}

static int no_memory(struct err *err)
{
    return err_set(err, ERR_INPUT, "out of memory");
}

struct finding *finding_add(struct findings *findings, enum finding_kind kind, uint32_t function)
{
    struct finding *list = array_grow(findings->list, findings->nr, &findings->capacity, sizeof(*list));
    if (!list)
        return NULL;
    findings->list = list;
    list[findings->nr] = (struct finding){.kind = kind, .function = function};
    return &list[findings->nr++];
}

static int weight_compare(const void *a, const void *b)
{
    const struct finding *f = a, *g = b;
    if (f->kind != g->kind)
        return f->kind < g->kind ? -1 : 1;
    if (f->time_ns != g->time_ns)
        return f->time_ns > g->time_ns ? -1 : 1;
    if (f->number != g->number)
        return f->number > g->number ? -1 : 1;
    return (f->function > g->function) - (f->function < g->function);
}

/* ---- Wide frames -------------------------------------------------------------------------------- */

/* What a function's callees take. */
struct fan {
    uint64_t sum_ns, most_ns;
    uint32_t nr;
};

static int wide_frames_find(struct findings *findings, const struct profile *profile, struct err *err)
{
    struct edges edges;
    struct fan *fans = calloc((size_t)profile->nr_functions + 1, sizeof(*fans));
    uint64_t whole_ns = profile->nodes[0].inclusive_ns;
    if (!fans || edges_make(&edges, profile, err) != 0) {
        free(fans);
        return no_memory(err);
    }
    for (size_t i = 0; i < edges.nr; i++) {
        const struct edge *edge = &edges.edges[i];
        if (edge->caller == EDGE_NO_CALLER || edge->caller == edge->callee)
            continue;
        struct fan *fan = &fans[edge->caller];
        fan->nr++;
        fan->sum_ns += edge->inclusive_ns;
        fan->most_ns = edge->inclusive_ns > fan->most_ns ? edge->inclusive_ns : fan->most_ns;
    }
    edges_release(&edges);
    int result = 0;
    for (uint32_t f = 0; f < profile->nr_functions && result == 0; f++) {
        uint64_t time_ns = profile->functions[f].inclusive_ns;
        if (!share_reached(time_ns, whole_ns, WIDE_PERCENT) || fans[f].nr < 2 ||
            !share_reached(fans[f].sum_ns, time_ns, 50) || share_reached(fans[f].most_ns, time_ns, WIDE_CALLEE_PERCENT))
            continue;
        struct finding *finding = finding_add(findings, FINDING_WIDE_FRAME, f);
        char share[NUMBER_BYTES], most[NUMBER_BYTES];
        if (!finding) {
            result = no_memory(err);
            break;
        }
        finding->time_ns = time_ns;
        finding->calls = profile->functions[f].calls;
        finding->number = fans[f].nr;
        snprintf(finding->text, sizeof(finding->text), "%s %% of the run, in %u callees; the largest takes %s %% of it",
                 number_percent(share, time_ns, whole_ns), fans[f].nr, number_percent(most, fans[f].most_ns, time_ns));
    }
    free(fans);
    return result;
}

/* ---- Flat tops ---------------------------------------------------------------------------------- */

static int flat_tops_find(struct findings *findings, const struct profile *profile, struct err *err)
{
    uint64_t whole_ns = profile->nodes[0].inclusive_ns;
    for (uint32_t f = 0; f < profile->nr_functions; f++) {
        const struct profile_function *function = &profile->functions[f];
        char share[NUMBER_BYTES], own[NUMBER_BYTES];
        if (!share_reached(function->exclusive_ns, whole_ns, FLAT_PERCENT))
            break; /* they are in that order */
        struct finding *finding = finding_add(findings, FINDING_FLAT_TOP, f);
        if (!finding)
            return no_memory(err);
        finding->time_ns = function->exclusive_ns;
        finding->calls = function->calls;
        snprintf(finding->text, sizeof(finding->text), "%s %% of the run is its own time, %s %% of its total",
                 number_percent(share, function->exclusive_ns, whole_ns),
                 number_percent(own, function->exclusive_ns, function->inclusive_ns));
    }
    return 0;
}

/* ---- Tall stacks -------------------------------------------------------------------------------- */

struct recursion {
    uint32_t active, most; /* on the path of the walk; the most there were */
};

static void node_enter(struct recursion *recursions, const struct profile_node *node)
{
    struct recursion *recursion = &recursions[node->function];
    recursion->active++;
    recursion->most = recursion->active > recursion->most ? recursion->active : recursion->most;
}

static void recursions_walk(struct recursion *recursions, const struct profile *profile)
{
    const struct profile_node *nodes = profile->nodes;
    for (uint32_t at = nodes[0].first_child; at != 0;) {
        node_enter(recursions, &nodes[at]);
        if (nodes[at].first_child != 0) {
            at = nodes[at].first_child;
            continue;
        }
        recursions[nodes[at].function].active--;
        while (at != 0 && nodes[at].next_sibling == 0) {
            at = nodes[at].parent;
            if (at != 0)
                recursions[nodes[at].function].active--;
        }
        at = nodes[at].next_sibling;
    }
}

/* Frames that were open at once, but are not in the tree: recursion that was folded. */
static uint32_t folded_levels(const struct profile *profile)
{
    uint32_t deepest = 0;
    for (uint32_t i = 1; i < profile->nr_nodes; i++)
        deepest = profile->nodes[i].depth > deepest ? profile->nodes[i].depth : deepest;
    return profile->facts.max_depth > deepest ? profile->facts.max_depth - deepest : 0;
}

/* The function that recurs most often takes what was folded. */
static void recursion_unfold(struct recursion *recursions, const struct profile *profile)
{
    uint32_t levels = folded_levels(profile), busiest = profile->nr_functions;
    for (uint32_t f = 0; f < profile->nr_functions; f++) {
        bool busier =
            busiest == profile->nr_functions || profile->functions[f].calls > profile->functions[busiest].calls;
        if (recursions[f].most > 1 && busier)
            busiest = f;
    }
    if (levels > 0 && busiest < profile->nr_functions)
        recursions[busiest].most += levels;
}

static int tall_stacks_find(struct findings *findings, const struct profile *profile, struct err *err)
{
    struct recursion *recursions = calloc((size_t)profile->nr_functions + 1, sizeof(*recursions));
    if (!recursions)
        return no_memory(err);
    recursions_walk(recursions, profile);
    recursion_unfold(recursions, profile);
    int result = 0;
    for (uint32_t f = 0; f < profile->nr_functions && result == 0; f++) {
        if (recursions[f].most < TALL_ACTIVATIONS)
            continue;
        struct finding *finding = finding_add(findings, FINDING_TALL_STACK, f);
        if (!finding) {
            result = no_memory(err);
            break;
        }
        finding->number = recursions[f].most;
        finding->calls = profile->functions[f].calls;
        snprintf(finding->text, sizeof(finding->text), "recursion up to %u deep", finding->number);
    }
    free(recursions);
    return result;
}

/* ---- Tiny calls --------------------------------------------------------------------------------- */

/* What a pair of hooks costs; 0: not known. */
static uint64_t hooks_ps(const struct profile *profile)
{
    const struct profile_facts *facts = &profile->facts;
    return facts->is_corrected ? facts->hook_inside_ps + facts->hook_outside_ps : 0;
}

/* The median, as no preempted call can move it: less of its own than a pair of hooks around it. */
static bool is_tiny(const struct profile *profile, const struct profile_function *f)
{
    uint64_t limit_ps = profile->facts.hook_inside_ps + hooks_ps(profile);
    return f->kind != FUNCTION_REGION && f->durations.nr > 0 && hooks_ps(profile) > 0 &&
           function_quantile_ns(f, 500) * 1000 < limit_ps;
}

/* A name that means the same to a compiler, a shell and a reader. */
static bool is_plain(const char *name)
{
    for (; *name != '\0'; name++)
        if (!isalnum((unsigned char)*name) && *name != '_')
            return false;
    return true;
}

static int calls_compare(const void *a, const void *b, void *context)
{
    const struct profile_function *functions = context;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    if (functions[i].calls != functions[j].calls)
        return functions[i].calls > functions[j].calls ? -1 : 1;
    return (i > j) - (i < j);
}

/* The flag that leaves them out, to be copied. NULL when memory ran out. */
static char *tiny_advice(const struct profile *profile, const uint32_t *tiny, uint32_t nr)
{
    char *text = NULL;
    size_t bytes;
    struct err err = {0};
    struct out *out = out_open_memory(&text, &bytes);
    uint32_t nr_named = 0;
    if (!out)
        return NULL;
    out_text(out, "gcc: -finstrument-functions-exclude-function-list=");
    for (uint32_t i = 0; i < nr && nr_named < TINY_NAMES; i++) {
        const char *name = profile->functions[tiny[i]].name;
        if (is_plain(name))
            out_format(out, "%s%s", nr_named++ > 0 ? "," : "", name);
    }
    out_text(out, "\nclang: -finstrument-functions-after-inlining, or __attribute__((no_instrument_function))");
    return out_close(out, &err) == 0 ? text : NULL;
}

static int tiny_calls_add(struct findings *findings, const struct profile *profile, const uint32_t *tiny, uint32_t nr)
{
    uint64_t calls = 0, whole_ns = profile->nodes[0].inclusive_ns;
    for (uint32_t i = 0; i < nr; i++)
        calls += profile->functions[tiny[i]].calls;
    uint64_t cost_ns = (uint64_t)((double)calls * (double)hooks_ps(profile) / 1000);
    if (nr == 0 || (whole_ns > 0 && !share_reached(cost_ns, whole_ns, TINY_PERCENT))) /* 0: all of it was tracing */
        return 0;
    struct finding *finding = finding_add(findings, FINDING_TINY_CALLS, tiny[0]);
    char number[NUMBER_BYTES], cost[NUMBER_BYTES], each[NUMBER_BYTES];
    if (!finding)
        return -1;
    finding->time_ns = cost_ns;
    finding->calls = calls;
    finding->number = nr;
    finding->advice = tiny_advice(profile, tiny, nr);
    snprintf(finding->text, sizeof(finding->text), "%s%s calls that take less than the %s of tracing them: %s in all",
             nr > 1 ? "and others: " : "", number_grouped(number, calls), number_time(each, hooks_ps(profile) / 1000),
             number_time(cost, cost_ns));
    return finding->advice ? 0 : -1;
}

static int tiny_calls_find(struct findings *findings, const struct profile *profile, struct err *err)
{
    uint32_t nr = 0, *tiny = calloc((size_t)profile->nr_functions + 1, sizeof(*tiny));
    if (!tiny)
        return no_memory(err);
    for (uint32_t f = 0; f < profile->nr_functions; f++)
        if (is_tiny(profile, &profile->functions[f]))
            tiny[nr++] = f;
    qsort_r(tiny, nr, sizeof(*tiny), calls_compare, profile->functions);
    int result = tiny_calls_add(findings, profile, tiny, nr);
    free(tiny);
    return result == 0 ? 0 : no_memory(err);
}

/* ---- All ---------------------------------------------------------------------------------------- */

/* The heaviest of each kind. */
static void findings_cut(struct findings *findings)
{
    uint32_t kept = 0, of_kind = 0;
    if (findings->nr > 0)
        qsort(findings->list, findings->nr, sizeof(*findings->list), weight_compare);
    for (uint32_t i = 0; i < findings->nr; i++) {
        of_kind = i > 0 && findings->list[i - 1].kind == findings->list[i].kind ? of_kind + 1 : 0;
        if (of_kind < PER_KIND)
            findings->list[kept++] = findings->list[i];
        else
            free(findings->list[i].advice);
    }
    findings->nr = kept;
}

int findings_make(struct findings *findings, const struct profile *profile, struct err *err)
{
    *findings = (struct findings){0};
    if (wide_frames_find(findings, profile, err) != 0 || flat_tops_find(findings, profile, err) != 0 ||
        tall_stacks_find(findings, profile, err) != 0 || findings_of_rhythms(findings, profile, err) != 0 ||
        tiny_calls_find(findings, profile, err) != 0) {
        findings_release(findings);
        return -1;
    }
    findings_cut(findings);
    return 0;
}

void findings_release(struct findings *findings)
{
    for (uint32_t i = 0; i < findings->nr; i++)
        free(findings->list[i].advice);
    free(findings->list);
    *findings = (struct findings){0};
}
