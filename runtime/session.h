/*
 * The process's part in a session: started by the constructor or by the first hook, left at the end of the process.
 */
#ifndef SESSION_H
#define SESSION_H

#include "config.h"
#include "ring.h"

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum session_state {
    SESSION_NEW = 0,
    SESSION_STARTING = 1,
    SESSION_ON = 2,
    SESSION_OFF = 3 /* switched off, could not start: the program runs untraced */
};

struct session {
    uint32_t state; /* enum session_state, atomic */
    uint32_t early; /* hook calls before a session could be started; atomic */
    struct region *region;
    struct tracert__thread *threads; /* one for each slot of the region, in memory that fork wipes */
    uint32_t *cookie;                /* in that memory too: 0 in a forked child that has not noticed yet */
    enum tf_clock clock;
    enum tf_full_policy full;
    enum tf_memory memory; /* what the session records of the heap */
    uint32_t process;      /* index into region->processes */
    uint32_t serial;       /* of that process */
    const struct frame
        *fork_frames; /* in a forked child, until its first thread has a ring: what was open at the fork */
    uint32_t fork_depth;
    pthread_key_t key;
    bool has_key;
    bool refused; /* this process has no place in the session: its hook calls are counted, not recorded */
    struct config config;
    char region_path[PATH_MAX];
};

extern struct session tracert__session __attribute__((visibility("hidden")));

static inline bool tracert__session_is_off(void)
{
    return __atomic_load_n(&tracert__session.state, __ATOMIC_RELAXED) == SESSION_OFF;
}

/* True when events can be recorded; starts the session if nobody has. Signal-safe; waits while another thread starts
 * it. */
bool tracert__session_is_on(void);

/*
 * In a forked child that has not noticed: enter it in the session's table of processes. Without a place in it the
 * child's hook calls are counted only (`refused`). Called with signals blocked.
 */
void tracert__session_follow_fork(void);

/* A hook call that has no ring to go to. */
void tracert__session_count_lost(void);

#endif
