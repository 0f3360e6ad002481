/*
 * The views, as view.c lists them (view.h says what a view is).
 */
#ifndef VIEWS_H
#define VIEWS_H

#include "view/view.h"

/* For people: a header, the hotspots, callers and callees. */
int report_text(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);

/* For programs; tracean.1 documents every field. */
int report_json(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);

/* A header line, and a line a function. */
int report_csv(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);

/* One interactive picture; with options->chart in order of time. */
int flamegraph_svg(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);
int flamechart_svg(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);

/* One page with every view, for a browser. */
int page_html(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);

#endif
