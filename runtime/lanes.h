/*
 * Stacks other than threads' own: coroutines, fibers, user-level threads (tracert_stack_switch). Each has a ring of its
 * own, so its frames and its times are its own, whichever thread runs it; a switch only changes the ring that the
 * calling thread records into.
 */
#ifndef LANES_H
#define LANES_H

/* The calling thread goes on on `stack` from here; NULL: on its own. Signal-safe; preserve errno. */
void tracert__lane_switch(const void *stack);

/* Nobody will run on `stack` any more. */
void tracert__lane_end(const void *stack);

/* The calling thread is back on its own stack, if it was on another. */
void tracert__lane_return(void);

/* In a forked child: all stacks but the one that runs are gone. */
void tracert__lanes_forget(void);

#endif
