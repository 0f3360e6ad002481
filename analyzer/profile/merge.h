/*
 * Several profiles as one: the same whatever their order and however they are grouped.
 */
#ifndef MERGE_H
#define MERGE_H

#include "base/err.h"
#include "profile/profile.h"

/*
 * Functions are the same when name, module, file, line and kind are; nodes are the same when their paths are. Calls and
 * times are added; runs and their threads are kept beside each other, by time; of notices, equal ones are kept once.
 */
struct merger;

/* The order of functions by what they are: name, module, file, line, kind. 0: the same. */
int function_order(const struct profile_function *f, const struct profile_function *g);

/* NULL with err set when memory ran out. */
struct merger *merger_new(struct err *err);

/* Add a profile, which stays as it is. 0; -1 with err set when its unit is another one (ERR_USAGE), the sums become too
 * large, or memory ran out. */
int merger_add(struct merger *merger, const struct profile *profile, struct err *err);

/* The sum of what was added: at least one profile. NULL with err set when memory ran out. Frees the merger. */
struct profile *merger_finish(struct merger *merger, struct err *err);

void merger_free(struct merger *merger); /* NULL is allowed */

/* All at once: `nr` profiles, at least one. */
struct profile *profile_merge(const struct profile *const *profiles, uint32_t nr, struct err *err);

#endif
