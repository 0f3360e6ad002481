/*
 * The heap for people, as a picture over time, and for programs.
 */
#ifndef HEAP_VIEW_H
#define HEAP_VIEW_H

#include "base/out.h"
#include "profile/heap_profile.h"
#include "view/view.h"

int heap_text(const struct heap_profile *heap, const struct view_options *options, struct out *out, struct err *err);
int heap_svg(const struct heap_profile *heap, const struct view_options *options, struct out *out, struct err *err);
/* The picture alone, or as a part of a page that has the styles. */
int heap_picture_write(const struct heap_profile *heap, const struct view_options *options, bool is_alone,
                       struct out *out, struct err *err);

/* "1.02 MB at most, at 69.8 ms; …": harmless in XML and JSON. */
void heap_summary_write(const struct heap_profile *heap, struct out *out);

int heap_json(const struct heap_profile *heap, const struct view_options *options, struct out *out, struct err *err);

#endif
