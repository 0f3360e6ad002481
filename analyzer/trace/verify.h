/*
 * Checks of a whole trace that go beyond what reading it needs: does it keep what FORMAT.md promises?
 */
#ifndef VERIFY_H
#define VERIFY_H

#include "trace/decode.h"

/* The law of conservation for one thread, as its last intact chunk states it. */
struct verify_thread {
    uint64_t nr_chunks, nr_events;
    uint64_t hook_calls, recorded, dropped_full, torn;
    uint64_t memory_recorded, memory_dropped;
    bool law_holds; /* in every chunk */
};

struct verify {
    struct verify_thread *threads; /* trace->nr_threads */
    uint64_t nr_problems;
    void (*progress)(void *context, uint64_t done_bytes,
                     uint64_t all_bytes); /* set before; NULL: nobody wants to know */
    void *progress_context;
};

/*
 * Read every chunk and check: the law; that nr_events is what the symbols say; that each chunk begins where the one
 * before it ended (number, time, stack, counts); that the totals in END are right. Every problem becomes a notice of
 * the trace. 0; -1 with err set when the file cannot be read or memory ran out.
 */
int verify_trace(struct verify *verify, struct trace *trace, struct err *err);
void verify_release(struct verify *verify);

#endif
