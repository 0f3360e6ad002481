/*
 * Allocations and releases become events of their thread, in the ring where its calls are (TRACERT_MEMORY).
 *
 * Who calls this is libtracert_memory (interpose/), which stands between the program and its malloc: a library of its
 * own, so that a program without it has nothing of ours in its way. A release is told before it happens, an allocation
 * after it: so the events of one address alternate, whatever other threads do.
 */
#ifndef HEAP_H
#define HEAP_H

#include "tracert/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the interposing library calls; and nobody else, though it is visible. */
#define HEAP_SEAM __attribute__((visibility("default")))

/* True once it is known that nothing of the heap is recorded: then there is no need to tell. */
extern HEAP_SEAM bool tracert__heap_is_off;

/*
 * `block` of `bytes` has come; `caller`: where the call of the allocating function returns to; `frame`: that function's
 * frame, at which a chain of frame pointers begins. Preserves errno.
 */
HEAP_SEAM void tracert__heap_allocated(const void *block, size_t bytes, enum tf_api api, const void *caller,
                                       const void *frame);

/* `block` is about to go; `resized`: and its successor is the thread's next allocation of api REALLOC, or RESTORED. */
HEAP_SEAM void tracert__heap_released(const void *block, bool resized);

/* Memory that no file is behind has been mapped, or is about to go. Preserve errno. */
HEAP_SEAM void tracert__heap_mapped(const void *address, size_t bytes, enum tf_map_how how);
HEAP_SEAM void tracert__heap_unmapped(const void *address, size_t bytes, enum tf_map_how how);

/* How malloc itself stands, in bytes. */
struct heap_allocator {
    uint64_t in_use; /* given out, with what malloc adds */
    uint64_t free;   /* kept */
    uint64_t mapped; /* of what is in use: in mappings of its own */
};

/* Of the interposing library, where it is in the program; false: not known. Takes malloc's locks; not if asked for
 * NULL, whether it is known. */
extern HEAP_SEAM bool tracert__interposer_allocator(struct heap_allocator *allocator) __attribute__((weak));

/* Record that, if the last time was long ago, or `certainly`. Not in a signal handler, and not inside malloc. */
void tracert__heap_look(bool certainly);

/*
 * Of the interposing library, where it is in the program: NULL, or the file whose malloc is used in place of ours. May
 * call into the loader.
 */
extern HEAP_SEAM const char *tracert__interposer_rival(void) __attribute__((weak));

/* Once the session has started, or not: say so in one line when allocations are asked for and cannot be seen. */
void tracert__heap_start(bool session_is_on);

#endif
