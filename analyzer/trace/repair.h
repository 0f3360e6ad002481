/*
 * A clean trace of what is left of a damaged one.
 */
#ifndef REPAIR_H
#define REPAIR_H

#include "base/out.h"
#include "trace/decode.h"

struct repair {
    uint64_t nr_chunks, nr_events;               /* saved */
    uint64_t nr_lost_chunks;                     /* whose headers were intact */
    uint64_t lost_events;                        /* as far as it can be known */
    uint64_t nr_made_threads, nr_made_processes; /* described anew, with their number alone: their blocks were lost */
    bool made_session;                           /* the same */
};

/*
 * Write what can be saved of `trace` to `out`. All that FORMAT.md promises holds for the result: what is missing before
 * a chunk is counted in it as dropped, what is missing at the end is counted in END; a trace that is whole stays as it
 * is. Every loss becomes a notice of the trace. 0; -1 with err set when the file cannot be read or memory ran out.
 */
int repair_trace(struct repair *repair, struct trace *trace, struct out *out, struct err *err);

#endif
