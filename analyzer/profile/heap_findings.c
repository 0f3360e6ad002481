#include "profile/heap_findings.h"

#include <stdlib.h>

#define FINDINGS_MAX    12u
#define SAW_SHARE       20u   /* a cycle's top is worth a word from this part of the peak on */
#define TEMPORARY_MIN   1000u /* blocks */
#define TEMPORARY_SHARE 10u   /* of all allocations */
#define RESIZES_MIN     100u
#define RESIZING_SHARE  10u /* of all bytes that were allocated */
#define NOBODY          UINT32_MAX

/* ---- Over time ------------------------------------------------------------------------------------ */

static uint64_t area_of(const struct heap_series *series)
{
    uint64_t values[HEAP_INSTANTS] = {0}, area = 0;
    heap_series_add(series, values);
    for (uint32_t i = 0; i < HEAP_INSTANTS; i++)
        area += values[i];
    return area;
}

/* The nodes with the largest areas, in descending order; of equal ones the first. How many. */
static uint32_t bands_choose(const uint64_t *areas, uint32_t nr_nodes, uint32_t *chosen)
{
    uint32_t nr = 0;
    for (uint32_t i = 0; i < nr_nodes; i++) {
        uint32_t at = nr;
        if (areas[i] == 0 || (nr == HEAP_BANDS && areas[i] <= areas[chosen[nr - 1]]))
            continue;
        for (at = nr < HEAP_BANDS ? nr++ : nr - 1; at > 0 && areas[chosen[at - 1]] < areas[i]; at--)
            chosen[at] = chosen[at - 1];
        chosen[at] = i;
    }
    return nr;
}

int heap_bands_make(struct heap_profile *profile, const struct heap *heap, const uint32_t *site_nodes, struct err *err)
{
    uint64_t *areas = calloc((size_t)profile->nr_nodes + 1, sizeof(*areas));
    uint32_t chosen[HEAP_BANDS] = {0};
    profile->bands = arena_array(&profile->arena, HEAP_BANDS, sizeof(*profile->bands));
    if (areas == NULL || profile->bands == NULL) {
        free(areas);
        return err_set(err, ERR_INPUT, "out of memory");
    }
    for (uint32_t i = 0; i < heap->sites.nr; i++)
        areas[site_nodes[i]] += area_of(&heap->sites.sites[i].series);
    profile->nr_bands = bands_choose(areas, profile->nr_nodes, chosen);
    for (uint32_t b = 0; b < profile->nr_bands; b++) {
        profile->bands[b].node = chosen[b];
        for (uint32_t i = 0; i < heap->sites.nr; i++)
            if (site_nodes[i] == chosen[b])
                heap_series_add(&heap->sites.sites[i].series, profile->bands[b].bytes);
    }
    free(areas);
    return 0;
}

/* ---- Findings ------------------------------------------------------------------------------------- */

static void finding_add(struct heap_profile *profile, const struct heap_finding *finding)
{
    struct heap_finding *all = profile->findings;
    if (profile->nr_findings == FINDINGS_MAX && all[FINDINGS_MAX - 1].bytes >= finding->bytes)
        return;
    uint32_t at = profile->nr_findings < FINDINGS_MAX ? profile->nr_findings++ : FINDINGS_MAX - 1;
    for (; at > 0 && all[at - 1].bytes < finding->bytes; at--)
        all[at] = all[at - 1];
    all[at] = *finding;
}

static struct heap_finding saw_finding(const struct heap *heap, const struct heap_cycles *cycles, uint32_t node)
{
    const struct clock *clock = &heap->replay->trace->clock;
    uint64_t whole = cycles->last_ticks - cycles->first_ticks;
    return (struct heap_finding){.kind = HEAP_SAWTOOTH,
                                 .node = node,
                                 .bytes = cycles->top_bytes / cycles->nr,
                                 .count = cycles->nr,
                                 .top_bytes = cycles->top_bytes / cycles->nr,
                                 .low_bytes = cycles->low_bytes / cycles->nr,
                                 .period_ns = clock_duration_ns(clock, whole / (cycles->nr - 1)),
                                 .shortest_ns = clock_duration_ns(clock, cycles->shortest_ticks),
                                 .longest_ns = clock_duration_ns(clock, cycles->longest_ticks)};
}

/* Of several sites of one node the one with the highest top. */
static int saws_find(struct heap_profile *profile, const struct heap *heap, const uint32_t *site_nodes, struct err *err)
{
    uint32_t *best = malloc(((size_t)profile->nr_nodes + 1) * sizeof(*best));
    uint64_t most = 0;
    if (best == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = 0; i < profile->nr_nodes; i++)
        best[i] = NOBODY;
    for (uint32_t i = 0; i < heap->sites.nr; i++) {
        const struct heap_cycles *cycles = &heap->sites.sites[i].cycles;
        uint32_t *of_node = &best[site_nodes[i]];
        if (heap_cycles_are_regular(cycles) &&
            (*of_node == NOBODY || cycles->full_bytes > heap->sites.sites[*of_node].cycles.full_bytes))
            *of_node = i;
    }
    for (uint32_t i = 1; i < profile->nr_nodes; i++) {
        if (best[i] == NOBODY)
            continue;
        struct heap_finding finding = saw_finding(heap, &heap->sites.sites[best[i]].cycles, i);
        most = finding.top_bytes > most ? finding.top_bytes : most;
        if (finding.top_bytes >= heap->totals.peak.bytes / SAW_SHARE)
            finding_add(profile, &finding);
    }
    free(best);
    /* All together, where no path by itself is the reason. */
    if (heap_cycles_are_regular(&heap->cycles) && 2 * most < heap->totals.peak.bytes) {
        struct heap_finding finding = saw_finding(heap, &heap->cycles, 0);
        finding_add(profile, &finding);
    }
    return 0;
}

static void habits_find(struct heap_profile *profile)
{
    const struct heap_amount *all = &profile->totals.allocated;
    for (uint32_t i = 1; i < profile->nr_nodes; i++) {
        const struct heap_counts *self = &profile->nodes[i].self;
        if (self->temporary >= TEMPORARY_MIN && 2 * self->temporary > self->allocated.blocks &&
            self->temporary >= all->blocks / TEMPORARY_SHARE)
            finding_add(profile, &(struct heap_finding){.kind = HEAP_TEMPORARY,
                                                        .node = i,
                                                        .bytes = self->allocated.bytes,
                                                        .count = self->temporary});
        if (self->resized.blocks >= RESIZES_MIN && self->moved.bytes >= all->bytes / RESIZING_SHARE)
            finding_add(profile, &(struct heap_finding){.kind = HEAP_RESIZING,
                                                        .node = i,
                                                        .bytes = self->moved.bytes,
                                                        .count = self->resized.blocks,
                                                        .most_resizes = self->most_resizes});
    }
}

int heap_findings_make(struct heap_profile *profile, const struct heap *heap, const uint32_t *site_nodes,
                       struct err *err)
{
    profile->findings = arena_array(&profile->arena, FINDINGS_MAX, sizeof(*profile->findings));
    if (profile->findings == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    habits_find(profile);
    return saws_find(profile, heap, site_nodes, err);
}
