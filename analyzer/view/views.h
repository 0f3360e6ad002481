/*
 * The views (view.h says what a view is; cmd/view_table.c lists them).
 */
#ifndef VIEWS_H
#define VIEWS_H

#include "view/view.h"

/* The report for people: the run, the hot path, the functions by their own time; as CSV the functions alone. */
int report_sheet(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);

/* For programs; tracean.1 documents every field. */
int report_json(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);

/* The call tree; the callers and callees of options->subject, and how long its calls took; the threads; the object
 * files. */
int tree_sheet(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);
int peek_sheet(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);
int hist_sheet(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);
int threads_sheet(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);
int modules_sheet(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);

/* How options->pair's second profile differs from its first, by function. */
int diff_sheet(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);

/* One interactive picture; with options->chart in order of time. */
int flamegraph_svg(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);
int flamechart_svg(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);

/* One page with every view, for a browser. */
int page_html(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);

#endif
