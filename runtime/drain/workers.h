/*
 * Threads of the drain's process that take segments beside it, when several rings are full at once and processors are
 * free: one drain keeps up with one busy thread, or nearly two.
 *
 * The drain decides whom to serve; what it has decided is done in parallel, and when it goes on, all of it is done. A
 * worker has an encoder and a compressor of its own; only appending to the file is one after the other.
 */
#ifndef WORKERS_H
#define WORKERS_H

#include "drain/chunk.h"

#include <stdint.h>

#define WORKERS_MAX  15u
#define WORKERS_AUTO UINT32_MAX /* as many as the processors allow */

/* Closed segments of which a chunk is to be taken: those below `end`. */
struct job {
    uint32_t slot;
    uint32_t end;
    struct drain_thread *thread;
};

struct workers;

/* At most `nr` workers, none of which runs yet. NULL: none is allowed, or there is no memory. */
struct workers *workers_make(uint32_t nr, struct region *region, struct sink *sink);

/* Take jobs[0, nr), each of another slot: with `chunker`, which is the caller's, and with workers, if there are any. */
void workers_take(struct workers *workers, struct chunker *chunker, const struct job *jobs, uint32_t nr);

#endif
