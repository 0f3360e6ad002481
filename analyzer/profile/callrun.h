/*
 * All symbols of a chunk that lies in the window, when their order among threads is nothing to anybody: what
 * callstack_step() does for each, fast. Part of replay.
 *
 * Most calls are short and call nothing. For them a cache has not only the node of (caller, function), but counters: so
 * many calls that took 0, 1, 2 or 3 units of the clock. They are added to the tree when an entry has to make room, when
 * the unit changes, and in the end.
 */
#ifndef CALLRUN_H
#define CALLRUN_H

#include "profile/replay.h"

#define CALLRUN_SLOTS 2048u
#define CALLRUN_UNITS 4u

/* Direct-mapped. A node never goes, so what is in here is always true. */
struct callrun_slot {
    uint32_t parent, word, child;   /* parent UINT32_MAX: empty */
    uint32_t flags;                 /* of the frame that such a call has */
    uint32_t leaves[CALLRUN_UNITS]; /* calls without calls that took so many units, not yet in the tree */
};

struct callrun {
    struct callrun_slot slots[CALLRUN_SLOTS];
    uint32_t unit_ticks;
    uint32_t nr_symbols_left; /* until a counter might overflow */
};

/* Forget everything. */
void callrun_reset(struct callrun *run);

/* Add to the tree and the histograms what the cache has counted: before anybody reads them. */
void callrun_flush(struct replay *replay);

/* 0 or -1, with err set when memory ran out. */
int callrun_chunk(struct replay *replay, uint32_t thread, const struct chunk *chunk, struct replay_words *words,
                  struct err *err);

#endif
