/*
 * Which blocks can be reached, and which are lost: sets the state of each (retention.h).
 */
#ifndef HEAP_REACH_H
#define HEAP_REACH_H

#include "profile/retention.h"

/* The graph has its pointers; the last node has no edges yet. 0, or -1 with err set. */
int heap_reach(struct retention *retention, struct err *err);

#endif
