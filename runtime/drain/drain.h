/*
 * The drain: the process that empties the rings and writes the trace. Everything in drain/ runs in it, never in the
 * program.
 *
 * It is a fork of the program (spawn.c), so it must not use malloc, stdio or anything else of libc that takes a lock:
 * another thread of the program may have held it at the fork. Its memory comes from mmap; it ends by exit_group. Or it
 * is the program tracert-drain (main.c), which finishes what a drain that was killed has left (resume.c).
 */
#ifndef DRAIN_H
#define DRAIN_H

#include "drain/chunk.h"
#include "drain/sink.h"
#include "region.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

struct drain_process {
    uint32_t serial; /* 0: nobody */
    bool announced;  /* its PROCESS block is written */
    int pidfd;       /* -1: the kernel has none, or no descriptor was left */
};

struct drain {
    struct region *region;
    const char *region_path;
    struct sink sink;
    struct chunker chunker;
    struct workers *workers;         /* NULL: none */
    struct job *jobs;                /* of a turn; one a slot */
    struct drain_thread *threads;    /* one a slot */
    struct drain_process *processes; /* one an entry of the region's table */
    struct pollfd *polls;            /* as many */
    uint32_t last_thread;            /* serial */
    uint32_t processes_seen;         /* region->next_process at the last look */
    uint32_t flushes_seen;           /* region->flushes the same */
    uint64_t looked_ns;              /* when dead processes were last looked for */
    bool resumed;                    /* this is not the first drain of the session */
    uint64_t busy_ns;                /* when something was last taken */
    uint64_t finish_ns;              /* when a process last asked for its events to be in the file */
    uint64_t late_ns;                /* when late threads were last looked for */
    uint64_t start_ns;               /* of drain_run() */
    uint32_t nap_ns;                 /* the next nap while rings fill */
    bool has_napped;                 /* since rings were last looked at */

    /* The next step of measuring what the hooks cost, which is false when there is none left. NULL: not measured. */
    bool (*calibrate)(struct drain *drain);
};

/* Empty state for a region. 0 or -ENOMEM. */
int drain_allocate(struct drain *drain, struct region *region, const char *region_path);

/* Have the kernel mark region->drain_alive, and wake its waiters, when this process dies, however it dies. */
void drain_announce(struct region *region);

/* Serve the session's programs until the last one has ended, finish the file and remove the region's file. */
void drain_run(struct drain *drain);

/*
 * Take up the session of `region` where a drain that died left it: drain->sink has the open, locked trace file. 0, or
 * -errno: -EINVAL when the file does not belong to the region.
 */
int drain_resume(struct drain *drain);

#endif
