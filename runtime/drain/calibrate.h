/*
 * What a pair of hooks costs, on this machine and as this program is linked.
 *
 * The drain is a fork of the program, so it has the same hooks: it runs them against a ring of its own that nobody
 * sees, around functions of known length, and writes what came out into the trace (HOOKS, FORMAT.md §3). It does so a
 * step at a time while it has nothing else to do, because the program may have the one processor that there is; a
 * program that ends sooner waits for what is left of it if it has recorded enough to need it. Nothing of this runs in
 * the program.
 */
#ifndef CALIBRATE_H
#define CALIBRATE_H

#include "drain/drain.h"

/* The next step, of about a tenth of a millisecond. False when there is none left. For drain->calibrate. */
bool calibrate_step(struct drain *drain);

#endif
