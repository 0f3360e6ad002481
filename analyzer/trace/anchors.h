/*
 * Whether the trace's clock and the system's have gone on together, and at what rate: each block has an instant on both
 * (FORMAT.md §2). They part where a machine is suspended, which stops the system's clock alone, or moved to another one
 * with another counter.
 *
 * Streamed: a fixed amount of memory. Numbers may be hostile.
 */
#ifndef ANCHORS_H
#define ANCHORS_H

#include <stdbool.h>
#include <stdint.h>

enum { ANCHORS_GAPS = 32 };

/* Somewhere between two anchors the trace's clock went on alone. */
struct anchors_gap {
    uint64_t from_ticks, to_ticks;
    uint64_t ticks; /* for how long; less than what is between the two */
};

struct anchors {
    uint64_t first_ticks, first_ns;
    uint64_t start_ticks, start_ns; /* of the stretch in which both go on together */
    uint64_t last_ticks, last_ns;
    uint64_t sum_ticks, sum_ns; /* of the stretches before it */
    uint32_t nr_breaks;
    uint64_t break_ns; /* when the first one was, from the first anchor */
    int64_t jump_ns;   /* how far the trace's clock went then beyond the system's; less than 0: stayed behind */
    bool any;
    uint32_t nr_gaps; /* of the breaks, those that are gaps, in ascending order */
    struct anchors_gap gaps[ANCHORS_GAPS];
    uint64_t gap_ns; /* how long between two anchors with a gap the system's clock went on, at most */
};

/* The next block's anchor, in the order of the file. */
void anchors_add(struct anchors *anchors, uint64_t ticks, uint64_t ns);

/* `ns` have passed while `ticks` did, breaks left out. False: the anchors make no line. */
bool anchors_rate(const struct anchors *anchors, uint64_t *ticks, uint64_t *ns);

/* All breaks are gaps, which can be taken out. */
static inline bool anchors_have_gaps(const struct anchors *anchors)
{
    return anchors->nr_gaps > 0 && anchors->nr_gaps == anchors->nr_breaks;
}

/*
 * An instant without the gaps before it. What happened between a gap's two anchors is taken for what was before it, as
 * far as there is room: by the anchor after it it is right again. Nothing gets longer, and the order stays. For
 * anchors_have_gaps() alone.
 */
uint64_t anchors_close(const struct anchors *anchors, uint64_t ticks);

/* A duration that ends at `end_ticks`, an instant without gaps, without those within it. */
uint64_t anchors_close_duration(const struct anchors *anchors, uint64_t end_ticks, uint64_t duration_ticks);

#endif
