/*
 * The source of functions, as far as its files can be read here: what debug information says of paths may be anything,
 * so only regular files of moderate size whose names end as those of source code do are looked at.
 */
#ifndef SOURCES_H
#define SOURCES_H

#include "base/err.h"
#include "profile/profile.h"

struct source {
    uint32_t function;   /* index into the profile's functions */
    uint32_t first_line; /* of `text`, counted from 1 */
    const char *text;    /* lines, from a few before the function to where it may end; untrusted */
};

struct sources {
    struct arena arena;
    struct source *list; /* in the order of the functions */
    uint32_t nr;
};

/* The source of at most `nr_max` of the first functions. 0, or -1 with err set when memory ran out; to be released. */
int sources_read(struct sources *sources, const struct profile *profile, uint32_t nr_max, struct err *err);
void sources_release(struct sources *sources);

#endif
