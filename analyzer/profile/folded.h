/*
 * Folded stacks as a profile: lines of "root;…;leaf count", as flamegraph.pl takes them.
 */
#ifndef FOLDED_H
#define FOLDED_H

#include "profile/profile.h"
#include "base/err.h"

#include <stdio.h>

struct chart;

struct folded_request {
    const char *name; /* for messages */
    const char *unit; /* what is counted */
    double factor;    /* counts are multiplied by it, and rounded; 0: 1 */
    /* Not NULL: when every line has two counts (as difffolded.pl writes them), the result is the profile of the second
     * ones, and *base becomes that of the first ones; else *base becomes NULL. Paths that were not counted are not in
     * it. */
    struct profile **base;
    struct chart
        *chart; /* not NULL: is filled with the stacks in their order, as if time went by; with the first count */
};

/*
 * Read folded stacks until end of file. Blank lines and lines that begin with '#' are passed over; counts may be
 * decimal fractions (rounded); a line without a count is counted into a notice. NULL with err set on a read error, no
 * stack at all, or no memory.
 */
struct profile *folded_read(FILE *file, const struct folded_request *request, struct err *err);

#endif
