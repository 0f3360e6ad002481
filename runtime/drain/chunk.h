/*
 * From a segment of a ring to a chunk in the file. What a segment holds is nearly what the file does: the words become
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
 * Write what slot `index` holds from its read position up to word `end` of the segment that it lies in as one chunk
 * (nothing when there is nothing), and move the read position there; or to the next segment, if `whole`: the segment is
 * closed. `last`: the thread has ended, and this is all.
 */
void chunk_take(struct chunker *chunker, struct drain_thread *thread, uint32_t index, uint32_t end, bool whole,
                bool last);

/* The thread of slot `index` has ended, and its segments are taken: write what it has dropped since, if anything. */
void chunk_take_end(struct chunker *chunker, struct drain_thread *thread, uint32_t index);

#endif
