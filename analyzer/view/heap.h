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
int heap_json(const struct heap_profile *heap, const struct view_options *options, struct out *out, struct err *err);

#endif
