/*
 * A chunk that goes on from another one than the one before it, because that is lost: its number and its counts become
 * what they must be there. Part of repair.
 */
#ifndef RENEW_H
#define RENEW_H

#include "trace/decode.h"

/* A thread after its last saved chunk; zero before the first. */
struct renew_thread {
    uint32_t old_number;       /* of the chunk that would follow in the damaged trace */
    bool broken;               /* it is damaged */
    struct tf_chunk_head head; /* of the last saved chunk, as it was written; its number is the next one's */
    uint64_t memory_recorded, memory_dropped;
};

/*
 * Take the chunk as the thread's next one. 1: *built holds its new payload of *bytes bytes, in which everything that is
 * missing before it counts as dropped; 0: it can stay as it is; -1 with err set without memory.
 */
int renew_chunk(struct renew_thread *thread, const struct chunk *chunk, const struct trace_chunk *block,
                struct buffer *built, size_t *bytes, struct err *err);

#endif
