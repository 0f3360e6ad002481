/*
 * The life of a traced thread: it gets a ring at its first hook, waits or drops when the ring is full, and gives the
 * ring back when it ends.
 */
#ifndef THREAD_H
#define THREAD_H

#include "ring.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The calling thread's ring. NULL: none yet, or none any more. Zero-initialised and without a relocation, so that a
 * hook that runs before this library is relocated reads NULL.
 */
extern __thread struct tracert__thread *tracert__self __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Slow paths of the hooks. Signal-safe; errno is preserved; may wait for the drain unless TRACERT_FULL=drop. */
__attribute__((noinline, cold, visibility("hidden"))) void tracert__record_unattached(uint64_t frame_and_kind,
                                                                                      uint64_t function, uint64_t site);
__attribute__((noinline, cold, visibility("hidden"))) void
tracert__record_at_limit(uint64_t at, uint64_t frame_and_kind, uint64_t function, uint64_t site);

/*
 * Write a note with `bytes` (at most RING_NOTE_DATA_MAX) of data into the calling thread's ring; attaches the thread if
 * need be. `frame` is the address of the API function's frame, or 0. Returns where the note lies in the ring, or
 * UINT64_MAX when it was not recorded. Signal-safe; preserves errno.
 */
uint64_t tracert__note(enum ring_note note, uint64_t frame, uint64_t number, const void *data, uint32_t bytes);

/* Make the calling thread's next hook take the slow path (it looks for changed modules there). */
void tracert__thread_poke(void);

/* The destructor of the thread key: `thread` is a struct tracert__thread. */
void tracert__thread_farewell(void *thread);

/* In a forked child: the calling thread has no ring any more. */
void tracert__thread_forget(void);

#endif
