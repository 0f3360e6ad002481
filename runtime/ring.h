/*
 * How an event gets from a hook into shared memory. This and hook.c are the hot path.
 *
 * A thread encodes its events itself, while the clock is being read: that takes ten nanoseconds in which the processor
 * can do all the rest. Its private block holds what that needs: the frames that are open, a table from (function, call
 * site) to symbol, and a cursor into the segment (segment.h) that it fills.
 *
 * A signal handler may interrupt a hook anywhere, call other hooks, and return or jump away. So an event exists by one
 * compare-and-swap, from the word that was there to the event's word; everything before only prepares it, in places
 * that nobody looks at; what it changes in the thread's block is one more compare-and-swap of `state`, which whoever
 * comes next makes up for if it has not happened (record.c). Neither needs the lock prefix: only this thread writes
 * here.
 */
#ifndef RING_H
#define RING_H

#include "clock.h"
#include "region.h"
#include "segment.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A line of the table from what is entered to its symbol in the open segment: symbol << 48 | thread->key_parity |
 * function; 0: free. Where the call came from stands in the segment's dictionary.
 */
#define KEY_PARITY (1ull << 47) /* no address of a program has this bit */

/*
 * A thread, as its hooks need it. It lies in private memory that fork wipes: in a forked child `limit` is 0 and the
 * first hook finds out, without a system call and without pthread_atfork.
 */
struct tracert__thread {
    uint64_t state;                   /* depth << 32 | 15 bits of the segment's number << 17 | words filled */
    uint32_t limit;                   /* words at or beyond it take the slow path */
    uint32_t shift;                   /* 64 - log2 of the table's lines */
    uint64_t *words;                  /* of the open segment */
    uint64_t parity;                  /* of its words */
    uint64_t base_ticks;              /* of its words */
    struct frame *frames;             /* the open frames, outermost first; the two before them end every search */
    uint64_t *table;                  /* open addressing; at least one line is free */
    const struct segment_entry *dict; /* of the open segment, so that a symbol is its index */
    uint64_t key_parity;              /* KEY_PARITY in every other segment: a line of another one is none */

    struct region_slot *slot;
    struct region *region; /* that the slot lies in */
    uint8_t *ring;
    uint32_t ring_bytes;
    uint32_t end;           /* words that fit the open segment; 0: none is open */
    uint32_t nr_frames;     /* that fit */
    uint32_t nr_dict;       /* of the segment before: how large a table pays */
    uint64_t dropped;       /* hook calls dropped since the last NOTE_DROPPED */
    uint64_t dropped_since; /* ticks of the first of them */
    const char *region_path;
    uint64_t reserved[2]; /* a bit for each of the ring's segments that this process may touch */
    uint32_t heap_limit;  /* as limit, for events of memory (heap.c) */
    uint32_t unused32;
    uint64_t unused[4];
};

_Static_assert(sizeof(struct tracert__thread) == 192, "whole cache lines; the hooks need the first two");

#define STATE_WORDS 0x1ffffu
#define STATE_LAP   17 /* shift of the segment's number */
#define STATE_DEPTH 32

static inline __attribute__((always_inline)) uint64_t ring_hash(uint64_t function, uint64_t site, uint32_t shift)
{
    return (function * 0x9E3779B97F4A7C15ull + site * 0xC2B2AE3D27D4EB4Full) >> shift;
}

/* Each line has a second one, for what finds the first taken; the two share a cache line. */
static inline __attribute__((always_inline)) const uint64_t *ring_line_second(const uint64_t *line)
{
    return (const uint64_t *)((uintptr_t)line ^ sizeof *line);
}

#define RING_FETCH_WORDS 64

/*
 * The drain has read these words a lap ago, so their cache lines are in another processor: ask for them, to write to,
 * long before they are needed.
 */
static inline __attribute__((always_inline)) void ring_fetch(const uint64_t *word)
{
#if defined(__x86_64__)
    __asm__ volatile("prefetchw %0" : : "m"(word[RING_FETCH_WORDS]));
#else
    __builtin_prefetch(word + RING_FETCH_WORDS, 1);
#endif
}

/* Replace `old` by `new` if it is still there: one instruction, so that a signal handler runs before or after it. */
static inline __attribute__((always_inline)) bool ring_swap(uint64_t *word, uint64_t old, uint64_t new)
{
#if defined(__x86_64__)
    bool swapped;
    __asm__ volatile("cmpxchgq %3, %1" : "=@ccz"(swapped), "+m"(*word), "+a"(old) : "r"(new) : "memory");
    return swapped;
#else
    return __atomic_compare_exchange_n(word, &old, new, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
#endif
}

#endif
