/*
 * The heap as a trace tells of it: who allocated what, what was live when, what is left at the end.
 *
 * heap_run() watches the trace in order of time and keeps the live blocks and what was allocated on each call path, so
 * memory grows with these and not with events. All counts are exact, in bytes as they were asked for:
 *
 * - allocations = releases of known blocks + live at the end, and so for bytes, of each path and of all together.
 * - A resized block is released and allocated again; one that could not be resized was not touched.
 * - Events of one address alternate. The processors' clocks differ by some ns, so that a release may seem to come
 *   before its allocation: they are put right when they are of different threads and less than
 *   10 us apart.
 * - Live blocks of a process stay its own: a forked child begins with none, and its releases of what it inherited are
 *   `unknown`, as are those of blocks that are older than the trace, or than the window of time.
 *
 * The heap belongs to its replay: that must outlive it.
 */
#ifndef HEAP_EVENTS_H
#define HEAP_EVENTS_H

#include "profile/heap_profile.h"
#include "profile/replay.h"

#define HEAP_NO_TICKS UINT64_MAX

/* What was allocated on one call path. */
struct heap_site {
    uint32_t node; /* in replay->tree: the functions, and below them, if it is known, the place of the call */
    struct heap_counts counts;
    uint64_t peak_number; /* up to which counts.peak is right */
};

struct heap_state;

struct heap {
    struct replay *replay;
    uint64_t at_ticks; /* HEAP_NO_TICKS: none asked for */
    struct heap_totals totals;
    uint64_t peak_ticks;
    struct heap_site *sites;
    uint32_t nr_sites;
    struct heap_thread_counts *threads; /* as the trace's */
    uint64_t sizes[HEAP_BUCKETS];       /* allocations of less than 2^i bytes, and not of less than 2^(i-1) */
    uint64_t lifetimes[HEAP_BUCKETS];   /* releases of known blocks, the same in ns */
    uint64_t instants[HEAP_INSTANTS];   /* most bytes live in each part of the trace's time */
    struct heap_state *state;
};

/* Watch the trace of a replay that has not run. `at_ns`: an instant to look at; UINT64_MAX: none. 0, or -1 with err
 * set; to be released in both cases. */
int heap_run(struct heap *heap, struct replay *replay, uint64_t at_ns, struct err *err);
void heap_release(struct heap *heap);

#endif
