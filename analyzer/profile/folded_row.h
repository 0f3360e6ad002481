/*
 * Folded stacks in their order, as if each took as long as its count, for a chart: frames that two neighbours have in
 * common, from the root on, are one.
 */
#ifndef FOLDED_ROW_H
#define FOLDED_ROW_H

#include "profile/chart.h"

struct folded_row {
    struct chart *chart;

    struct folded_frame {
        uint32_t function;
        uint64_t start;
    } * open;

    uint32_t depth; /* frames that are open */
    size_t capacity;
    uint64_t at; /* how far it is */
};

/* The next stack's frame at a depth, from 0 on; then its end, with so many frames and its count. 0, or -1 when memory
 * ran out. */
int folded_row_frame(struct folded_row *row, uint32_t depth, uint32_t function);
int folded_row_end(struct folded_row *row, uint32_t nr_frames, uint64_t count);

/* The last stack was the last. Functions get their numbers of the profile that was made of the same lines. */
int folded_row_finish(struct folded_row *row, const struct profile *profile, struct err *err);
void folded_row_release(struct folded_row *row);

#endif
