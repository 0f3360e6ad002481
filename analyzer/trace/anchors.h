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

struct anchors {
    uint64_t first_ns;
    uint64_t start_ticks, start_ns; /* of the stretch in which both go on together */
    uint64_t last_ticks, last_ns;
    uint64_t sum_ticks, sum_ns; /* of the stretches before it */
    uint32_t nr_breaks;
    uint64_t break_ns; /* when the first one was, from the first anchor */
    int64_t
        jump_ns; /* how far the trace's clock went then beyond the system's; less than 0: how far it stayed behind */
    bool any;
};

/* The next block's anchor, in the order of the file. */
void anchors_add(struct anchors *anchors, uint64_t ticks, uint64_t ns);

/* `ns` have passed while `ticks` did, breaks left out. False: the anchors make no line. */
bool anchors_rate(const struct anchors *anchors, uint64_t *ticks, uint64_t *ns);

#endif
