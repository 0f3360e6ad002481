#include "profile/heap_curve.h"

#include <stdlib.h>

static uint64_t part_end(const struct heap_curve *curve, uint32_t part)
{
    if (part + 1 >= HEAP_INSTANTS)
        return UINT64_MAX;
    return curve->start_ticks + curve->span_ticks / HEAP_INSTANTS * (part + 1) +
           curve->span_ticks % HEAP_INSTANTS * (part + 1) / HEAP_INSTANTS;
}

void heap_curve_init(struct heap_curve *curve, uint64_t start_ticks, uint64_t end_ticks)
{
    *curve = (struct heap_curve){.start_ticks = start_ticks,
                                 .span_ticks = end_ticks > start_ticks ? end_ticks - start_ticks : 1};
    curve->numbers[0] = 1;
    curve->next_ticks = part_end(curve, 0);
}

void heap_curve_pass(struct heap_curve *curve, uint64_t ticks, uint64_t live_bytes)
{
    while (ticks >= curve->next_ticks && curve->part + 1 < HEAP_INSTANTS) {
        curve->part++;
        curve->most[curve->part] = live_bytes;
        curve->numbers[curve->part] = 1;
        curve->next_ticks = part_end(curve, curve->part);
    }
}

int heap_series_settle(struct heap_series *series, const struct heap_curve *curve, uint64_t live_bytes)
{
    if (series->is_left_out)
        return 0;
    struct heap_moment *last = series->nr > 0 ? &series->moments[series->nr - 1] : NULL;
    if (last != NULL) {
        last->last = live_bytes;
        if (series->number != curve->numbers[last->part]) {
            last->most = live_bytes;
            series->number = curve->numbers[last->part];
        }
        if (last->part == curve->part)
            return 0;
    }
    if (series->nr == series->capacity) {
        uint32_t capacity = series->capacity > 0 ? 2 * series->capacity : 2;
        struct heap_moment *moments = realloc(series->moments, capacity * sizeof(*moments));
        if (moments == NULL)
            return -1;
        series->moments = moments;
        series->capacity = capacity;
    }
    series->moments[series->nr++] = (struct heap_moment){.most = live_bytes, .last = live_bytes, .part = curve->part};
    series->part = curve->part;
    series->number = curve->numbers[curve->part];
    return 1;
}

void heap_series_add(const struct heap_series *series, uint64_t *values)
{
    uint64_t last = 0;
    for (uint32_t part = 0, at = 0; part < HEAP_INSTANTS; part++) {
        if (at < series->nr && series->moments[at].part == part) {
            values[part] += series->moments[at].most;
            last = series->moments[at++].last;
        } else {
            values[part] += last;
        }
    }
}
