/*
 * Which objects are mapped where: told to the drain at the start and whenever that changes, so that an address can be
 * resolved by what was loaded then.
 */
#ifndef MODULES_H
#define MODULES_H

/* Report every object that is not yet reported, and every reported one that has gone. Not signal-safe against dlopen in
 * the same thread. */
void tracert__modules_scan(void);

/* Scan if dlopen was called since the last time. Cheap. */
void tracert__modules_look(void);

/* dlopen is about to be called by this thread: its next hook is to look. Signal-safe. */
void tracert__modules_expect(void);

#endif
