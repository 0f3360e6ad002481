/*
 * Coroutines on stacks of 16 KB with a page before each that nobody may touch, some above and some below the threads'
 * stacks; two threads in turn run them. Each has its own frames, which stay open while it does not run.
 *
 * row: R10
 * expect: main 1
 * expect: scheduler 2
 * expect: coroutine 6
 * expect: step 6000
 * expect: yield 6000
 * expect-call: coroutine > step 6000
 * expect-call: step > yield 6000
 * expect-link: library
 * expect-sanitizers: no
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <tracert/tracert.h>
#include <ucontext.h>

#define UNTRACED __attribute__((no_instrument_function))

enum { COROUTINES = 6, STEPS = 1000, PAGE = 4096, STACK = 16 << 10 };

static struct coroutine {
    ucontext_t context;
    char *stack;
    int left;
} coroutines[COROUTINES];

static ucontext_t home; /* of the scheduler that runs */
static struct coroutine *current;
static volatile int sink;

__attribute__((noinline)) static void yield(void)
{
    struct coroutine *self = current;
    tracert_stack_switch(NULL);
    swapcontext(&self->context, &home);
}

__attribute__((noinline)) static void step(void)
{
    sink++;
    yield();
    sink++;
}

static void coroutine(void)
{
    for (int i = 0; i < STEPS; i++) {
        step();
        current->left--;
    }
}

UNTRACED static void coroutine_main(void)
{
    coroutine();
    tracert_stack_switch(NULL);
    setcontext(&home);
}

UNTRACED static void coroutine_make(struct coroutine *coroutine)
{
    char *memory = mmap(NULL, PAGE + STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, PAGE, PROT_NONE) != 0)
        abort();
    coroutine->stack = memory;
    coroutine->left = STEPS;
    getcontext(&coroutine->context);
    coroutine->context.uc_stack.ss_sp = memory + PAGE;
    coroutine->context.uc_stack.ss_size = STACK;
    makecontext(&coroutine->context, coroutine_main, 0);
}

static void *scheduler(void *steps)
{
    for (long i = 0; i < *(long *)steps; i++) {
        for (int j = 0; j < COROUTINES; j++) {
            current = &coroutines[j];
            tracert_stack_switch(current->stack);
            swapcontext(&home, &current->context);
        }
    }
    return NULL;
}

int main(void)
{
    pthread_t thread;
    long half = STEPS / 2;
    long rest = STEPS - half + 1;
    for (int i = 0; i < COROUTINES; i++)
        coroutine_make(&coroutines[i]);
    pthread_create(&thread, NULL, scheduler, &half);
    pthread_join(thread, NULL);
    scheduler(&rest);
    int left = 0;
    for (int i = 0; i < COROUTINES; i++) {
        left += coroutines[i].left;
        tracert_stack_end(coroutines[i].stack);
    }
    return left;
}
