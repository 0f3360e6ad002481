/*
 * Stacks other than threads' own: coroutines, fibers, user-level threads (tracert_stack_switch). Each has a ring of its
 * own, so its frames and its times are its own, whichever thread runs it; a switch only changes the ring that the
 * calling thread records into.
 */
#ifndef LANES_H
#define LANES_H

#include <stddef.h>

/* The calling thread goes on on `stack` from here; NULL: on its own. Signal-safe; preserve errno. */
void tracert__lane_switch(const void *stack);

/*
 * For programs that do not say where they are (contexts.c): the stack that the calling thread is on, NULL for its own;
 * and as tracert__lane_switch(), but nothing once a program has called that. `bytes`: of the stack, 0 when not known.
 * Of more stacks than a few hundred the others' calls are recorded as their threads'.
 */
const void *tracert__lane_here(void);
void tracert__lane_follow(const void *stack, size_t bytes);

/* Nobody will run on `stack` any more. */
void tracert__lane_end(const void *stack);

/* The calling thread is back on its own stack, if it was on another. */
void tracert__lane_return(void);

/* In a forked child: all stacks but the one that runs are gone. */
void tracert__lanes_forget(void);

#endif
