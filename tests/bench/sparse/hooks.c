/*
 * The least that a recorder with a sparse clock can do: a word for each event, into a block of memory, and the clock at
 * one event in EVERY, chosen at random. No call site, no stack, no signal handlers, one thread, nobody who reads along.
 *
 * Where the clock is read next is a place in the block, so the test for its end is the test for the clock, too, and an
 * event without a time pays nothing for the choice. The block is written to the file EVENTS at the end; without it, the
 * block is small and begins anew when it is full.
 */
#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <x86intrin.h>

#define HOOK __attribute__((no_instrument_function))

enum { RING_WORDS = 1 << 17, FILE_WORDS = 100 << 20, CALIBRATION_PAIRS = 4000000 };

extern char __executable_start;

static uint64_t *at, *next_read, *begin, *end;
static uint64_t begin_ticks, begin_ns, random_state = 88172645463325252ull;
static struct events_head head;

HOOK void __cyg_profile_func_enter(void *function, void *site);
HOOK void __cyg_profile_func_exit(void *function, void *site);

HOOK static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* From 1 to 2 * EVERY - 1, or always 1. */
HOOK static uint64_t gap_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return 1 + (random_state >> 20) % (2 * head.every - 1);
}

/* An enter reads the clock last, an exit first: the hook is not to lie in the function's time. */
HOOK static __attribute__((noinline)) void event_put_timed(uint64_t word)
{
    uint64_t ticks = word & WORD_EXIT ? __rdtsc() : 0;
    if (begin == NULL)
        return;
    if (at >= end - 2) {
        if (head.base != 0)
            abort(); /* not all events can be in the file */
        at = begin;
    }
    next_read = at + 1 + gap_next();
    next_read = next_read < end - 2 ? next_read : end - 2;
    *at++ = word;
    *at++ = WORD_TIME | (word & WORD_EXIT ? ticks : __rdtsc());
}

HOOK static inline __attribute__((always_inline)) void event_put(uint64_t word)
{
    uint64_t *place = at;
    if (__builtin_expect(place >= next_read, 0)) {
        event_put_timed(word);
        return;
    }
    *place = word;
    at = place + 1;
}

void __cyg_profile_func_enter(void *function, void *site)
{
    (void)site;
    event_put((uintptr_t)function);
}

void __cyg_profile_func_exit(void *function, void *site)
{
    (void)site;
    event_put((uintptr_t)function | WORD_EXIT);
}

HOOK static void calibrate(void)
{
    uint64_t since = now_ns();
    for (int i = 0; i < CALIBRATION_PAIRS; i++) {
        if (head.every > 1 || at >= end - 8) { /* no reads, and no end */
            at = begin;
            next_read = head.every > 1 ? end : begin;
        }
        __cyg_profile_func_enter((void *)calibrate, NULL);
        __cyg_profile_func_exit((void *)calibrate, NULL);
    }
    head.pair_ns = (double)(now_ns() - since) / CALIBRATION_PAIRS;
}

HOOK __attribute__((constructor(101))) static void events_begin(void)
{
    const char *every = getenv("EVERY");
    size_t nr_words = getenv("EVENTS") != NULL ? FILE_WORDS : RING_WORDS;
    head.every = every == NULL || atoi(every) < 1 ? 16 : (uint64_t)atoi(every);
    void *block =
        mmap(NULL, nr_words * sizeof *begin, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (block == MAP_FAILED)
        abort();
    begin = block;
    end = begin + nr_words;
    at = next_read = begin;
    calibrate();
    head.base = getenv("EVENTS") != NULL ? (uintptr_t)&__executable_start : 0;
    at = next_read = begin;
    begin_ticks = __rdtsc();
    begin_ns = now_ns();
}

HOOK __attribute__((destructor)) static void events_end(void)
{
    const char *path = getenv("EVENTS");
    head.ns_per_tick = (double)(now_ns() - begin_ns) / (double)(__rdtsc() - begin_ticks);
    head.nr_words = (uint64_t)(at - begin);
    FILE *file = path != NULL ? fopen(path, "w") : NULL;
    if (file == NULL)
        return;
    fwrite(&head, sizeof head, 1, file);
    fwrite(begin, sizeof *begin, head.nr_words, file);
    fclose(file);
}
