#include "interpose/interpose.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* What the program would call if this library was not there. */
struct real {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void *(*memalign)(size_t, size_t);
    void *(*valloc)(size_t);
    void *(*pvalloc)(size_t);
};

#if defined(INTERPOSE_WRAP)

/* The linker turns calls of malloc into calls of __wrap_malloc, and __real_malloc into the real one (ld --wrap). */
#define OURS(name) __wrap_##name

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t nr, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void __real_free(void *block);
int __real_posix_memalign(void **block, size_t alignment, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
void *__real_memalign(size_t alignment, size_t bytes);
void *__real_valloc(size_t bytes);
void *__real_pvalloc(size_t bytes);

static const struct real real = {__real_malloc,   __real_calloc,         __real_realloc,
                                 __real_free,     __real_posix_memalign, __real_aligned_alloc,
                                 __real_memalign, __real_valloc,         __real_pvalloc};

EXPORT void *OURS(malloc)(size_t bytes);
EXPORT void *OURS(calloc)(size_t nr, size_t bytes);
EXPORT void *OURS(realloc)(void *block, size_t bytes);
EXPORT void *OURS(reallocarray)(void *block, size_t nr, size_t bytes);
EXPORT void OURS(free)(void *block);
EXPORT int OURS(posix_memalign)(void **block, size_t alignment, size_t bytes);
EXPORT void *OURS(aligned_alloc)(size_t alignment, size_t bytes);
EXPORT void *OURS(memalign)(size_t alignment, size_t bytes);
EXPORT void *OURS(valloc)(size_t bytes);
EXPORT void *OURS(pvalloc)(size_t bytes);

static inline bool real_is_known(void)
{
    return true;
}

static inline bool early_has(const void *block)
{
    (void)block;
    return false;
}

static inline void *early_alloc(size_t bytes)
{
    (void)bytes;
    return NULL;
}

static inline void *early_move(void *block, size_t bytes)
{
    (void)block;
    (void)bytes;
    return NULL;
}

#else

#define OURS(name) name

/* The C library may ask for memory while the real functions are being looked up: it gets this, and it is for ever. */
static struct {
    _Alignas(16) unsigned char bytes[64 << 10];
    size_t used;
    bool open; /* the lookup is under way */
} early;

static struct real real;

void *tracert__interpose_next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* malloc last: who finds it there finds all. */
static void real_find(void)
{
    early.open = true;
    *(void **)&real.calloc = tracert__interpose_next("calloc");
    *(void **)&real.realloc = tracert__interpose_next("realloc");
    *(void **)&real.free = tracert__interpose_next("free");
    *(void **)&real.posix_memalign = tracert__interpose_next("posix_memalign");
    *(void **)&real.aligned_alloc = tracert__interpose_next("aligned_alloc");
    *(void **)&real.memalign = tracert__interpose_next("memalign");
    *(void **)&real.valloc = tracert__interpose_next("valloc");
    *(void **)&real.pvalloc = tracert__interpose_next("pvalloc");
    void *next = tracert__interpose_next("malloc");
    early.open = false;
    __atomic_store_n((void **)&real.malloc, next, __ATOMIC_RELEASE);
}

static void *early_alloc(size_t bytes)
{
    size_t need = (bytes + 31) & ~(size_t)15; /* its size lies before the block */
    if (bytes > sizeof early.bytes || need > sizeof early.bytes - early.used) {
        errno = ENOMEM;
        return NULL;
    }
    unsigned char *block = early.bytes + early.used + 16;
    memcpy(block - sizeof bytes, &bytes, sizeof bytes);
    early.used += need;
    return block;
}

static inline bool early_has(const void *block)
{
    return (uintptr_t)block - (uintptr_t)early.bytes < sizeof early.bytes;
}

/* For the first call of all. */
static __attribute__((noinline)) bool real_is_found(void)
{
    if (!early.open)
        real_find();
    return real.malloc != NULL;
}

/* True when the real functions are known. */
static inline bool real_is_known(void)
{
    return !rarely(__atomic_load_n((void **)&real.malloc, __ATOMIC_ACQUIRE) == NULL) || real_is_found();
}

/* A block that was given out early moves to where it can grow. */
static void *early_move(void *block, size_t bytes)
{
    size_t old_bytes;
    memcpy(&old_bytes, (unsigned char *)block - sizeof old_bytes, sizeof old_bytes);
    void *moved = real_is_known() ? real.malloc(bytes) : early_alloc(bytes);
    if (moved != NULL)
        memcpy(moved, block, bytes < old_bytes ? bytes : old_bytes);
    return moved;
}

#endif

EXPORT void *OURS(malloc)(size_t bytes)
{
    if (!real_is_known())
        return early_alloc(bytes);
    void *block = real.malloc(bytes);
    interpose_alloc(block, bytes, TF_API_MALLOC, CALLER, FRAME);
    return block;
}

EXPORT void *OURS(calloc)(size_t nr, size_t bytes)
{
    if (!real_is_known())
        return bytes != 0 && nr > SIZE_MAX / bytes ? NULL : early_alloc(nr * bytes); /* zeroed, being used once */
    void *block = real.calloc(nr, bytes);
    interpose_alloc(block, nr * bytes, TF_API_CALLOC, CALLER, FRAME);
    return block;
}

EXPORT void OURS(free)(void *block)
{
    if (block == NULL || rarely(early_has(block)) || !real_is_known())
        return;
    interpose_release(block, false, FRAME);
    real.free(block);
}

/* Who called reallocarray, while that calls realloc. */
static __thread const void *array_caller;

static __attribute__((noinline)) void *early_resize(void *block, size_t bytes)
{
    return block == NULL ? early_alloc(bytes) : early_move(block, bytes);
}

static inline void *resize(void *block, size_t bytes, const void *caller, const void *frame)
{
    if (rarely(early_has(block)) || !real_is_known())
        return early_resize(block, bytes);
    bool told = interpose_release(block, true, frame);
    void *moved = real.realloc(block, bytes);
    if (moved != NULL)
        interpose_alloc(moved, bytes, TF_API_REALLOC, caller, frame);
    else if (told && bytes != 0)
        tracert__heap_allocated(block, 0, TF_API_RESTORED, caller, frame);
    return moved;
}

EXPORT void *OURS(realloc)(void *block, size_t bytes)
{
    const void *caller = CALLER;
    if (rarely(array_caller != NULL)) {
        caller = array_caller;
        array_caller = NULL;
    }
    return resize(block, bytes, caller, FRAME);
}

EXPORT void *OURS(reallocarray)(void *block, size_t nr, size_t bytes)
{
    if (bytes != 0 && nr > SIZE_MAX / bytes) {
        errno = ENOMEM;
        return NULL;
    }
    /* As the C library's does: whatever realloc is. An allocator that comes before us may not have this function. */
    array_caller = CALLER;
    void *moved = OURS(realloc)(block, nr * bytes);
    array_caller = NULL;
    return moved;
}

EXPORT int OURS(posix_memalign)(void **block, size_t alignment, size_t bytes)
{
    if (!real_is_known() || real.posix_memalign == NULL)
        return ENOMEM;
    int result = real.posix_memalign(block, alignment, bytes);
    if (result == 0)
        interpose_alloc(*block, bytes, TF_API_ALIGNED, CALLER, FRAME);
    return result;
}

/* What allocators need not have. */
static void *missing(void)
{
    errno = ENOMEM;
    return NULL;
}

EXPORT void *OURS(aligned_alloc)(size_t alignment, size_t bytes)
{
    if (!real_is_known() || real.aligned_alloc == NULL)
        return missing();
    void *block = real.aligned_alloc(alignment, bytes);
    interpose_alloc(block, bytes, TF_API_ALIGNED, CALLER, FRAME);
    return block;
}

EXPORT void *OURS(memalign)(size_t alignment, size_t bytes)
{
    if (!real_is_known() || real.memalign == NULL)
        return missing();
    void *block = real.memalign(alignment, bytes);
    interpose_alloc(block, bytes, TF_API_ALIGNED, CALLER, FRAME);
    return block;
}

EXPORT void *OURS(valloc)(size_t bytes)
{
    if (!real_is_known() || real.valloc == NULL)
        return missing();
    void *block = real.valloc(bytes);
    interpose_alloc(block, bytes, TF_API_ALIGNED, CALLER, FRAME);
    return block;
}

EXPORT void *OURS(pvalloc)(size_t bytes)
{
    if (!real_is_known() || real.pvalloc == NULL)
        return missing();
    void *block = real.pvalloc(bytes);
    interpose_alloc(block, bytes, TF_API_ALIGNED, CALLER, FRAME);
    return block;
}

#if defined(INTERPOSE_WRAP)

const char *tracert__interposer_rival(void)
{
    return NULL;
}

#else

/* Whether a call of `symbol`, which is called malloc, arrives here: then it is taken for an inner one. */
static bool is_ours(void *symbol)
{
    void *(*called)(size_t);
    void (*released)(void *);
    *(void **)&called = symbol;
    *(void **)&released = dlsym(RTLD_DEFAULT, "free");
    const struct interposed before = tracert__interposed_enter((const void *)UINTPTR_MAX);
    void *block = called(1);
    bool arrived = tracert__interposed.pending.block == block;
    tracert__interposed.pending.block = NULL;
    tracert__interposed.released = block;
    released(block);
    tracert__interposed_leave(&before);
    return arrived;
}

#if __GLIBC_PREREQ(2, 33)
static struct mallinfo2 (*allocator_state)(void);
#endif

/* Is malloc the one that mallinfo2 tells of? */
static void allocator_find(void)
{
    Dl_info of_malloc;
    Dl_info of_state;
    void *state = dlsym(RTLD_NEXT, "mallinfo2");
    tracert__interpose_allocator_is(*(void **)&real.malloc);
    if (state == NULL || dladdr(*(void **)&real.malloc, &of_malloc) == 0 || dladdr(state, &of_state) == 0 ||
        of_malloc.dli_fbase != of_state.dli_fbase)
        return;
#if __GLIBC_PREREQ(2, 33)
    *(void **)&allocator_state = state;
#endif
}

bool tracert__interposer_allocator(struct heap_allocator *allocator)
{
#if __GLIBC_PREREQ(2, 33)
    if (allocator_state == NULL || allocator == NULL)
        return allocator_state != NULL;
    const struct mallinfo2 state = allocator_state();
    *allocator = (struct heap_allocator){state.uordblks + state.hblkhd, state.fordblks, state.hblkhd};
    return true;
#else
    (void)allocator;
    return false;
#endif
}

const char *tracert__interposer_rival(void)
{
    Dl_info info;
    void *symbol = dlsym(RTLD_DEFAULT, "malloc");
    if (symbol == NULL || is_ours(symbol)) {
        allocator_find();
        return NULL;
    }
    return dladdr(symbol, &info) != 0 && info.dli_fname != NULL ? info.dli_fname : "another library";
}

#endif
