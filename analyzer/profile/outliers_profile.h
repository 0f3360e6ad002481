/*
 * The slow, or the typical, calls of a function as a profile, so that pictures can be drawn of them.
 */
#ifndef OUTLIERS_PROFILE_H
#define OUTLIERS_PROFILE_H

#include "profile/outliers.h"
#include "profile/profile.h"

/*
 * The mean call: times are those of all calls of that kind divided by how many there were. `functions` are by their
 * number in `outliers`; their texts must live as long as the profile. NULL with err set when memory ran out.
 */
struct profile *outliers_profile(const struct outliers *outliers, bool slow, const struct profile_function *functions,
                                 uint32_t nr_functions, const char *source, struct err *err);

#endif
