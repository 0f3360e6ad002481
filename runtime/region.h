/*
 * The shared memory between a session's programs and its drain: control words, a table of processes, a table of ring
 * slots, the rings.
 *
 * One file in /dev/shm (or beside the trace), mode 0600, mapped whole and for ever by each side, no descriptor kept.
 * Nothing in here is a pointer. Pages are reserved before they are used (region_reserve), so that a full file system is
 * an error and not a SIGBUS. Both sides come from one build: `layout` guards against others.
 *
 * The programs can write to all of it, on purpose or by a stray pointer. The drain takes no number from here as an
 * index, a limit or a divisor without making sure of it.
 */
#ifndef REGION_H
#define REGION_H

#include "tracert/format.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#define REGION_LAYOUT       0x7472637cu /* changes with anything in this file or in segment.h */
#define REGION_NR_BIG       16u         /* rings of the configured size … */
#define REGION_NR_SLOTS     4096u /* … and the others, of REGION_SMALL_BYTES: as many threads can live at once */
#define REGION_SLOTS_STEP   64u   /* the table of slots is reserved by as many */
#define REGION_SMALL_BYTES  (128u << 10)
#define REGION_NR_PROCESSES 1024u
#define REGION_BIG_MIN      (128u << 10)
#define REGION_BIG_MAX      (64u << 20)
#define REGION_NAMES_BYTES  (1u << 20)
#define REGION_NAMES_SLOTS  32768u

/* While a slot is SLOT_CLAIMED the bits above SLOT_STATE_BITS are the index of the process that claims it. */
#define SLOT_STATE_BITS 8u
#define SLOT_STATE_MASK 0xffu

enum slot_state {
    SLOT_FREE = 0,
    SLOT_CLAIMED = 1, /* being set up by its thread */
    SLOT_LIVE = 2,
    SLOT_ENDED = 3 /* its thread has gone, all segments are closed; the drain frees it */
};

/* One ring. Three cache lines: what the owner writes, what the drain writes, what both do when the ring is full. */
struct region_slot {
    uint32_t state;   /* enum slot_state, atomic */
    uint32_t process; /* index into processes */
    uint32_t tid;
    uint32_t generation; /* goes up with each owner */
    uint64_t start_ticks;
    uint64_t dropped;        /* hook calls dropped since the owner began; atomic */
    uint32_t nr_opened;      /* segments, by all owners: the newest may still be being filled; atomic */
    uint32_t nr_closed;      /* segments that nobody writes to any more; atomic */
    uint64_t memory_dropped; /* events of memory dropped since the owner began; atomic */

    uint64_t read_at __attribute__((aligned(64))); /* region_position: taken up to here; atomic, never goes back */
    /* For whoever finishes the trace should the drain be killed: */
    uint64_t next_read_at;      /* read_at once chunk `chunk_number` is in the file */
    uint32_t chunk_number;      /* of the chunk that was written last, or is being written */
    uint32_t thread_serial;     /* of the owner in the trace; 0: it has none yet */
    uint32_t thread_generation; /* which owner that is */

    uint32_t space __attribute__((aligned(64))); /* futex: goes up when read_at moves and somebody waits */
    uint32_t waiting;                            /* the owner waits for room; atomic */
    uint32_t late; /* the owner got it after its last farewell: the drain has to see that it is gone */
};

_Static_assert(sizeof(struct region_slot) == 192, "three cache lines a slot");

enum process_state { PROCESS_FREE = 0, PROCESS_CLAIMED = 1, PROCESS_LIVE = 2 };

/* A place in the row of a ring's segments. */
static inline uint64_t region_position(uint32_t segment, uint32_t word)
{
    return (uint64_t)segment << 32 | word;
}

#define PROCESS_REPLACED \
    (1u << 31) /* the process executed another program, which has joined with an entry of its own */

enum process_finish { FINISH_NONE = 0, FINISH_ASKED = 1, FINISH_DONE = 2 };

struct region_process {
    uint32_t state;  /* enum process_state, atomic */
    uint32_t pid;    /* 0: nobody yet; set before nr_live goes up */
    uint32_t serial; /* from 1; never used twice in a session */
    uint32_t parent; /* serial, or 0 */
    uint32_t origin; /* enum tf_origin, and PROCESS_REPLACED */
    uint32_t finish; /* futex: enum process_finish */
    uint64_t start_ticks;
    uint64_t image;           /* differs from program to program that the process executes: session.c */
    uint32_t snapshots_asked; /* images of the heap that somebody outside has asked for; atomic */
    uint32_t snapshots_begun; /* … and of these the ones that a thread of the process has set about; atomic */
    uint64_t unused[2];
};

#define REGION_CLOSED (1u << 30) /* added to nr_live when the drain ends: nobody can join any more */

enum drain_state { DRAIN_STARTING = 0, DRAIN_READY = 1, DRAIN_FAILED = 2 };

struct region {
    uint32_t layout;
    uint32_t big_bytes; /* size of the first REGION_NR_BIG rings */
    uint64_t session;
    uint64_t total_bytes;
    uint32_t clock;        /* enum tf_clock */
    uint32_t clock_reason; /* enum tf_clock_reason */
    uint32_t clock_step;
    uint32_t full_policy; /* enum tf_full_policy */
    uint32_t uid;
    uint32_t memory;            /* enum tf_memory */
    uint32_t next_process;      /* serial of the last process; atomic */
    uint32_t drain_beats;       /* goes up with each turn of the drain; atomic */
    uint32_t nr_live;           /* processes, and those that were killed while they joined; atomic */
    uint32_t forks;             /* forks whose child has not joined yet; atomic */
    uint64_t pid_namespace;     /* st_ino of /proc/self/ns/pid; 0: unknown */
    uint64_t no_ring;           /* hook calls of threads that got no ring; atomic */
    uint64_t memory_no_ring;    /* events of memory of such threads; atomic */
    uint32_t nr_processes_used; /* no place at or above it was ever taken; atomic */
    uint32_t nr_slots_used;     /* no slot at or above it was ever claimed; atomic */
    uint32_t nr_slots_reserved; /* slots below it may be touched: their pages are there; atomic */
    uint32_t names_reserved;    /* the names may be touched; atomic */
    uint32_t no_image;          /* enum tf_no_image, of all processes; atomic */
    uint32_t fence;             /* enum config_fence */

    uint32_t drain_alive __attribute__((aligned(64))); /* robust futex: the drain's tid; the kernel marks its death */
    uint32_t drain_state;                              /* futex: enum drain_state */
    int32_t drain_error;                               /* DRAIN_FAILED, or a failure later: errno */
    uint32_t drain_failure;                            /* enum tf_failure; atomic */
    char output[PATH_MAX];                             /* the trace's path as the drain chose it */
    char directory[PATH_MAX];                          /* that the path begins in, when it is a relative one */
    uint32_t next_snapshot;                            /* number of the last image of a heap; atomic */
    uint32_t flushes;                                  /* goes up when the drain is to write what there is; atomic */

    uint32_t doorbell __attribute__((aligned(64))); /* futex: goes up when a segment is closed */
    uint32_t drain_asleep;                          /* atomic */

    struct region_process processes[REGION_NR_PROCESSES];
    struct region_slot slots[REGION_NR_SLOTS];
};

/* Hooks record calls; else they keep the stack, or do nothing. */
static inline int region_records_calls(const struct region *region)
{
    return region->memory == TF_MEMORY_OFF || region->memory == TF_MEMORY_FULL;
}

/* Each allocation has its call path with it. */
static inline int region_records_paths(const struct region *region)
{
    return region->memory == TF_MEMORY_LAZY || region->memory == TF_MEMORY_FP;
}

/* How many places of the table of processes are worth a look: a page that nobody has touched costs a fault. */
static inline uint32_t region_nr_processes(const struct region *region)
{
    uint32_t nr = __atomic_load_n(&region->nr_processes_used, __ATOMIC_SEQ_CST);
    return nr < REGION_NR_PROCESSES ? nr : REGION_NR_PROCESSES;
}

/* As many slots were ever claimed: no other is worth a look. */
static inline uint32_t region_nr_slots(const struct region *region)
{
    uint32_t nr = __atomic_load_n(&region->nr_slots_used, __ATOMIC_SEQ_CST);
    return nr < REGION_NR_SLOTS ? nr : REGION_NR_SLOTS;
}

/* The process of a slot's owner, as an index. */
static inline uint32_t region_process_of(const struct region_slot *slot)
{
    return slot->process % REGION_NR_PROCESSES;
}

/* Raise a count that only ever grows to `nr`. */
static inline void region_raise(uint32_t *used, uint32_t nr)
{
    uint32_t seen = __atomic_load_n(used, __ATOMIC_RELAXED);
    while (seen < nr && !__atomic_compare_exchange_n(used, &seen, nr, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
    }
}

/* The names of regions: names.h. */
struct region_names {
    uint32_t bytes; /* of text, used; atomic */
    uint32_t slots[REGION_NAMES_SLOTS];
    char text[REGION_NAMES_BYTES + 1024];
};

static inline uint64_t region_page_end(uint64_t offset)
{
    return (offset + 4095u) & ~(uint64_t)4095u;
}

/* The names lie after the tables, the rings after the names, each on pages of their own. */
static inline struct region_names *region_names(struct region *region)
{
    return (struct region_names *)(void *)((uint8_t *)region + region_page_end(sizeof *region));
}

static inline uint64_t region_rings_offset(void)
{
    return region_page_end(region_page_end(sizeof(struct region)) + sizeof(struct region_names));
}

static inline uint64_t region_total_bytes(uint32_t big_bytes)
{
    return region_rings_offset() + (uint64_t)REGION_NR_BIG * big_bytes +
           (uint64_t)(REGION_NR_SLOTS - REGION_NR_BIG) * REGION_SMALL_BYTES;
}

static inline uint32_t region_ring_bytes(const struct region *region, uint32_t slot)
{
    return slot < REGION_NR_BIG ? region->big_bytes : REGION_SMALL_BYTES;
}

static inline uint8_t *region_ring(struct region *region, uint32_t slot)
{
    uint64_t offset = region_rings_offset();
    if (slot < REGION_NR_BIG)
        offset += (uint64_t)slot * region->big_bytes;
    else
        offset += (uint64_t)REGION_NR_BIG * region->big_bytes + (uint64_t)(slot - REGION_NR_BIG) * REGION_SMALL_BYTES;
    return (uint8_t *)region + offset;
}

/*
 * Make a region file and map it. `big_bytes` is a power of two within REGION_BIG_MIN..MAX. The control part is
 * reserved. 0 and *region, or -errno with nothing left behind. `path` is absolute; *nameless is what region_publish()
 * needs to give the file that name, or -1 when it has it: until then a program that is killed leaves nothing behind.
 * Signal-safe.
 */
int region_create(const char *path, uint32_t big_bytes, struct region **region, int *nameless);

/* Give it its name, once there is a drain that will remove it; and close `nameless`. Signal-safe. */
void region_publish(const char *path, int nameless);

/* Map an existing region of the same layout that belongs to this user, not through a link. 0 or -errno. Signal-safe. */
int region_open(const char *path, struct region **region);

void region_unmap(struct region *region);

/*
 * Have the pages of a part of the region reserved in the file system and mapped in. `path` is for kernels before 5.14,
 * which can reserve only through a descriptor. 0, or -errno (no space). Signal-safe.
 */
int region_reserve(struct region *region, const char *path, const void *part, size_t bytes);

/* True when the drain died without finishing. Signal-safe. */
int region_drain_is_dead(struct region *region);

/* There is something for the drain: wake it if it sleeps. Signal-safe. */
void region_ring_bell(struct region *region);

/* The same, and somebody waits for it: wake it even from a nap. Signal-safe. */
void region_call_drain(struct region *region);

#endif
