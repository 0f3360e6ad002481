/*
 * The profiles of single threads beside that of a whole run: of those with the most calls, as many as are wanted.
 */
#ifndef BY_THREAD_H
#define BY_THREAD_H

#include "profile/profile.h"

#define BY_THREAD_MAX 8u

struct by_thread {
    struct profile *profiles[BY_THREAD_MAX]; /* each has one thread, or several with the same number */
    uint32_t nr;
    uint32_t nr_others; /* threads with calls that have none here */
};

/*
 * Which threads of the run to look at: indexes into profile->threads, those with the most calls first. Threads of which
 * none was called, and those whose process and number an earlier one has, are no choice. Returns how many there are;
 * the first BY_THREAD_MAX of them stand in `chosen`.
 */
uint32_t by_thread_choose(const struct profile *profile, uint32_t chosen[BY_THREAD_MAX]);

void by_thread_release(struct by_thread *threads);

#endif
