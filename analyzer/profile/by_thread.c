#include "profile/by_thread.h"

#include <stdbool.h>
#include <stddef.h>

static bool is_same(const struct profile_thread *a, const struct profile_thread *b)
{
    return a->pid == b->pid && a->tid == b->tid;
}

/* True when no thread before it has its process and number. */
static bool is_first(const struct profile *profile, uint32_t thread)
{
    uint32_t i = 0;
    while (i < thread && !is_same(&profile->threads[i], &profile->threads[thread]))
        i++;
    return i == thread;
}

/* Where it stands among those that are chosen, if it does: the last one falls out. */
static void thread_insert(const struct profile *profile, uint32_t thread, uint32_t chosen[BY_THREAD_MAX], uint32_t nr)
{
    uint32_t at = nr < BY_THREAD_MAX ? nr : BY_THREAD_MAX;
    while (at > 0 && profile->threads[chosen[at - 1]].nr_calls < profile->threads[thread].nr_calls) {
        if (at < BY_THREAD_MAX)
            chosen[at] = chosen[at - 1];
        at--;
    }
    if (at < BY_THREAD_MAX)
        chosen[at] = thread;
}

uint32_t by_thread_choose(const struct profile *profile, uint32_t chosen[BY_THREAD_MAX])
{
    uint32_t nr = 0;
    for (uint32_t i = 0; i < profile->nr_threads; i++) {
        if (profile->threads[i].nr_calls > 0 && is_first(profile, i))
            thread_insert(profile, i, chosen, nr++);
    }
    return nr;
}

void by_thread_release(struct by_thread *threads)
{
    for (uint32_t i = 0; i < threads->nr; i++)
        profile_free(threads->profiles[i]);
    threads->nr = 0;
}
