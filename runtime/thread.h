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

/* The same, in a session in which hooks record no calls (TRACERT_MEMORY=events, lazy, fp): then that is NULL. */
extern __thread struct tracert__thread *tracert__aside __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Whichever of the two it is. */
static inline struct tracert__thread *thread_current(void)
{
    struct tracert__thread *thread = tracert__self;
    return thread != NULL ? thread : tracert__aside;
}

/*
 * The hooks' slow path: record the event whatever it takes. `site`: frame_site(); `sp`: the address of the hook's
 * frame; `hook`: where it returns to; `tail`: the exit hook was reached by a jump. Signal-safe; errno is preserved; may
 * wait for the drain unless TRACERT_FULL=drop.
 */
__attribute__((noinline, visibility("hidden"))) void tracert__enter(uint64_t function, uint64_t site, uint64_t sp,
                                                                    uint64_t hook);
__attribute__((noinline, visibility("hidden"))) void tracert__exit(uint64_t function, uint64_t sp, bool tail);

/*
 * Record a note with at most NOTE_DATA_MAX `bytes` of data, or the beginning or end of a region, in the calling thread;
 * attaches it if need be. `sp`: the address of the API function's frame. Signal-safe; preserve errno.
 */
void tracert__note(enum note_kind kind, uint64_t number, const void *data, uint32_t bytes);
void tracert__region_begin(uint64_t sp, const char *name, uint32_t bytes);
void tracert__region_end(uint64_t sp);

/* Record an event of memory in the calling thread, whatever it takes; the same is true as of notes. */
struct memory_event;
__attribute__((noinline)) void tracert__memory(const struct memory_event *event);

/* Make the calling thread's next hook take the slow path (it looks for changed modules there). */
void tracert__thread_poke(void);

/*
 * The process's modules are not what they were: let the calling thread's next event begin another chunk, unless the one
 * it has open has no addresses yet that could be mistaken. `gone`: modules are no longer there.
 */
void tracert__thread_end_chunk(bool gone);

/* Give the calling thread a ring before its first hook, while the session starts; and take it away without a trace. */
void tracert__thread_attach(void);
void tracert__thread_detach(void);

/* The ring that the calling thread records into, made if need be; NULL: none. */
struct tracert__thread *tracert__thread_own(void);

/* A ring more for the calling thread, which goes on with the one it has; NULL: there is none. */
struct tracert__thread *tracert__thread_another(void);

/* Let the calling thread record into `thread`'s ring from here on; NULL: let it only count. */
void tracert__thread_use(struct tracert__thread *thread);

/* Give a ring back that nobody records into any more. What is open in it has been left. */
void tracert__thread_release(struct tracert__thread *thread);

/* The destructor of the thread key: `thread` is a struct tracert__thread. */
void tracert__thread_farewell(void *thread);

/* In a forked child: the calling thread has no ring any more. */
void tracert__thread_forget(void);

#endif
