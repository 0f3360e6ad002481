/*
 * Recording, whole: what the hooks' fast path does, and everything that it leaves out: unwinding, inlined frames, new
 * call sites, notes, the turn from one segment to the next.
 *
 * Each function here may be interrupted anywhere by a signal handler that records, too, and returns or jumps away: what
 * is in the segment is in the thread's block in the end (record.c, state_settle()). Nothing waits: RECORD_FULL says
 * that the ring has no free segment, and the same call made again goes on where this one stopped.
 *
 * Times are given by the caller, in ticks; one that is older than the segment counts as the segment's beginning.
 */
#ifndef RECORD_H
#define RECORD_H

#include "ring.h"

#include <stddef.h>
#include <stdint.h>

enum record {
    RECORD_DONE,
    RECORD_FULL,     /* nothing, or only what had to come before, is recorded */
    RECORD_NO_MEMORY /* for the stack or the segment: nothing is recorded */
};

/*
 * Set up a block for slot `index` of the region: one that is all zero, or that was used for the same slot before by
 * this process. Maps the private memory that it needs, and reserves the first segment. `region_path` is kept. 0, or
 * not.
 */
int record_prepare(struct tracert__thread *thread, struct region *region, const char *region_path, uint32_t index);

/* False: no function has been entered, or measurement begun, in the segment that is open, or there is none. */
bool record_has_calls(const struct tracert__thread *thread);

/* Before the first event of a thread: these frames are open, inherited from the parent process. 0, or -1. */
int record_inherit(struct tracert__thread *thread, const struct frame *frames, uint32_t depth);

/* `hook`: where the enter hook returns to. */
enum record record_enter(struct tracert__thread *thread, uint64_t function, uint64_t site, uint64_t sp, uint64_t hook,
                         uint64_t ticks);

enum record record_exit(struct tracert__thread *thread, uint64_t function, uint64_t sp, bool tail, uint64_t ticks);

/* Regions are frames at the address of the API function's frame. `name`: names.h. */
enum record record_region_begin(struct tracert__thread *thread, uint32_t name, uint64_t sp, uint64_t ticks);

/* An end without a beginning is ignored. */
enum record record_region_end(struct tracert__thread *thread, uint64_t sp, uint64_t ticks);

/* At most NOTE_DATA_MAX bytes of data. */
enum record record_note(struct tracert__thread *thread, enum note_kind kind, uint64_t number, const void *data,
                        uint32_t bytes, uint64_t ticks);

/* An ALLOC, FREE or REALLOC with its operands (segment.h). */
struct memory_event {
    uint32_t symbol;
    uint32_t nr_operands;
    uint64_t operands[ALLOC_OPERANDS]; /* at most OPERAND_MAX */
    uint64_t sp;                       /* of an ALLOC: frames that lie below have been left */
    const struct walk *walk;           /* of an ALLOC, TRACERT_MEMORY=fp: its call path; else NULL */
};

enum record record_memory(struct tracert__thread *thread, const struct memory_event *event, uint64_t ticks);

/* Leave frames without an exit until `depth` are open. */
enum record record_unwind(struct tracert__thread *thread, uint32_t depth, uint64_t ticks);

/* The exact-stack rule for the thread's frames, `depth` of which are open, with an eye on alternate signal stacks. What
 * is left, or found (stack.h). */
uint32_t record_depth_at_enter(const struct tracert__thread *thread, uint32_t depth, const struct frame *frame,
                               uint64_t hook);
uint32_t record_depth_at_region(const struct tracert__thread *thread, uint32_t depth, uint64_t sp);
uint32_t record_find_exit(const struct tracert__thread *thread, uint32_t depth, uint64_t function, uint64_t sp,
                          bool tail);

/* Room for frames, beside `depth` that are open: as many as a segment has words. 0, or -1 without memory. Signals are
 * blocked. */
int record_reserve_frames(struct tracert__thread *thread, uint32_t depth);

/* The frames that are open now. */
uint32_t record_depth(struct tracert__thread *thread);

/* Let the hooks, if they record, and heap.c take their fast path (again), if the clock is one that they can read. */
void record_let_run(struct tracert__thread *thread);

/* Close the open segment, if there is one, so that the drain takes it at once. */
void record_close(struct tracert__thread *thread);

#endif
