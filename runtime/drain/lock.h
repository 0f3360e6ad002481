/* A lock for threads of the drain, which have no libc to speak of. */
#ifndef LOCK_H
#define LOCK_H

#include "sys.h"

#include <linux/futex.h>
#include <stdint.h>

enum { LOCK_FREE = 0, LOCK_TAKEN = 1, LOCK_WAITED_FOR = 2 };

static inline void lock_take(uint32_t *lock)
{
    uint32_t seen = LOCK_FREE;
    if (__atomic_compare_exchange_n(lock, &seen, LOCK_TAKEN, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(lock, LOCK_WAITED_FOR, __ATOMIC_ACQUIRE) != LOCK_FREE)
        sys_futex(lock, FUTEX_WAIT, LOCK_WAITED_FOR, NULL);
}

static inline void lock_give(uint32_t *lock)
{
    if (__atomic_exchange_n(lock, LOCK_FREE, __ATOMIC_RELEASE) == LOCK_WAITED_FOR)
        sys_futex(lock, FUTEX_WAKE, 1, NULL);
}

#endif
