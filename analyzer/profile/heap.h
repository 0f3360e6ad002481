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

#include "profile/heap_blocks.h"
#include "profile/heap_sites.h"

#define HEAP_NO_TICKS UINT64_MAX

struct heap_state;

struct heap {
    struct replay *replay;
    uint64_t at_ticks[2]; /* HEAP_NO_TICKS: none asked for */
    struct heap_totals totals;
    uint64_t peak_ticks;
    struct heap_sites sites;
    struct heap_cycles cycles;          /* of all of them together */
    struct heap_thread_counts *threads; /* as the trace's */
    uint64_t sizes[HEAP_BUCKETS];       /* allocations of less than 2^i bytes, and not of less than 2^(i-1) */
    uint64_t lifetimes[HEAP_BUCKETS];   /* releases of known blocks, the same in ns */
    struct heap_curve curve;
    struct heap_state *state;
};

/*
 * Before an initialised replay is watched, and after it. The heap is zeroed by the caller. `at_ns`: two instants to
 * look at; UINT64_MAX: none. `err` is that of the replay, too. 0, or -1 with err set; to be released in both cases.
 */
int heap_begin(struct heap *heap, struct replay *replay, const uint64_t at_ns[2], struct err *err);
int heap_finish(struct heap *heap);
void heap_release(struct heap *heap);

/* What watches: its context is the heap. Only `memory` does anything. */
extern const struct replay_observer heap_observer;

/* All of it. */
int heap_run(struct heap *heap, struct replay *replay, const uint64_t at_ns[2], struct err *err);

/*
 * The blocks of a process that were live at a snapshot, by address. Other threads may have recorded events while the
 * memory was being copied: the copy may or may not have what these did.
 */
struct heap_live {
    uint32_t process; /* serial; with `number` what is looked for */
    uint64_t number;
    bool found;
    uint64_t ticks, since_ticks; /* when the copying was over, and when it began */
    struct heap_block *blocks;
    size_t nr;
    struct heap_block *gone; /* released while it was being copied; in any order */
    size_t nr_gone;
};

/* The same up to that snapshot. *live, too, is to be released in both cases; when it is not `found`, the trace has been
 * watched to its end. */
int heap_run_to(struct heap *heap, struct replay *replay, struct heap_live *live, struct err *err);
void heap_live_release(struct heap_live *live);

#endif
