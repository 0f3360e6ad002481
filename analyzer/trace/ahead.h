/*
 * Chunks decoded ahead of whoever reads them, by threads of their own; they come out in the order of the file.
 *
 * Reading, decompressing and checking a chunk needs nothing of other chunks, and takes about as long as what is done
 * with it then. The reader says at the beginning which chunks it is likely to want; any other one is loaded when it is
 * asked for. A few decoded chunks are in memory at any moment, however many there are.
 */
#ifndef AHEAD_H
#define AHEAD_H

#include "trace/decode.h"

struct ahead;

/*
 * Begin. `likely` has a flag for each of trace->chunks. `nr_threads` may be 0: then nothing is done ahead, as where no
 * thread can be made. NULL with err set when memory ran out. Meanwhile nothing but what reading allows may be done with
 * the trace, and nobody else may load chunks of it.
 */
struct ahead *ahead_new(struct trace *trace, const bool *likely, unsigned nr_threads, struct err *err);
void ahead_free(struct ahead *ahead);

/* How many threads help on this machine. */
unsigned ahead_threads(void);

/*
 * The chunk `number` of trace->chunks; numbers must ascend from call to call. Valid until the next call. NULL with err
 * set as by chunk_load().
 */
const struct chunk *ahead_chunk(struct ahead *ahead, uint32_t number, struct err *err);

#endif
