/*
 * Which objects are mapped where: told to the drain at the start and whenever that changes, so that an address can be
 * resolved by what was loaded then.
 */
#ifndef MODULES_H
#define MODULES_H

#include <stdbool.h>

/* Report every object that is not yet reported, and every reported one that has gone. */
void tracert__modules_scan(void);

/*
 * Scan if the loader has loaded or unloaded anything since the last scan, looking at most once in a millisecond; or
 * `certainly`. Signal-safe: signals are blocked while the loader's lock is held.
 */
void tracert__modules_look(bool certainly);

/* In the constructor: scan again if the session began before everything could be described. */
void tracert__modules_complete(void);

/*
 * Around a fork. The loader's list has a lock that fork copies as it is: a child made while any thread was looking at
 * the list waits for it for ever. So before a fork our own threads leave the list and stay out of it until
 * after_fork(), in parent and child. `alone`: the process had one thread; else a thread of the program may have been
 * looking, and the child leaves the list alone until it loads or unloads something itself.
 */
void tracert__modules_before_fork(void);
void tracert__modules_after_fork_in_parent(void);
void tracert__modules_after_fork_in_child(bool alone);

#endif
