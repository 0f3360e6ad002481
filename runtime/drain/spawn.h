/*
 * The birth of the drain: a fork of the program by a bare clone (no exit signal, so no wait() of the program sees it),
 * in a session of its own, with all signals blocked and all inherited descriptors closed.
 */
#ifndef SPAWN_H
#define SPAWN_H

#include "drain/sink.h"
#include "drain/workers.h"
#include "region.h"

#include <stdbool.h>

struct drain_start {
    struct region *region;
    const char *region_path; /* removed when the session is over */
    const char *output;      /* TRACERT_OUTPUT, not yet expanded */
    int level;               /* of zstd */
    uint32_t workers;        /* at most; or WORKERS_AUTO */
    bool keep;               /* do not replace a trace that is there, even a finished one */
};

/* Start the drain of a new session. Its pid, or -errno. */
int drain_spawn(const struct drain_start *start);

/*
 * Wait until it has made the trace file; region->output is its path then. 0, or -errno: it is gone, and nothing is left
 * behind but the region. There is time for other things between the two: a process is not born in no time.
 */
int drain_await(struct region *region, int pid, int seconds);

/* In a process of ours: keep the file's descriptor alone, out of the way of the lowest numbers. */
void drain_close_descriptors(struct sink *sink);

#endif
