/*
 * Wrappers: functions such as xmalloc that only pass memory on, so that it is their callers' (heap_profile.h).
 *
 * Some are known by their names. Others are told by their use. Such a function
 *
 * - allocates once a call, or releases instead: a pool that gets memory for many calls at once is none;
 * - calls nothing else but wrappers: what a function with more to do allocates is its own;
 * - lets its callers say how much: of those that asked at least twice three or more always got blocks of one size, each
 *   of another one, and no more of them got blocks of various sizes. What makes objects of one kind is none, nor what
 *   copies strings, which are of any length for everyone.
 *
 * Where calls are not recorded the last must do, and there must be eight such sizes. What calls a wrapper may be one
 * itself.
 */
#ifndef HEAP_WRAPPERS_H
#define HEAP_WRAPPERS_H

#include "profile/heap.h"

#define WRAPPER_SIZES_MIN       3u
#define WRAPPER_SIZES_MIN_ALONE 8u

/* How to find them. */
struct heap_folding {
    const bool *by_name; /* of each function of the replay: it is known to be one */
    bool by_use;
};

/* What is known of a function. */
struct heap_role {
    bool is_wrapper;
    bool by_use;
    uint32_t callers; /* `by_use`: functions that it allocated for … */
    uint32_t steady;  /* … of which so many, asking at least twice, always got blocks of one size */
};

/*
 * The roles of heap->replay's functions, zeroed by the caller. `canonical`: for each function the first one that is the
 * same; the roles of those are set, and no others. 0, or -1 with err set when memory ran out.
 */
int heap_roles_find(struct heap_role *roles, const struct heap_folding *folding, const struct heap *heap,
                    const struct profile_function *names, const uint32_t *canonical, struct err *err);

/* The wrappers that have passed something on, into the profile: those with most first. The same. */
int heap_wrappers_list(struct heap_profile *profile, struct heap_role *roles, const struct heap *heap,
                       const struct profile_function *names, const uint32_t *canonical, struct err *err);

#endif
