/*
 * The drain: the process that empties the rings and writes the trace. Everything in drain/ runs in it, never in the
 * program.
 *
 * It is a fork of the program made by a bare clone (no exit signal, so no wait() of the program sees it), in a session
 * of its own, with all signals blocked and all inherited descriptors closed. It must not use malloc, stdio or anything
 * else of libc that takes a lock: another thread of the program may have held it at the fork. Its memory comes from
 * mmap; it ends by exit_group.
 */
#ifndef DRAIN_H
#define DRAIN_H

#include "region.h"

struct drain_start {
    struct region *region;
    const char *region_path; /* removed when the session is over */
    const char *output;      /* TRACERT_OUTPUT, not yet expanded */
    int level;               /* of zstd */
};

/*
 * Start the drain of a new session and wait until it has made the trace file; region->output is its path then. 0, or
 * -errno: nothing is left behind but the region.
 */
int drain_spawn(const struct drain_start *start, int seconds);

/* The life of the drain, from the fork to its end. */
_Noreturn void drain_main(const struct drain_start *start);

#endif
