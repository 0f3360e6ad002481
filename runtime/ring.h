/*
 * How an event gets from a hook into shared memory. This and hook.c are the hot path.
 *
 * A thread encodes its events itself, while the clock is being read: that takes ten nanoseconds in which the processor
 * can do all the rest. Its private block holds what that needs: the frames that are open, a table from (function, call
 * site) to symbol, and a cursor into the segment (segment.h) that it fills.
 *
 * A signal handler may interrupt a hook anywhere, call other hooks, and return or jump away. So an event exists by one
 * compare-and-swap, from the word that was there to the event's word, which needs no lock prefix: only this thread
 * writes here. Everything before only prepares it, in places that nobody looks at. What it changes in the thread's
 * block is one store of `state`, which is allowed to come too late: whoever finds it behind the words, or in a segment
 * that a signal handler has turned away from, makes up for it (record.c).
 */
#ifndef RING_H
#define RING_H

#include "clock.h"
#include "region.h"
#include "segment.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A line of the table from what is entered to its symbol in the open segment. A free one has KEY_FREE of its segment,
 * and site 0. The site is written first; should that be left by a jump, the line stays as it is.
 */
struct ring_line {
    uint64_t key;  /* function << KEY_SHIFT | WORD_FILLED | symbol */
    uint64_t site; /* frame_site(), with ENTRY_INLINED or SITE_REGION; never 0 */
};

#define RING_GROUP 4u /* lines that share a cache line: an entry lies in any of them, mostly in the first it tries */

#define KEY_SHIFT         17
#define KEY_FREE(segment) ((uint64_t)(segment) << KEY_SHIFT)
#define SITE_REGION       (1ull << 48)

/*
 * A thread, as its hooks need it. It lies in private memory that fork wipes: in a forked child `limit` is 0 and the
 * first hook finds out, without a system call and without pthread_atfork.
 */
struct tracert__thread {
    uint64_t state;       /* bytes of open frames << 32 | 15 bits of the segment's number << 17 | words filled */
    uint32_t first;       /* the low half of the state when no word is filled */
    uint32_t limit;       /* words at or beyond it take the slow path */
    uint64_t *words;      /* of the open segment */
    uint64_t odd;         /* the segment's */
    uint32_t ticks_high;  /* of its words: bits 32 to 63 of their time */
    uint32_t table_mask;  /* of a byte offset into the table */
    struct frame *frames; /* the open frames, outermost first; the two before them end every search */
    uint8_t *table;       /* of struct ring_line, a power of two, at least one of them free */
    uint64_t rest;        /* the state while no segment is open */

    struct region_slot *slot;
    struct region *region; /* that the slot lies in */
    uint8_t *ring;
    uint32_t ring_bytes;
    uint32_t end;           /* words that fit the open segment; 0: none is open */
    uint32_t nr_frames;     /* that fit */
    uint32_t nr_dict;       /* of the segment before: how large a table pays */
    uint32_t nr_words;      /* of the segment before */
    uint16_t nr_carries;    /* segments that have gone on with the table since it was empty */
    uint16_t fenced_limit;  /* as limit, in a fenced segment, whose `limit` is 0 */
    uint64_t dropped;       /* hook calls dropped since the last NOTE_DROPPED */
    uint64_t dropped_since; /* ticks of the first of them */
    const char *region_path;
    uint64_t reserved[2]; /* a bit for each of the ring's segments that this process may touch */
    uint32_t heap_limit;  /* as limit, for events of memory (heap.c) */
    uint32_t stack_bytes; /* 0: not known where its frames lie, or it is the thread's own stack */
    uint64_t stack_low;
    struct frame *open;       /* TRACERT_MEMORY=lazy: where in `frames` the next frame goes … */
    struct frame *end_open;   /* … and where it must not; NULL: hooks keep no stack */
    struct path_walks *walks; /* paths.h; TRACERT_MEMORY=fp */
};

_Static_assert(sizeof(struct tracert__thread) == 192, "whole cache lines; the hooks need the first one alone");

#define STATE_LAP   17 /* shift of the segment's number */
#define STATE_DEPTH 32
#define STATE_FRAME ((uint64_t)sizeof(struct frame) << STATE_DEPTH)

/* The words filled, according to `state`. A state of another segment than the open one gives more than any has. */
static inline __attribute__((always_inline)) uint32_t state_words(const struct tracert__thread *thread, uint64_t state)
{
    return (uint32_t)state - thread->first;
}

static inline __attribute__((always_inline)) uint32_t state_depth(uint64_t state)
{
    return (uint32_t)(state >> STATE_DEPTH) / (uint32_t)sizeof(struct frame);
}

/* Where the next frame goes. */
static inline __attribute__((always_inline)) struct frame *state_frame(const struct tracert__thread *thread,
                                                                       uint64_t state)
{
    return (struct frame *)(void *)((uint8_t *)thread->frames + (state >> STATE_DEPTH));
}

/*
 * The `nr`th line to try: those of one cache line, of the next, … The hash has to be cheap, and to spread addresses
 * that lie regularly.
 */
static inline __attribute__((always_inline)) struct ring_line *ring_line(const struct tracert__thread *thread,
                                                                         uint64_t function, uint64_t site, uint32_t nr)
{
    uint64_t hash = (site * 0x6C8E9CF5u + function) >> 8;
    uint64_t line = (hash ^ nr % RING_GROUP * sizeof(struct ring_line)) + nr / RING_GROUP * 64;
    return (struct ring_line *)(void *)(thread->table + (line & thread->table_mask));
}

/* The line's symbol with WORD_FILLED, if it is that of this function and site; else 0. */
static inline __attribute__((always_inline)) uint64_t ring_line_symbol(const struct ring_line *line, uint64_t function,
                                                                       uint64_t site)
{
    uint64_t rest = line->key ^ function << KEY_SHIFT;
    return line->site == site && rest / WORD_FILLED == 1 ? rest : 0;
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
