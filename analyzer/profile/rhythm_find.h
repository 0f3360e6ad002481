/*
 * From what was kept of the calls over time to what stands out.
 */
#ifndef RHYTHM_FIND_H
#define RHYTHM_FIND_H

#include "base/err.h"
#include "profile/profile.h"
#include "profile/rhythm.h"

struct clock;

/*
 * What stands out in a replay that is over, into the profile that was made of it: profile->rhythms. Functions that call
 * themselves are left out: their calls are parts of one another. 0, or -1 with err set.
 */
int rhythms_find(const struct rhythms *rhythms, const struct clock *clock, struct profile *profile, struct err *err);

#endif
