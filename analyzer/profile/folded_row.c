#include "profile/folded_row.h"

#include <stdlib.h>
#include <string.h>

/* Close what is open from `depth` on. */
static int row_close(struct folded_row *row, uint32_t depth)
{
    while (row->depth > depth) {
        const struct folded_frame *frame = &row->open[--row->depth];
        if (frame->start < row->at &&
            chart_slice_add(row->chart, 0, row->depth, frame->start, row->at, frame->function) != 0)
            return -1;
    }
    return 0;
}

int folded_row_frame(struct folded_row *row, uint32_t depth, uint32_t function)
{
    if (depth < row->depth && row->open[depth].function == function)
        return 0;
    if (row_close(row, depth) != 0)
        return -1;
    struct folded_frame *open = array_grow(row->open, row->depth, &row->capacity, sizeof(*open));
    if (open == NULL)
        return -1;
    row->open = open;
    open[row->depth++] = (struct folded_frame){function, row->at};
    return 0;
}

int folded_row_end(struct folded_row *row, uint32_t nr_frames, uint64_t count)
{
    if (row_close(row, nr_frames) != 0)
        return -1;
    row->at += count;
    return 0;
}

int folded_row_finish(struct folded_row *row, const struct profile *profile, struct err *err)
{
    if (row_close(row, 0) != 0)
        return err_set(err, ERR_INPUT, "out of memory");
    return chart_row_finish(row->chart, row->at, err) != 0 ? -1 : chart_renumber(row->chart, profile, err);
}

void folded_row_release(struct folded_row *row)
{
    free(row->open);
}
