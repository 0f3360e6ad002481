/*
 * The call paths on which memory is asked for: a node of the replay's tree, and below it, if it is known, the function
 * in which the call of malloc stands, which the tree need not have.
 */
#ifndef HEAP_SITES_H
#define HEAP_SITES_H

#include "base/index.h"
#include "profile/heap_curve.h"
#include "profile/heap_cycles.h"
#include "profile/replay.h"

#define HEAP_SITE_NONE UINT32_MAX
#define HEAP_PLACES    1024u /* remembered callers; a power of two */

/* What was allocated on one call path. */
struct heap_site {
    uint32_t node;     /* in replay->tree */
    uint32_t function; /* that asks, in replay->functions; FUNCTION_NONE: the node's */
    struct heap_counts counts;
    uint64_t each_bytes;  /* of the first block … */
    bool varies;          /* … and not of all others */
    uint64_t peak_number; /* up to which counts.peak is right */
    struct heap_series series;
    struct heap_cycles cycles;
};

/* Which function an address in a process lies in, for a while, and the site that it last was. */
struct heap_place {
    uint64_t address, until_ticks;
    uint32_t process, function;
    uint32_t node, site;
};

struct heap_sites {
    struct heap_site *sites;
    uint32_t nr;
    size_t capacity;
    struct index index;
    struct heap_place places[HEAP_PLACES];
};

void heap_sites_init(struct heap_sites *sites);
void heap_sites_release(struct heap_sites *sites);

/* The site of an allocation; HEAP_SITE_NONE with err set when memory ran out. */
uint32_t heap_sites_find(struct heap_sites *sites, struct replay *replay, const struct replay_memory *event,
                         struct err *err);

#endif
