/*
 * operator new and delete, in all their forms: so that the caller is who says `new`, and not the C++ library, and so
 * that allocators which do not make them of malloc and free are seen. In C: this library needs no C++ one.
 *
 * They may throw, through this code: it is compiled with -fexceptions, and the cleanup runs.
 */
#include "interpose/interpose.h"

#include <stdlib.h>

#define OUTER                                                                                    \
    const struct interposed before __attribute__((unused, cleanup(tracert__interposed_leave))) = \
        tracert__interposed_enter(FRAME)

/* What the real operator new has returned: the inner event, if that is how it was made, is this one. */
static void tell_new(const void *block, size_t bytes, const void *caller, const void *frame,
                     const struct interposed *before)
{
    struct interposed *own = &tracert__interposed;
    if (own->pending.block == block)
        own->pending.block = NULL;
    if (tracert__heap_is_off || block == NULL)
        return;
    const struct interposed_block told = {block, bytes, TF_API_NEW, caller, frame};
    if (before->frame == NULL)
        tracert__heap_allocated(block, bytes, TF_API_NEW, caller, frame);
    else {
        own->pending = told;
        own->pending.frame = before->frame;
    }
}

extern void throw_bad_alloc(void) __asm__("_ZSt17__throw_bad_allocv") __attribute__((weak));

/* Where there is no other one: the whole program is in one static file. */
static void *new_of_malloc(size_t bytes, size_t alignment, bool may_throw)
{
    void *block = NULL;
    bytes = bytes == 0 ? 1 : bytes;
    if (alignment == 0)
        block = malloc(bytes);
    else if (posix_memalign(&block, alignment, bytes) != 0)
        block = NULL;
    if (block == NULL && may_throw && throw_bad_alloc != NULL)
        throw_bad_alloc();
    if (block == NULL && may_throw)
        abort();
    return block;
}

#if defined(INTERPOSE_WRAP)

/* As in malloc.c: the linker knows both. */
#define OURS(symbol) "__wrap_" symbol
#define NEXT(type, name, symbol)                       \
    extern type real_##name __asm__("__real_" symbol); \
    type *const next = real_##name;

#else

#define OURS(symbol) symbol

/* The function that would be called if this one was not there, looked up once; NULL: none. */
#define NEXT(type, name, symbol)                           \
    static type *next;                                     \
    static bool looked;                                    \
    if (!__atomic_load_n(&looked, __ATOMIC_ACQUIRE)) {     \
        *(void **)&next = tracert__interpose_next(symbol); \
        __atomic_store_n(&looked, true, __ATOMIC_RELEASE); \
    }

#endif

#define NEW(name, symbol, parameters, arguments, alignment, may_throw)                            \
    EXPORT void *name parameters __asm__(OURS(symbol));                                           \
    void *name parameters                                                                         \
    {                                                                                             \
        typedef void *function parameters;                                                        \
        NEXT(function, name, symbol)                                                              \
        OUTER;                                                                                    \
        void *block = next != NULL ? next arguments : new_of_malloc(bytes, alignment, may_throw); \
        tell_new(block, bytes, CALLER, FRAME, &before);                                           \
        return block;                                                                             \
    }

#define DELETE(name, symbol, parameters, arguments)         \
    EXPORT void name parameters __asm__(OURS(symbol));      \
    void name parameters                                    \
    {                                                       \
        typedef void function parameters;                   \
        NEXT(function, name, symbol)                        \
        bool told = interpose_release(block, false, FRAME); \
        OUTER;                                              \
        if (told)                                           \
            tracert__interposed.released = block;           \
        if (next != NULL)                                   \
            next arguments;                                 \
        else                                                \
            free(block);                                    \
    }

NEW(new_one, "_Znwm", (size_t bytes), (bytes), 0, true)
NEW(new_many, "_Znam", (size_t bytes), (bytes), 0, true)
NEW(new_one_nothrow, "_ZnwmRKSt9nothrow_t", (size_t bytes, const void *nothrow), (bytes, nothrow), 0, false)
NEW(new_many_nothrow, "_ZnamRKSt9nothrow_t", (size_t bytes, const void *nothrow), (bytes, nothrow), 0, false)
NEW(new_one_aligned, "_ZnwmSt11align_val_t", (size_t bytes, size_t align), (bytes, align), align, true)
NEW(new_many_aligned, "_ZnamSt11align_val_t", (size_t bytes, size_t align), (bytes, align), align, true)
NEW(new_one_aligned_nothrow, "_ZnwmSt11align_val_tRKSt9nothrow_t", (size_t bytes, size_t align, const void *nothrow),
    (bytes, align, nothrow), align, false)
NEW(new_many_aligned_nothrow, "_ZnamSt11align_val_tRKSt9nothrow_t", (size_t bytes, size_t align, const void *nothrow),
    (bytes, align, nothrow), align, false)

DELETE(delete_one, "_ZdlPv", (void *block), (block))
DELETE(delete_many, "_ZdaPv", (void *block), (block))
DELETE(delete_one_sized, "_ZdlPvm", (void *block, size_t bytes), (block, bytes))
DELETE(delete_many_sized, "_ZdaPvm", (void *block, size_t bytes), (block, bytes))
DELETE(delete_one_nothrow, "_ZdlPvRKSt9nothrow_t", (void *block, const void *nothrow), (block, nothrow))
DELETE(delete_many_nothrow, "_ZdaPvRKSt9nothrow_t", (void *block, const void *nothrow), (block, nothrow))
DELETE(delete_one_aligned, "_ZdlPvSt11align_val_t", (void *block, size_t align), (block, align))
DELETE(delete_many_aligned, "_ZdaPvSt11align_val_t", (void *block, size_t align), (block, align))
DELETE(delete_one_sized_aligned, "_ZdlPvmSt11align_val_t", (void *block, size_t bytes, size_t align),
       (block, bytes, align))
DELETE(delete_many_sized_aligned, "_ZdaPvmSt11align_val_t", (void *block, size_t bytes, size_t align),
       (block, bytes, align))
DELETE(delete_one_aligned_nothrow, "_ZdlPvSt11align_val_tRKSt9nothrow_t",
       (void *block, size_t align, const void *nothrow), (block, align, nothrow))
DELETE(delete_many_aligned_nothrow, "_ZdaPvSt11align_val_tRKSt9nothrow_t",
       (void *block, size_t align, const void *nothrow), (block, align, nothrow))
