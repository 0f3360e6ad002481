#include "heap.h"

#include "diag.h"
#include "record.h"
#include "session.h"
#include "thread.h"
#include "tracert/tracert.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

bool tracert__heap_is_off;
static bool pools_are_off; /* the same for what the program itself tells */

#define INLINE static inline __attribute__((always_inline))

INLINE bool operand_put(uint64_t *word, uint64_t blank, uint64_t operand)
{
    return likely(ring_swap(word, blank, operand << OPERAND_SHIFT | WORD_FILLED | SYMBOL_OPERAND));
}

/*
 * What record_memory() does, when the segment has room and no signal handler comes between: operands and event, each by
 * one swap of its word. Should one fail, what is already there means nothing, and the slow path begins anew.
 */
INLINE bool heap_put(struct tracert__thread *thread, const uint64_t *operands, uint32_t nr, uint32_t symbol)
{
    uint64_t state = __atomic_load_n(&thread->state, __ATOMIC_RELAXED);
    __asm__ volatile("" : : : "memory");
    uint64_t at = state_words(thread, state);
    if (unlikely(at + nr >= thread->heap_limit))
        return false;
    uint64_t *word = &thread->words[at];
    uint64_t blank = thread->blank;
    ring_fetch(word);
    uint64_t ticks = clock_counter();
    if (unlikely(ticks >> 32 != thread->ticks_high))
        return false;
    __asm__ volatile("" : : : "memory");
    if (unlikely(__atomic_load_n(&thread->state, __ATOMIC_RELAXED) != state) ||
        !operand_put(word, blank, operands[0]) ||
        (nr == ALLOC_OPERANDS &&
         !(operand_put(word + 1, blank, operands[1]) && operand_put(word + 2, blank, operands[2]))) ||
        unlikely(!ring_swap(word + nr, blank, ticks << WORD_TICKS_SHIFT | WORD_FILLED | symbol)))
        return false;
    __atomic_store_n(&thread->state, state + nr + 1, __ATOMIC_RELAXED);
    return true;
}

static __attribute__((noinline)) void heap_put_slowly(const uint64_t *operands, uint32_t nr, uint32_t symbol)
{
    struct memory_event event = {.symbol = symbol, .nr_operands = nr};
    for (uint32_t i = 0; i < nr; i++)
        event.operands[i] = operands[i];
    tracert__memory(&event);
}

INLINE void heap_tell(const uint64_t *operands, uint32_t nr, uint32_t symbol)
{
    struct tracert__thread *thread = tracert__self;
    if (unlikely(thread == NULL) || unlikely(!heap_put(thread, operands, nr, symbol)))
        heap_put_slowly(operands, nr, symbol);
}

INLINE uint64_t operand(uint64_t value, uint64_t max)
{
    return value < max ? value : max;
}

void tracert__heap_allocated(const void *block, size_t bytes, enum tf_api api, const void *caller)
{
    const uint64_t operands[ALLOC_OPERANDS] = {operand((uint64_t)caller, OPERAND_MAX),
                                               operand(bytes, OPERAND_SIZE_MAX) << OPERAND_API_BITS | (uint64_t)api,
                                               operand((uint64_t)block, OPERAND_MAX)};
    heap_tell(operands, ALLOC_OPERANDS, TF_SYM_ALLOC);
}

void tracert__heap_released(const void *block, bool resized)
{
    const uint64_t operands[FREE_OPERANDS] = {operand((uint64_t)block, OPERAND_MAX)};
    if (resized)
        heap_tell(operands, FREE_OPERANDS, TF_SYM_REALLOC);
    else
        heap_tell(operands, FREE_OPERANDS, TF_SYM_FREE);
}

void tracert_alloc(const void *block, size_t bytes)
{
    if (!pools_are_off && block != NULL)
        tracert__heap_allocated(block, bytes, TF_API_POOL, __builtin_return_address(0));
}

void tracert_free(const void *block)
{
    const uint64_t operands[FREE_OPERANDS] = {operand((uint64_t)block, OPERAND_MAX)};
    if (!pools_are_off && block != NULL)
        heap_tell(operands, FREE_OPERANDS, SYMBOL_POOL_FREE);
}

void tracert__heap_start(bool session_is_on)
{
    tracert__heap_is_off = pools_are_off = !session_is_on || tracert__session.memory == TF_MEMORY_OFF;
    if (tracert__heap_is_off)
        return;
    const char *rival = tracert__interposer_rival == NULL ? NULL : tracert__interposer_rival();
    if (tracert__interposer_rival == NULL)
        diag_line("TRACERT_MEMORY is set, but libtracert_memory is not in this program: only what tracert_alloc() "
                  "tells will be seen",
                  NULL);
    else if (rival != NULL)
        diag_line("malloc is that of ", rival, ": only what tracert_alloc() tells will be seen", NULL);
    tracert__heap_is_off = rival != NULL;
}
