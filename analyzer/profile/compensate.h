/*
 * What the tracer itself has cost is taken out of the times.
 *
 * Each node's own time is corrected by itself; what a node's descendants cost is taken out of its inclusive time
 * because that is made of the corrected own times (profile_finish()). So inclusive = exclusive + callees stays true to
 * the ns, and nothing falls below zero.
 */
#ifndef COMPENSATE_H
#define COMPENSATE_H

#include "profile/calltree.h"

/* Set correction, below and above of every node of a replayed tree, whose times are ns. 0 or -1. */
int compensate(struct calltree *tree, struct err *err);

#endif
