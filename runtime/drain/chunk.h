/*
 * From a ring to a chunk in the file: events are taken in order, the stack rule is applied, the columns are filled.
 */
#ifndef CHUNK_H
#define CHUNK_H

#include "drain/encode.h"
#include "drain/sink.h"
#include "drain/stack.h"
#include "region.h"
#include "ring.h"

#include <stdbool.h>
#include <stdint.h>

/* What the drain keeps of the thread that owns a slot now. */
struct drain_thread {
    uint32_t serial; /* 0: not seen yet */
    uint32_t generation;
    uint32_t process_serial;
    uint32_t nr_chunks;
    uint64_t last_ticks;
    uint64_t recorded, torn, dropped, stalled_ticks; /* as in the chunk head */
    struct stack stack;
};

/* The stack as it was when a thread forked, for the child to inherit. */
struct fork_snapshot {
    uint32_t slot, generation;
    uint64_t at; /* of the NOTE_FORK */
    struct frame *frames;
    uint32_t depth;
};

#define NR_SNAPSHOTS 256u

/* Everything that taking chunks needs, for all threads. */
struct chunker {
    struct region *region;
    struct sink *sink;
    struct encoder encoder;
    struct names names;
    struct fork_snapshot *snapshots; /* the newest NR_SNAPSHOTS */
    uint32_t next_snapshot;
};

/* 0, or -1 without memory. */
int chunker_init(struct chunker *chunker, struct region *region, struct sink *sink);

enum chunk_torn {
    CHUNK_STOP_AT_GAP, /* an unfilled slot may still be filled */
    CHUNK_SKIP_GAP     /* an unfilled slot before `end` never will be: count it as torn */
};

/*
 * Take events of slot `index` from its read position up to `end` at most, write them as one chunk, and free their
 * slots. `last`: the thread has ended, and this is all. It may stop before `end`: at a gap, at a change of modules, or
 * when the chunk is full. Returns true when it took or wrote anything; nothing is written when there is nothing to
 * take.
 */
bool chunk_take(struct chunker *chunker, struct drain_thread *thread, uint32_t index, uint64_t end,
                enum chunk_torn torn, bool last);

/* True when the slot at `at` of the ring is filled. */
bool chunk_is_filled(struct region *region, uint32_t index, uint64_t at);

/* The snapshot that a forked child's first thread asks for, or NULL. */
struct fork_snapshot *chunker_snapshot(struct chunker *chunker, uint32_t slot, uint32_t generation, uint64_t at);

/* Release a snapshot that nobody else will ask for. */
void snapshot_release(struct fork_snapshot *snapshot);

#endif
