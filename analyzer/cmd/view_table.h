/*
 * Which views and exports there are, by verb and format.
 */
#ifndef VIEW_TABLE_H
#define VIEW_TABLE_H

#include "view/view.h"

struct view {
    const char *verb;   /* "report", "flamegraph", "export" */
    const char *format; /* "text", "json", "csv", "markdown", "html", "svg", "folded" */
    int (*write)(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);
};

extern const struct view views[];
extern const unsigned nr_views;

/* The view of a verb in a format (NULL: the verb's first one in the table). NULL when there is none. */
const struct view *view_find(const char *verb, const char *format);

#endif
