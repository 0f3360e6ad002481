/*
 * A thread's ring: how an event gets from a hook into shared memory. This and hook.c are the hot path.
 *
 * The ring is an array of 32-byte slots. Its owner counts bytes upwards for ever (`at`); the slot is at modulo the
 * ring's size. Claiming is one unlocked add, so a signal handler that interrupts a hook simply takes the next slots. A
 * slot is complete when its last word, the tag, carries the lap that `at` is in: nobody has to clear slots, and a store
 * that comes a lap too late is recognised. The drain reads slots in order and moves the slot's read position on;
 * `limit` is as far as the owner may go without looking.
 *
 * Thread class: the owner only. Signal-safe throughout.
 */
#ifndef RING_H
#define RING_H

#include "clock.h"
#include "region.h"

#include <stdbool.h>
#include <stdint.h>

#define RING_SLOT_BYTES 32u

/* What a slot holds: the low four bits of its tag. 0 is a slot that was never filled. */
enum ring_kind {
    RING_ENTER = 1,
    RING_EXIT = 2,
    RING_EXIT_TAIL = 3, /* the exit hook was reached by a jump */
    RING_NOTE = 4,      /* anything rare: see struct ring_note */
    RING_DATA = 5       /* 24 bytes of the note before */
};

struct ring_event {
    uint64_t ticks;
    uint64_t function; /* a note: ring_note_word() */
    uint64_t site;     /* an enter: ring_site(); a note: its number */
    uint64_t tag;      /* lap << 48 | address of the hook's frame, a multiple of 16 | enum ring_kind */
};

_Static_assert(sizeof(struct ring_event) == RING_SLOT_BYTES, "the ring's slots are 32 bytes");

/*
 * Where the call returns to, with 16 bits of where the hook returns to: these tell a function that is inlined into
 * itself from one that was left by a jump and is called again from the same place.
 */
static inline __attribute__((always_inline)) uint64_t ring_site(uint64_t call_site, uint64_t hook_return)
{
    return call_site | hook_return << 48;
}

#define RING_SITE_MASK 0x0000ffffffffffffull

enum ring_note {
    NOTE_REGION_BEGIN = 1, /* data: name */
    NOTE_REGION_END,
    NOTE_MARK,          /* data: name */
    NOTE_COUNTER,       /* number; data: name */
    NOTE_THREAD_NAME,   /* data: name */
    NOTE_MODULE_LOAD,   /* data: the nested fields of TF_FIELD_MODULE_LOAD */
    NOTE_MODULE_UNLOAD, /* data: the nested fields of TF_FIELD_MODULE_UNLOAD */
    NOTE_STALL,         /* number: ticks waited */
    NOTE_DROPPED,       /* number: hook calls dropped; data: u64 ticks of the first */
    NOTE_FORK           /* a child may inherit the stack that is open here */
};

#define RING_NOTE_DATA_MAX 8192u
#define RING_DATA_BYTES    24u

static inline uint64_t ring_note_word(enum ring_note note, uint32_t data_bytes)
{
    return (uint64_t)note | (uint64_t)data_bytes << 32;
}

/*
 * What a hook needs, one cache line. It lies in private memory that fork wipes: in a forked child `limit` is 0 and the
 * first hook finds out, without a system call and without pthread_atfork.
 */
struct tracert__thread {
    uint64_t at;    /* bytes claimed so far */
    uint64_t limit; /* at or beyond it a hook takes the slow path */
    uint8_t *ring;
    uint64_t mask; /* ring bytes - 1 */
    struct region_slot *slot;
    uint64_t room;          /* as far as the ring is known to be free; limit <= room */
    uint64_t dropped;       /* hook calls dropped since the last NOTE_DROPPED */
    uint64_t dropped_since; /* ticks of the first of them */
};

_Static_assert(sizeof(struct tracert__thread) == 64, "one cache line a thread");

#define RING_TAG_SHIFT 17 /* log2 of the smallest ring: a lap changes bits at or above it */

static inline uint64_t ring_tag(uint64_t at, uint64_t frame_and_kind)
{
    return (at >> RING_TAG_SHIFT) << 48 | frame_and_kind;
}

/* Claim `bytes` of the ring: one instruction, so that a signal handler runs before or after it and never in between. */
static inline __attribute__((always_inline)) uint64_t ring_claim(struct tracert__thread *thread, uint64_t bytes)
{
#if defined(__x86_64__)
    __asm__ volatile("xaddq %0, %1" : "+r"(bytes), "+m"(thread->at) : : "cc");
    return bytes;
#else
    return __atomic_fetch_add(&thread->at, bytes, __ATOMIC_RELAXED);
#endif
}

static inline __attribute__((always_inline)) struct ring_event *ring_slot(const struct tracert__thread *thread,
                                                                          uint64_t at)
{
    return (struct ring_event *)(void *)(thread->ring + (at & thread->mask));
}

/* Fill a claimed slot. The tag goes last: with it the event exists. */
static inline __attribute__((always_inline)) void ring_store(struct ring_event *event, uint64_t at, uint64_t ticks,
                                                             uint64_t function, uint64_t site, uint64_t frame_and_kind)
{
    event->ticks = ticks;
    event->function = function;
    event->site = site;
    __atomic_store_n(&event->tag, ring_tag(at, frame_and_kind), __ATOMIC_RELEASE);
}

#endif
