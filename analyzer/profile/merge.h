/*
 * Several profiles as one: the same whatever their order and however they are grouped.
 */
#ifndef MERGE_H
#define MERGE_H

#include "base/err.h"
#include "profile/profile.h"

/*
 * Merge `nr` profiles (at least one), which stay as they are. Functions are the same when name, module, file, line and
 * kind are; nodes are the same when their paths are. Calls and times are added; threads and notices follow one another.
 * NULL with err set when the units differ (ERR_USAGE) or memory ran out.
 */
struct profile *profile_merge(const struct profile *const *profiles, uint32_t nr, struct err *err);

#endif
