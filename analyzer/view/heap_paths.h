/*
 * Call paths of a heap in tables and lines: the innermost function first, which is what one looks for.
 */
#ifndef HEAP_PATHS_H
#define HEAP_PATHS_H

#include "profile/heap_profile.h"
#include "view/view.h"

enum heap_moment_of { HEAP_AT_PEAK, HEAP_AT_INSTANT, HEAP_AT_END };

/* "b < a < main", malloc'ed, not escaped; with at most so many frames. NULL when memory ran out. */
char *heap_path_text(const struct heap_profile *heap, uint32_t node, unsigned frames);

/* "lex_token (lex.c:77)", the same. */
char *heap_place_text(const struct heap_profile *heap, uint32_t node);

/* A table of what was live then, the largest first, below `title`; nothing where nothing was live. 0 or -1. */
int heap_paths_write(const struct heap_profile *heap, const struct view_options *options, enum heap_moment_of moment,
                     const char *title, struct out *out, struct err *err);

/* What is more at the second instant than at the first, the most first; then what is less. */
int heap_growth_write(const struct heap_profile *heap, const struct view_options *options, struct out *out,
                      struct err *err);

/* What stands out, each with its place. */
int heap_findings_write(const struct heap_profile *heap, const struct view_options *options, struct out *out,
                        struct err *err);

#endif
