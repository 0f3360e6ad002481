/*
 * Folded stacks as a profile: lines of "root;…;leaf count", as flamegraph.pl takes them.
 */
#ifndef FOLDED_H
#define FOLDED_H

#include "profile/profile.h"
#include "base/err.h"

#include <stdio.h>

/*
 * Read folded stacks until end of file. Blank lines and lines that begin with '#' are passed over; counts may be
 * decimal fractions (rounded); a line without a count is counted into a notice. `name` is for messages. NULL with err
 * set on a read error, no stack at all, or no memory.
 */
struct profile *folded_read(FILE *file, const char *name, const char *unit, struct err *err);

#endif
