/*
 * From segments of a ring to a chunk in the file. What a segment holds is nearly what the file does: the words become
 * the two columns, the rest is copied.
 */
#ifndef CHUNK_H
#define CHUNK_H

#include "drain/encode.h"
#include "drain/sink.h"
#include "region.h"
#include "segment.h"

#include <stdbool.h>
#include <stdint.h>

/* What the drain keeps of the thread that owns a slot now. */
struct drain_thread {
    uint32_t serial; /* 0: not seen yet */
    uint32_t generation;
    uint32_t process_serial;
    uint32_t nr_chunks;
    uint64_t last_ticks;
    uint64_t recorded, dropped, stalled_ticks; /* as in the chunk head */
    uint64_t memory_recorded, memory_dropped;  /* as in MEMORY */
};

/* Everything that taking chunks needs, for all threads. */
struct chunker {
    struct region *region;
    struct sink *sink;
    struct encoder encoder;
    struct frame *frames; /* the stack in the middle of a segment */
};

/* 0, or -1 without memory. */
int chunker_init(struct chunker *chunker, struct region *region, struct sink *sink);

/*
 * Write closed segments of slot `index`, from its read position on, as one chunk (nothing when there is nothing), and
 * move the read position behind them: as many of those below `end` as go together, at least one. `last`: the thread has
 * ended, and nothing follows `end`.
 */
void chunk_take_closed(struct chunker *chunker, struct drain_thread *thread, uint32_t index, uint32_t end, bool last);

/* The same for what lies up to word `end` of the segment that is being filled. */
void chunk_take_open(struct chunker *chunker, struct drain_thread *thread, uint32_t index, uint32_t end);

/* The thread of slot `index` has ended, and its segments are taken: write what it has dropped since, if anything. */
void chunk_take_end(struct chunker *chunker, struct drain_thread *thread, uint32_t index);

#endif
