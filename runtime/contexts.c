/*
 * swapcontext and setcontext of the program, so that its coroutines are told apart by themselves. In the shared
 * library only: in a static program nothing would be left to jump to.
 *
 * Which stack a context is on it says itself when makecontext() made it; and who calls swapcontext() comes back here,
 * on its own stack, whichever way it was resumed and by whichever thread. So the one is a help for a coroutine's first
 * run, and the other what counts.
 */
#include "lanes.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#define EXPORT __attribute__((visibility("default"), no_instrument_function))

EXPORT int swapcontext(ucontext_t *restrict from, const ucontext_t *restrict to);
EXPORT int setcontext(const ucontext_t *to);

typedef int swap_function(ucontext_t *restrict from, const ucontext_t *restrict to);
typedef int set_function(const ucontext_t *to);

/* The address for `name`, looked for once: the search needs more stack than a coroutine may have. */
static void *next_symbol(void **found, const char *name)
{
    void *symbol = __atomic_load_n(found, __ATOMIC_RELAXED);
    if (symbol == NULL) {
        symbol = dlsym(RTLD_NEXT, name);
        __atomic_store_n(found, symbol, __ATOMIC_RELAXED);
    }
    return symbol;
}

/* The calling thread is about to go on on the context's stack; one that is not known is most likely its own. */
static void context_follow(const ucontext_t *context)
{
    const stack_t *stack = &context->uc_stack;
#if defined(__x86_64__)
    uint64_t sp = (uint64_t)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    uint64_t sp = context->uc_mcontext.sp;
#endif
    bool known = sp - (uint64_t)stack->ss_sp <= stack->ss_size;
    tracert__lane_follow(known ? stack->ss_sp : NULL, known ? stack->ss_size : 0);
}

int swapcontext(ucontext_t *restrict from, const ucontext_t *restrict to)
{
    static void *found;
    swap_function *real;
    *(void **)&real = next_symbol(&found, "swapcontext");
    const void *here = tracert__lane_here();
    context_follow(to);
    int result = real(from, to);
    tracert__lane_follow(here, 0);
    return result;
}

int setcontext(const ucontext_t *to)
{
    static void *found;
    set_function *real;
    *(void **)&real = next_symbol(&found, "setcontext");
    const void *here = tracert__lane_here();
    context_follow(to);
    int result = real(to);
    tracert__lane_follow(here, 0); /* it has failed */
    return result;
}
