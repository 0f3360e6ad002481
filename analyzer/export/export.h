/*
 * The exports: views in other tools' formats. Their signature is a view's, so that cmd/view_table.c lists them.
 */
#ifndef EXPORT_H
#define EXPORT_H

#include "view/view.h"

struct heap_profile;

/* "root;…;leaf ns" for each call path with exclusive time, sorted by bytes. */
int export_folded(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);

/* A profile.proto, for `go tool pprof` and others: calls and own times by call path. Not to a terminal. */
int export_pprof(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);

/* The same of a heap: allocated, live at the peak, and live at the end, each in blocks and in bytes. */
int export_heap_pprof(const struct heap_profile *heap, const struct view_options *options, struct out *out,
                      struct err *err);

/* The heap over time, as ms_print and massif-visualizer read it. */
int export_heap_massif(const struct heap_profile *heap, const struct view_options *options, struct out *out,
                       struct err *err);

/* The profile itself (profile/PROFILE.md); not to a terminal. */
int export_tprof(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);

#endif
