/* What hooks.c leaves behind for estimate.c: this head, and a row of words. */
#ifndef EVENTS_H
#define EVENTS_H

#include <stdint.h>

/* A word is the address of the function that is entered; or one of these, with an address or ticks below. */
#define WORD_EXIT (1ull << 63)
#define WORD_TIME (1ull << 62) /* of the event before it */

struct events_head {
    uint64_t base;     /* where the program was loaded: what its symbols' addresses are relative to */
    uint64_t nr_words; /* behind the head */
    uint64_t every;    /* the clock was read at one event in so many */
    double ns_per_tick;
    double pair_ns; /* what an enter and an exit that do not read the clock take in a tight loop; every 1: that do */
};

#endif
