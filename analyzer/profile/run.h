/*
 * The facts of a run and its threads as bytes, so that runs can be sorted, compared and kept: the same run has the same
 * bytes, and an earlier one the lesser bytes.
 */
#ifndef RUN_H
#define RUN_H

#include "profile/wire.h"
#include "profile/profile.h"

enum {
    RUN_BYTES_MIN = 25,   /* no run takes less … */
    RUN_THREAD_BYTES = 12 /* … and each of its threads at least so much more */
};

/* How many runs a profile is made of. */
uint32_t run_count(const struct profile *profile);

/* Put a run; *thread is the number of its first thread, and becomes that of the next run's. */
void run_put(struct wire *wire, const struct profile *profile, uint32_t run, uint32_t *thread);

/*
 * Append a run that was put to profile->runs, where there is room for it, and its threads to profile->threads, where
 * there is room for `nr_threads_max` in all. The cursor fails when the bytes are malformed or memory ran out.
 */
void run_get(struct cursor *cursor, struct profile *profile, uint32_t nr_threads_max);

/* Set profile->facts from its runs, of which there is at least one. 0, or -1 when memory ran out. */
int run_sum(struct profile *profile);

#endif
