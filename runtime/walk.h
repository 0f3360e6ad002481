/*
 * The call path of code that was built with frame pointers, as the chain of them tells it (TRACERT_MEMORY=fp): where
 * each call returns to.
 *
 * Only what lies in the mapping that the thread's stack pointer is in is ever read, upwards; so code without frame
 * pointers, which leaves anything in their register, ends the walk or leads it astray, but never into a fault.
 */
#ifndef WALK_H
#define WALK_H

#include <stdint.h>

enum { WALK_MAX = 128 };

struct walk {
    uint32_t nr;
    uint64_t hash;              /* of all that follow, from the innermost on */
    uint64_t returns[WALK_MAX]; /* innermost first; of a longer chain the innermost ones */
};

/* `frame`: that of a function that the first of the calls has called, so the chain begins there. Signal-safe; no libc.
 */
void walk_stack(const void *frame, struct walk *walk);

/* Memory has gone or become another kind: what is known of where stacks lie is so no more. */
void walk_forget(void);

#endif
