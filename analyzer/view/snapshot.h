/*
 * The views of a snapshot of the heap.
 */
#ifndef SNAPSHOT_VIEW_H
#define SNAPSHOT_VIEW_H

#include "profile/snapshot_diff.h"
#include "view/view.h"

/* Write the snapshot. 0, or -1 with err set. */
int snapshot_text(const struct snapshot *snapshot, const struct view_options *options, struct out *out,
                  struct err *err);
int snapshot_json(const struct snapshot *snapshot, const struct view_options *options, struct out *out,
                  struct err *err);

/* The same of two: what has grown. */
int snapshot_diff_text(const struct snapshot_diff *diff, const struct view_options *options, struct out *out,
                       struct err *err);
int snapshot_diff_json(const struct snapshot_diff *diff, const struct view_options *options, struct out *out,
                       struct err *err);

#endif
