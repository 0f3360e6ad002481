/* A picture or a page that is to be no larger than so many bytes. */
#ifndef WITHIN_H
#define WITHIN_H

#include "profile/profile.h"
#include "cmd/view_table.h"

/*
 * Write the view within `most` bytes: what is narrow is merged into its neighbours, more and more of it, and of a page
 * threads are left out, the one with the fewest calls first; what is written says so. 0, or -1 with err set: nothing of
 * it is as small as that (ERR_USAGE; the text says how small), or writing failed.
 */
int within_write(const struct view *view, const struct profile *profile, const struct view_options *options,
                 uint64_t most, struct out *out, struct err *err);

#endif
