/*
 * What stands out in a heap: call paths whose memory is shown over time, and those that do something odd with it. Part
 * of making a heap profile (heap_make.h): its nodes are there.
 */
#ifndef HEAP_FINDINGS_H
#define HEAP_FINDINGS_H

#include "profile/heap.h"

/* `site_nodes`: the profile's node of each of the heap's sites. 0, or -1 with err set when memory ran out. */
int heap_bands_make(struct heap_profile *profile, const struct heap *heap, const uint32_t *site_nodes, struct err *err);
int heap_findings_make(struct heap_profile *profile, const struct heap *heap, const uint32_t *site_nodes,
                       struct err *err);

#endif
