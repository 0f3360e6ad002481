#include "heap.h"

#include "diag.h"
#include "paths.h"
#include "record.h"
#include "session.h"
#include "snapshot.h"
#include "thread.h"
#include "tracert/tracert.h"

#include <errno.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

enum { LOOK_NS = 100 * 1000 * 1000, BIG_BYTES = 64 * 1024 };

bool tracert__heap_is_off;
static bool pools_are_off;      /* the same for what the program itself tells */
static enum tf_memory heap_way; /* what is recorded */

/* Blocks of this size and more make a peak (TRACERT_SNAPSHOT) without filling a segment; UINT64_MAX: nobody asks. */
static uint64_t big_bytes = UINT64_MAX;

#define INLINE static inline __attribute__((always_inline))

INLINE bool operand_put(uint64_t *word, uint64_t old, uint64_t odd, uint64_t operand)
{
    return likely(ring_swap(word, old, (operand << OPERAND_SHIFT | WORD_FILLED | SYMBOL_OPERAND) ^ odd));
}

/* An allocation or a release, as it is told. Passed by value: its address would keep it out of registers. */
struct told {
    uint64_t operands[ALLOC_OPERANDS];
    uint32_t nr;
    uint32_t symbol;
    uint64_t sp;             /* of an ALLOC: frames that lie below have been left */
    const struct walk *walk; /* NULL: none */
};

/* The path of an ALLOC, if one is recorded; PATH_NO_ROOM when the slow path has to find it. */
INLINE uint32_t told_path(struct tracert__thread *thread, struct told told)
{
    if (told.nr != ALLOC_OPERANDS || likely(heap_way != TF_MEMORY_LAZY && heap_way != TF_MEMORY_FP))
        return PATH_NONE;
    return told.walk != NULL ? path_of_walk(thread, thread->slot->nr_opened - 1, told.walk)
                             : path_of_open(thread, told.sp);
}

/* The segment's words that the event will take the place of. */
struct replaced {
    uint64_t words[ALLOC_OPERANDS + 1];
};

INLINE struct replaced replaced_read(const uint64_t *word, uint32_t nr_operands)
{
    struct replaced old;
    old.words[0] = __atomic_load_n(&word[0], __ATOMIC_RELAXED);
    old.words[1] = __atomic_load_n(&word[1], __ATOMIC_RELAXED);
    if (nr_operands == ALLOC_OPERANDS) {
        old.words[2] = __atomic_load_n(&word[2], __ATOMIC_RELAXED);
        old.words[3] = __atomic_load_n(&word[3], __ATOMIC_RELAXED);
    }
    return old;
}

INLINE bool replaced_swap(uint64_t *word, struct replaced old, uint64_t odd, struct told told, uint64_t event)
{
    return operand_put(word, old.words[0], odd, told.operands[0]) &&
           (told.nr != ALLOC_OPERANDS || (operand_put(word + 1, old.words[1], odd, told.operands[1]) &&
                                          operand_put(word + 2, old.words[2], odd, told.operands[2]))) &&
           likely(ring_swap(word + told.nr, old.words[told.nr], event ^ odd));
}

/*
 * What record_memory() does, when the segment has room and no signal handler comes between: operands and event, each by
 * one swap of its word. Should one fail, what is already there means nothing, and the slow path begins anew.
 */
INLINE bool heap_put(struct tracert__thread *thread, struct told told)
{
    uint64_t state = __atomic_load_n(&thread->state, __ATOMIC_RELAXED);
    __asm__ volatile("" : : : "memory");
    uint64_t at = state_words(thread, state);
    if (unlikely(at + told.nr >= thread->heap_limit))
        return false;
    uint64_t *word = &thread->words[at];
    ring_fetch(word);
    if (told.nr == ALLOC_OPERANDS && unlikely(state_frame(thread, state)[-1].sp < told.sp))
        return false;
    uint32_t path = told_path(thread, told);
    if (unlikely(path == PATH_NO_ROOM))
        return false;
    struct replaced old = replaced_read(word, told.nr);
    uint64_t odd = thread->odd;
    struct ticks ticks = clock_halves();
    if (unlikely(word_is_filled(old.words[0], odd) || ticks.high != thread->ticks_high))
        return false;
    __asm__ volatile("" : : : "memory");
    uint64_t event = (uint64_t)ticks.low << WORD_TICKS_SHIFT | path << WORD_PATH_SHIFT | WORD_FILLED | told.symbol;
    if (unlikely(__atomic_load_n(&thread->state, __ATOMIC_RELAXED) != state ||
                 !replaced_swap(word, old, odd, told, event)))
        return false;
    __atomic_store_n(&thread->state, state + told.nr + 1, __ATOMIC_RELAXED);
    return true;
}

static __attribute__((noinline)) void heap_put_slowly(struct told told)
{
    struct memory_event event = {.symbol = told.symbol, .nr_operands = told.nr, .sp = told.sp, .walk = told.walk};
    for (uint32_t i = 0; i < told.nr; i++)
        event.operands[i] = told.operands[i];
    tracert__memory(&event);
}

INLINE void heap_tell(struct told told)
{
    struct tracert__thread *thread = thread_current();
    if (unlikely(thread == NULL) || unlikely(!heap_put(thread, told)))
        heap_put_slowly(told);
}

INLINE uint64_t operand(uint64_t value, uint64_t max)
{
    return value < max ? value : max;
}

/* The same with the call path that the frame pointers tell. */
static __attribute__((noinline)) void heap_tell_walked(struct told told, const void *frame)
{
    struct walk walk;
    walk_stack(frame, &walk);
    told.walk = &walk;
    heap_tell(told);
}

void tracert__heap_allocated(const void *block, size_t bytes, enum tf_api api, const void *caller, const void *frame)
{
    const struct told told = {.operands = {operand((uint64_t)caller, OPERAND_MAX),
                                           operand(bytes, OPERAND_SIZE_MAX) << OPERAND_API_BITS | (uint64_t)api,
                                           operand((uint64_t)block, OPERAND_MAX)},
                              .nr = ALLOC_OPERANDS,
                              .symbol = TF_SYM_ALLOC,
                              .sp = (uint64_t)frame & ~FRAME_FLAGS};
    if (unlikely(heap_way == TF_MEMORY_FP))
        heap_tell_walked(told, frame);
    else
        heap_tell(told);
    if (unlikely(bytes >= big_bytes) && api != TF_API_POOL)
        tracert__heap_look(false);
}

INLINE void heap_tell_release(const void *block, uint32_t symbol)
{
    const struct told told = {
        .operands = {operand((uint64_t)block, OPERAND_MAX)}, .nr = FREE_OPERANDS, .symbol = symbol};
    heap_tell(told);
}

void tracert__heap_released(const void *block, bool resized)
{
    heap_tell_release(block, resized ? TF_SYM_REALLOC : TF_SYM_FREE);
}

void tracert_alloc(const void *block, size_t bytes)
{
    if (!pools_are_off && block != NULL)
        tracert__heap_allocated(block, bytes, TF_API_POOL, __builtin_return_address(0), __builtin_frame_address(0));
}

void tracert_free(const void *block)
{
    if (!pools_are_off && block != NULL)
        heap_tell_release(block, SYMBOL_POOL_FREE);
}

void tracert_realloc(const void *block, const void *moved, size_t bytes)
{
    if (pools_are_off)
        return;
    if (block != NULL)
        heap_tell_release(block, moved != NULL ? SYMBOL_POOL_REALLOC : SYMBOL_POOL_FREE);
    if (moved != NULL)
        tracert__heap_allocated(moved, bytes, TF_API_POOL, __builtin_return_address(0), __builtin_frame_address(0));
}

/*
 * The address and leak sanitizers' malloc comes before all others, and tells: of an allocation after it, of a release
 * before it, and not by whom.
 */
extern int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
                                                     void (*free_hook)(const volatile void *)) __attribute__((weak));

static void sanitizer_allocated(const volatile void *block, size_t bytes)
{
    if (block != NULL)
        tracert__heap_allocated((const void *)(uintptr_t)block, bytes, TF_API_MALLOC, NULL, __builtin_frame_address(0));
}

static void sanitizer_released(const volatile void *block)
{
    if (block != NULL)
        tracert__heap_released((const void *)(uintptr_t)block, false);
}

static bool sanitizer_tells(void)
{
    return __sanitizer_install_malloc_and_free_hooks != NULL &&
           __sanitizer_install_malloc_and_free_hooks(sanitizer_allocated, sanitizer_released) != 0;
}

/* TRACERT_SNAPSHOT, and something that an image needs is not there: never a file that is missing without a word. */
static void snapshots_check(enum config_snapshot snapshot)
{
    if (snapshot != CONFIG_SNAPSHOT_OFF && heap_way == TF_MEMORY_OFF) {
        diag_line("TRACERT_SNAPSHOT without TRACERT_MEMORY: no image of the heap will be made", NULL);
        tracert__snapshot_none(TF_NO_IMAGE_MEMORY);
    } else if (snapshot == CONFIG_SNAPSHOT_PEAK && (tracert__heap_is_off || tracert__interposer_allocator == NULL ||
                                                    !tracert__interposer_allocator(NULL))) {
        diag_line("TRACERT_SNAPSHOT=peak: this malloc does not tell what it has given out: no image of its peak will "
                  "be made",
                  NULL);
        tracert__snapshot_none(TF_NO_IMAGE_MALLOC);
    }
}

void tracert__heap_start(bool session_is_on)
{
    heap_way = tracert__session.memory;
    tracert__heap_is_off = pools_are_off = !session_is_on || heap_way == TF_MEMORY_OFF;
    big_bytes = tracert__session.config.snapshot == CONFIG_SNAPSHOT_PEAK ? BIG_BYTES : UINT64_MAX;
    if (tracert__heap_is_off) {
        if (session_is_on)
            snapshots_check(tracert__session.config.snapshot);
        return;
    }
    const char *rival = tracert__interposer_rival == NULL ? NULL : tracert__interposer_rival();
    if ((tracert__interposer_rival == NULL || rival != NULL) && sanitizer_tells())
        tracert__heap_is_off = true; /* for the interposing library */
    else if (tracert__interposer_rival == NULL)
        diag_line("TRACERT_MEMORY is set, but libtracert_memory is not in this program: only what tracert_alloc() "
                  "tells will be seen",
                  NULL);
    else if (rival != NULL)
        diag_line("malloc is that of ", rival, ": only what tracert_alloc() tells will be seen", NULL);
    tracert__heap_is_off |= rival != NULL;
    snapshots_check(tracert__session.config.snapshot);
}

/* ---- Beside the heap's events --------------------------------------------------------------------------- */

static void heap_note(enum note_kind kind, uint64_t number, uint64_t first, uint64_t second)
{
    const uint64_t data[2] = {first, second};
    if (!tracert__heap_is_off)
        tracert__note(kind, number, data, sizeof data);
}

void tracert__heap_mapped(const void *address, size_t bytes, enum tf_map_how how)
{
    heap_note(NOTE_MAPPED, (uint64_t)address, bytes, (uint64_t)how);
}

void tracert__heap_unmapped(const void *address, size_t bytes, enum tf_map_how how)
{
    walk_forget();
    heap_note(NOTE_UNMAPPED, (uint64_t)address, bytes, (uint64_t)how);
}

void tracert__heap_look(bool certainly)
{
    static uint64_t looked_ns; /* atomic */
    struct heap_allocator allocator;
    uint64_t now = clock_monotonic_ns();
    uint64_t before = __atomic_load_n(&looked_ns, __ATOMIC_RELAXED);
    if (tracert__heap_is_off || tracert__interposer_allocator == NULL || (!certainly && now - before < LOOK_NS) ||
        !__atomic_compare_exchange_n(&looked_ns, &before, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return;
    int error = errno;
    if (tracert__interposer_allocator(&allocator)) {
        heap_note(NOTE_ALLOCATOR, allocator.in_use, allocator.free, allocator.mapped);
        if (tracert__session.config.snapshot == CONFIG_SNAPSHOT_PEAK)
            tracert__snapshot_peak(allocator.in_use);
    }
    errno = error;
}
