/*
 * A profile turned round: below the root stand the functions, each with its own time, below them who called them.
 */
#ifndef REVERSE_H
#define REVERSE_H

#include "base/err.h"
#include "profile/profile.h"

/* Its names are those of `profile`, which must outlive it. Calls of a path are those of its first function. NULL with
 * err set when memory ran out, or the callers are too many. */
struct profile *profile_reverse(const struct profile *profile, struct err *err);

#endif
