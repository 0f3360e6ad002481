/*
 * libtracert's API. Nothing in here is needed to trace a program: compile it with -finstrument-functions, link it with
 * -ltracert and run it. What is here adds names and numbers of your own to the trace.
 *
 * All functions are safe from any thread and, unless said otherwise, async-signal-safe; none changes errno, blocks for
 * longer than a full buffer takes to be written (TRACERT_FULL=drop: not even that), or fails in a way that the program
 * could notice. Where the program is not being traced they do nothing.
 */
#ifndef TRACERT_TRACERT_H
#define TRACERT_TRACERT_H

#include <stddef.h>
#include <stdint.h>

#define TRACERT_VERSION_MAJOR 0
#define TRACERT_VERSION_MINOR 1
#define TRACERT_VERSION_PATCH 0

#if defined(__GNUC__)
#define TRACERT_API __attribute__((visibility("default"), no_instrument_function))
#else
#define TRACERT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A named measurement: from begin to end it is a frame in the call tree, like a function, with count, total, mean,
 * minimum and maximum. Measurements nest with calls; one that its function leaves without ending is closed there, as
 * unwound. `name` is copied (its first 1,000 bytes) and need not outlive the call.
 */
TRACERT_API void tracert_region_begin(const char *name);

/* End the innermost open measurement of this thread. */
TRACERT_API void tracert_region_end(void);

/* A named instant of this thread. `name` is copied. */
TRACERT_API void tracert_mark(const char *name);

/* A named number that changes over time: its value from now on. `name` is copied. */
TRACERT_API void tracert_counter(const char *name, int64_t value);

/* Name the calling thread in reports. The last name stands. `name` is copied. */
TRACERT_API void tracert_thread_name(const char *name);

/*
 * For programs that switch stacks themselves: coroutines, fibers, user-level threads. The calling thread is about to go
 * on on another stack: `stack` stands for it, any address of the program's that no other living one has; NULL is the
 * thread's own. Each stack is shown as a thread of its own, whichever threads run it, and what is open on it keeps its
 * time while it does not run. To be called directly before the switch: calls between the two would be the other
 * stack's. A program that leaves its stacks to makecontext() and swapcontext() need not say so when the library is the
 * shared one; one that says it once says it each time.
 */
TRACERT_API void tracert_stack_switch(const void *stack);

/* The coroutine on `stack` is over; what is still open on it has been left. Its address may be used anew. */
TRACERT_API void tracert_stack_end(const void *stack);

/*
 * For programs with memory pools and arenas of their own: a pool has given out `block` of `bytes`; and it is about to
 * take it back. With TRACERT_MEMORY these are allocations and releases of the calling function, beside those of malloc
 * that the pool itself lives on.
 */
TRACERT_API void tracert_alloc(const void *block, size_t bytes);
TRACERT_API void tracert_free(const void *block);

/*
 * The pool has resized `block`, which is now `moved` (or is where it was) with `bytes`. NULL for `block` is
 * tracert_alloc(), NULL for `moved` tracert_free(). To be called before anybody else can be given `block`.
 */
TRACERT_API void tracert_realloc(const void *block, const void *moved, size_t bytes);

/*
 * An image of the heap as it is now: what is live, and what points to it (`tracean heap`). The program stands still for
 * as long as a fork takes; then a child of it writes the image, TRACE.NUMBER-NAME.heap beside the trace, mode 0600: the
 * contents of the process's memory, with whatever secrets are in it. `name` is copied (its first 255 bytes); NULL:
 * none.
 *
 * 1 when the image is being written, 0 when memory is not recorded (TRACERT_MEMORY) or a line on stderr says why there
 * is none. While four images are being written it waits for one of them.
 */
TRACERT_API int tracert_heap_snapshot(const char *name);

/* 1 when the calling process is being traced, else 0. */
TRACERT_API int tracert_is_recording(void);

/* The library's version, "major.minor.patch". Static storage. */
TRACERT_API const char *tracert_version(void);

#ifdef __cplusplus
}
#endif

#endif
