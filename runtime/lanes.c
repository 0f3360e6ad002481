#include "lanes.h"

#include "bytes.h"
#include "drain/memory.h"
#include "session.h"
#include "thread.h"

#include <errno.h>
#include <stdbool.h>

/* A table of what is alive, open addressing, without a lock: nobody runs on one stack in two threads at a time. */
struct lane {
    const void *stack; /* NULL: free, and the end of every search; atomic */
    struct tracert__thread *thread;
};

enum {
    LANES_SHIFT = 13,
    NR_LANES = 1 << LANES_SHIFT,
    FOLLOWED_MAX = 256 /* nobody says when their stacks are gone, and each has a ring */
};

_Static_assert(NR_LANES > REGION_NR_SLOTS, "there are not as many rings");

static struct lane *lanes;   /* atomic; made when first needed */
static const char lane_gone; /* its address stands for a stack that is gone */

static __thread struct tracert__thread *lane_own; /* the ring of the thread's own stack, while it is on another */
static __thread uint8_t lane_is_away;
static __thread const void *lane_stack; /* that the thread is on; NULL: its own */

static uint32_t lanes_are_told; /* the program says itself where it is; atomic */
static uint32_t lanes_followed; /* that were made without being told; atomic */

static struct lane *lanes_get(void)
{
    struct lane *table = __atomic_load_n(&lanes, __ATOMIC_ACQUIRE);
    if (table != NULL)
        return table;
    struct lane *fresh = memory_map(NR_LANES * sizeof *fresh);
    if (fresh == NULL || __atomic_compare_exchange_n(&lanes, &table, fresh, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return fresh;
    memory_unmap(fresh, NR_LANES * sizeof *fresh);
    return table;
}

static uint32_t lane_hash(const void *stack)
{
    return (uint32_t)((uint64_t)(uintptr_t)stack * 0x9E3779B97F4A7C15ull >> (64 - LANES_SHIFT));
}

static struct lane *lane_find(struct lane *table, const void *stack)
{
    uint32_t at = lane_hash(stack);
    for (uint32_t i = 0; i < NR_LANES; i++) {
        struct lane *lane = &table[(at + i) % NR_LANES];
        const void *seen = __atomic_load_n(&lane->stack, __ATOMIC_ACQUIRE);
        if (seen == stack)
            return lane;
        if (seen == NULL)
            break;
    }
    return NULL;
}

static struct lane *lane_add(struct lane *table, const void *stack)
{
    uint32_t at = lane_hash(stack);
    for (uint32_t i = 0; i < NR_LANES; i++) {
        struct lane *lane = &table[(at + i) % NR_LANES];
        const void *seen = __atomic_load_n(&lane->stack, __ATOMIC_RELAXED);
        if ((seen == NULL || seen == &lane_gone) &&
            __atomic_compare_exchange_n(&lane->stack, &seen, stack, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            lane->thread = NULL;
            return lane;
        }
    }
    return NULL;
}

/* The ring of `stack`, made if need be; NULL: there is none for it. */
static struct tracert__thread *lane_thread(const void *stack)
{
    struct lane *table = lanes_get();
    struct lane *lane = table == NULL ? NULL : lane_find(table, stack);
    if (lane == NULL && table != NULL)
        lane = lane_add(table, stack);
    if (lane == NULL)
        return NULL;
    if (lane->thread == NULL)
        lane->thread = tracert__thread_another();
    return lane->thread;
}

void tracert__lane_return(void)
{
    if (!lane_is_away)
        return;
    lane_is_away = false;
    lane_stack = NULL;
    tracert__thread_use(lane_own);
}

static void lane_switch(const void *stack)
{
    int error = errno;
    if (tracert__session_is_on() && !tracert__session.refused) {
        if (stack == NULL) {
            tracert__lane_return();
        } else {
            if (!lane_is_away)
                lane_own = tracert__thread_own();
            lane_is_away = true;
            lane_stack = stack;
            tracert__thread_use(lane_thread(stack));
        }
    }
    errno = error;
}

void tracert__lane_switch(const void *stack)
{
    __atomic_store_n(&lanes_are_told, 1, __ATOMIC_RELAXED);
    lane_switch(stack);
}

/* All frames of the ring lie in these bytes: what lies above does not take the hooks' fast path. */
static void lane_bound(struct tracert__thread *thread, uint64_t low, uint64_t bytes)
{
    if (bytes > UINT32_MAX)
        return;
    thread->stack_low = low;
    thread->stack_bytes = (uint32_t)bytes;
    thread->frames[-1].sp = (low + bytes) | FRAME_FLAGS;
}

const void *tracert__lane_here(void)
{
    return lane_stack;
}

void tracert__lane_follow(const void *stack, size_t bytes)
{
    if (stack == lane_stack || __atomic_load_n(&lanes_are_told, __ATOMIC_RELAXED))
        return;
    struct lane *table = __atomic_load_n(&lanes, __ATOMIC_ACQUIRE);
    bool known = stack == NULL || (table != NULL && lane_find(table, stack) != NULL);
    if (!known && __atomic_fetch_add(&lanes_followed, 1, __ATOMIC_RELAXED) >= FOLLOWED_MAX)
        stack = NULL;
    lane_switch(stack);
    if (stack != NULL && tracert__self == NULL)
        tracert__lane_return(); /* there is no ring for it */
    else if (stack != NULL && bytes != 0)
        lane_bound(tracert__self, (uint64_t)(uintptr_t)stack, bytes);
}

void tracert__lane_end(const void *stack)
{
    int error = errno;
    struct lane *table = __atomic_load_n(&lanes, __ATOMIC_ACQUIRE);
    struct lane *lane = table == NULL || stack == NULL ? NULL : lane_find(table, stack);
    if (lane != NULL) {
        struct tracert__thread *thread = lane->thread;
        if (thread == thread_current())
            tracert__lane_return();
        if (thread != NULL)
            tracert__thread_release(thread);
        __atomic_store_n(&lane->stack, &lane_gone, __ATOMIC_RELEASE);
    }
    errno = error;
}

void tracert__lanes_forget(void)
{
    lane_own = NULL;
    lane_stack = NULL;
    lane_is_away = false;
    if (lanes != NULL)
        bytes_clear(lanes, NR_LANES * sizeof *lanes);
}
