/*
 * libtracert_memory: the functions that a program gets its memory from, in place of the C library's or of another
 * allocator's: they call those, and tell heap.h.
 *
 * A library of its own: where it is not loaded, nothing of ours lies between a program and its malloc. It is preloaded,
 * or linked before libtracert.
 */
#ifndef INTERPOSE_H
#define INTERPOSE_H

#include "heap.h"

#define EXPORT    __attribute__((visibility("default"), no_instrument_function))
#define HIDDEN    __attribute__((visibility("hidden")))
#define CALLER    __builtin_return_address(0)
#define FRAME     __builtin_frame_address(0)
#define rarely(x) __builtin_expect(!!(x), 0)

/* Find the real function of that name: the one that the program would call if this library was not there. May be NULL.
 */
HIDDEN void *tracert__interpose_next(const char *name);

/* Which function malloc is: what the object that it lies in maps is its own. */
HIDDEN void tracert__interpose_allocator_is(const void *function);

/* An allocation as it is told. */
struct interposed_block {
    const void *block; /* NULL: none */
    size_t bytes;
    uint64_t api; /* a whole word: in a hole half of an old pointer stays, which an image of the heap takes for one */
    const void *caller;
    const void *frame; /* that is there for as long as the block is not told of */
};

/*
 * An allocator may be made of others that are ours, too: operator new calls malloc, and delete free. Such a call is one
 * event, the outer one's; but new may also allocate an exception, and call a handler that allocates. So while an outer
 * one runs, what an inner one has given is kept back: if it is what the outer one returns, it was the same event.
 */
struct interposed {
    const void *frame;               /* of the outer one; NULL: none runs. One that lies above has left it by a jump */
    struct interposed_block pending; /* the last one of the inner ones */
    const void *released;            /* by the outer one, and told */
};

extern HIDDEN __thread struct interposed tracert__interposed __attribute__((tls_model("initial-exec")));

/* The same inside an outer one. The second: true when the release is to be told. */
HIDDEN void tracert__interposed_alloc(const struct interposed_block *block, const void *frame);
HIDDEN bool tracert__interposed_release(const void *block, const void *frame);

/* Before and after an outer allocator does its work; what it allocated or released is told in between. */
HIDDEN struct interposed tracert__interposed_enter(const void *frame);
HIDDEN void tracert__interposed_leave(const struct interposed *before);

/* Tell of a block that came from the real function, called in `frame`. */
static inline void interpose_alloc(const void *block, size_t bytes, enum tf_api api, const void *caller,
                                   const void *frame)
{
    if (rarely(tracert__heap_is_off) || rarely(block == NULL))
        return;
    if (rarely(tracert__interposed.frame != NULL))
        tracert__interposed_alloc(&(struct interposed_block){block, bytes, api, caller, frame}, frame);
    else
        tracert__heap_allocated(block, bytes, api, caller, frame);
}

/* A block is about to go; true when that was told. */
static inline bool interpose_release(const void *block, bool resized, const void *frame)
{
    if (rarely(tracert__heap_is_off) || block == NULL ||
        (rarely(tracert__interposed.frame != NULL) && !tracert__interposed_release(block, frame)))
        return false;
    tracert__heap_released(block, resized);
    return true;
}

#endif
