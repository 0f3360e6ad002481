/*
 * The events of all threads in one order of time: a merge that holds one decoded chunk for each thread that is alive.
 *
 * Events of one thread keep their order; of events at the same tick the thread with the lower serial comes first.
 */
#ifndef TIMELINE_H
#define TIMELINE_H

#include "trace/decode.h"

struct timeline_event {
    enum {
        TIMELINE_CHUNK,   /* the thread's next chunk begins */
        TIMELINE_SYMBOL,  /* a symbol of it */
        TIMELINE_DAMAGED, /* a chunk of it cannot be used; `why` says why */
        TIMELINE_END      /* nothing more of the thread */
    } kind;

    bool skipped;    /* CHUNK, DAMAGED: chunks of the thread before this one were passed over */
    uint32_t thread; /* index into trace->threads */
    const struct trace_chunk *block;
    const struct chunk *chunk; /* valid until the thread's next chunk */
    uint64_t ticks;
    uint32_t symbol;
    uint64_t
        leaf_ticks; /* of an ENTER: when its EXIT is the next symbol of the chunk, the time of that; else UINT64_MAX */
    struct chunk_ext ext;       /* when symbol is EXT */
    struct memory_block memory; /* when it is ALLOC, FREE or REALLOC */
    char why[128];
};

struct timeline;

/*
 * Begin. `threads`: which of trace->threads are wanted (NULL: all). Chunks that end before `from_ticks` are passed over
 * without being read. NULL with err set when memory ran out.
 */
struct timeline *timeline_new(struct trace *trace, const bool *threads, uint64_t from_ticks, struct err *err);
void timeline_free(struct timeline *timeline);

/* The next event: 1, 0 when there is none, -1 with err set when nothing can be read any more. */
int timeline_next(struct timeline *timeline, struct timeline_event *event, struct err *err);

/* No more symbols of the chunk that timeline_next() has just begun. */
void timeline_skip(struct timeline *timeline);

/* Nothing more of the thread whose CHUNK or SYMBOL timeline_next() has just returned; there is no END of it either. */
void timeline_drop(struct timeline *timeline);

#endif
