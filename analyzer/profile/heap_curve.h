/*
 * The heap over time: what was live, and what was allocated, in HEAP_INSTANTS equal parts of the trace's time, for all
 * paths together and for each.
 *
 * A part shows what was live when most of all together was live in it, so that the paths add up to the whole, and the
 * part of the peak is the peak. A path that does not change costs nothing: its series has the parts in which it did.
 */
#ifndef HEAP_CURVE_H
#define HEAP_CURVE_H

#include "profile/heap_profile.h"

struct heap_curve {
    uint64_t start_ticks, span_ticks;
    uint64_t next_ticks; /* when the part at hand is over */
    uint32_t part;       /* at hand */
    uint64_t most[HEAP_INSTANTS];
    uint64_t numbers[HEAP_INSTANTS]; /* how many mosts there were in the part; the first is its beginning */
    struct heap_amount allocated[HEAP_INSTANTS];
};

/* Of one path in one part. */
struct heap_moment {
    uint64_t most; /* live when most of all together was */
    uint64_t last; /* live at the end, and in the parts after it that have no moment */
    uint32_t part;
};

struct heap_series {
    struct heap_moment *moments;
    uint32_t nr, capacity;
    uint32_t part;   /* the last moment's */
    uint64_t number; /* up to which the last moment's most is right; 0: there is none */
    bool is_left_out;
};

void heap_curve_init(struct heap_curve *curve, uint64_t start_ticks, uint64_t end_ticks);

/* Time passes, while `live_bytes` are there. */
void heap_curve_pass(struct heap_curve *curve, uint64_t ticks, uint64_t live_bytes);

static inline void heap_curve_reach(struct heap_curve *curve, uint64_t ticks, uint64_t live_bytes)
{
    if (ticks >= curve->next_ticks)
        heap_curve_pass(curve, ticks, live_bytes);
}

/* There are `live_bytes` now, more than before. */
static inline void heap_curve_rise(struct heap_curve *curve, uint64_t live_bytes)
{
    if (live_bytes > curve->most[curve->part]) {
        curve->most[curve->part] = live_bytes;
        curve->numbers[curve->part]++;
    }
}

/* Nothing has to be noted before the path's live bytes change. */
static inline bool heap_series_is_settled(const struct heap_series *series, const struct heap_curve *curve)
{
    return series->part == curve->part && series->number == curve->numbers[curve->part];
}

/* Before a path's live bytes change, and when all is over. The moments that were added: 0 or 1; -1 without memory. */
int heap_series_settle(struct heap_series *series, const struct heap_curve *curve, uint64_t live_bytes);

/* The path's values: HEAP_INSTANTS of them are added to `values`. */
void heap_series_add(const struct heap_series *series, uint64_t *values);

#endif
