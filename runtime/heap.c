#include "heap.h"

#include "diag.h"
#include "record.h"
#include "session.h"
#include "thread.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

bool tracert__heap_is_off;

/*
 * What record_memory() does, when the segment has room and no signal handler comes between: operands and event, each by
 * one swap of its word. Should one fail, what is already there means nothing, and the slow path begins anew.
 */
static inline __attribute__((always_inline)) bool heap_put(struct tracert__thread *thread,
                                                           const struct memory_event *event, uint32_t nr)
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
    if (unlikely(__atomic_load_n(&thread->state, __ATOMIC_RELAXED) != state))
        return false;
    for (uint32_t i = 0; i < nr; i++) {
        uint64_t operand = event->operands[i] << OPERAND_SHIFT | WORD_FILLED | SYMBOL_OPERAND;
        if (unlikely(!ring_swap(&word[i], blank, operand)))
            return false;
    }
    if (unlikely(!ring_swap(&word[nr], blank, ticks << WORD_TICKS_SHIFT | WORD_FILLED | event->symbol)))
        return false;
    __atomic_store_n(&thread->state, state + nr + 1, __ATOMIC_RELAXED);
    return true;
}

static inline __attribute__((always_inline)) void heap_tell(const struct memory_event *event, uint32_t nr)
{
    struct tracert__thread *thread = tracert__self;
    if (unlikely(thread == NULL) || unlikely(!heap_put(thread, event, nr)))
        tracert__memory(event);
}

static uint64_t operand(uint64_t value, uint64_t max)
{
    return value < max ? value : max;
}

void tracert__heap_allocated(const void *block, size_t bytes, enum tf_api api, const void *caller)
{
    const struct memory_event event = {
        .symbol = TF_SYM_ALLOC,
        .nr_operands = ALLOC_OPERANDS,
        .operands = {operand((uint64_t)caller, OPERAND_MAX),
                     operand(bytes, OPERAND_SIZE_MAX) << OPERAND_API_BITS | (uint64_t)api,
                     operand((uint64_t)block, OPERAND_MAX)}};
    heap_tell(&event, ALLOC_OPERANDS);
}

void tracert__heap_released(const void *block, bool resized)
{
    const struct memory_event event = {.symbol = resized ? TF_SYM_REALLOC : TF_SYM_FREE,
                                       .nr_operands = FREE_OPERANDS,
                                       .operands = {operand((uint64_t)block, OPERAND_MAX)}};
    heap_tell(&event, FREE_OPERANDS);
}

void tracert__heap_start(bool session_is_on)
{
    tracert__heap_is_off = !session_is_on || tracert__session.memory == TF_MEMORY_OFF;
    if (tracert__heap_is_off)
        return;
    const char *rival = tracert__interposer_rival == NULL ? NULL : tracert__interposer_rival();
    if (tracert__interposer_rival == NULL)
        diag_line("TRACERT_MEMORY is set, but libtracert_memory is not in this program: no allocation will be seen",
                  NULL);
    else if (rival != NULL)
        diag_line("malloc is that of ", rival, ": no allocation will be seen", NULL);
    tracert__heap_is_off = rival != NULL;
}
