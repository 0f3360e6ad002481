/*
 * Coroutines by makecontext() and swapcontext() that say nothing of it: resumed by each other, by several threads in
 * turn, ended by a return. Each has its own frames, which stay open while it does not run. Then one that is left by a
 * jump to who resumed it, and never comes back: its frames stay open, and the calls after the jump are the resumer's.
 *
 * row: R10
 * expect: main 1
 * expect: scheduler 2
 * expect: coroutine 4
 * expect: step 400
 * expect: yield 400
 * expect: inner 100
 * expect: inner_step 200
 * expect: leave 1
 * expect: left 1
 * expect: after 100
 * expect-call: coroutine > step 400
 * expect-call: step > yield 400
 * expect-call: inner > inner_step 200
 * expect-call: leave > after 100
 * expect-open: 1
 * expect-without: archive static static-pie static-lto (only the shared library sees it)
 * expect-sanitizers: no
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <ucontext.h>

#define UNTRACED __attribute__((no_instrument_function))

enum { COROUTINES = 4, STEPS = 100, STACK = 32 << 10 };

static struct coroutine {
    ucontext_t context, resumed_by;
    char *stack;
    int done;
} coroutines[COROUTINES], inners[COROUTINES], last;

static __thread struct coroutine *current; /* read anew after each switch, in functions of their own */
static jmp_buf back;
static _Thread_local volatile int sink;

UNTRACED __attribute__((noinline)) static void resume(struct coroutine *coroutine)
{
    swapcontext(&coroutine->resumed_by, &coroutine->context);
}

UNTRACED __attribute__((noinline)) static void suspend(struct coroutine *coroutine)
{
    swapcontext(&coroutine->context, &coroutine->resumed_by);
}

UNTRACED static void coroutine_make(struct coroutine *coroutine, void (*function)(void))
{
    if (coroutine->stack == NULL)
        coroutine->stack = malloc(STACK);
    if (coroutine->stack == NULL || getcontext(&coroutine->context) != 0)
        abort();
    coroutine->context.uc_stack.ss_sp = coroutine->stack;
    coroutine->context.uc_stack.ss_size = STACK;
    coroutine->context.uc_link = &coroutine->resumed_by;
    coroutine->done = 0;
    makecontext(&coroutine->context, function, 0);
}

__attribute__((noinline)) static void inner_step(struct coroutine *self)
{
    sink++;
    suspend(self);
    sink++;
}

__attribute__((noinline)) static void inner(struct coroutine *self)
{
    inner_step(self);
    inner_step(self);
}

UNTRACED static void inner_main(void)
{
    struct coroutine *self = current;
    inner(self);
    self->done = 1;
}

__attribute__((noinline)) static void yield(struct coroutine *self)
{
    suspend(self);
}

__attribute__((noinline)) static void step(struct coroutine *self)
{
    sink++;
    yield(self);
    sink++;
}

/* Every fourth step it runs another coroutine to its end, which is made anew each time. */
static void coroutine(struct coroutine *self)
{
    struct coroutine *other = &inners[self - coroutines];
    for (int i = 0; i < STEPS; i++) {
        if (i % 4 == 0) {
            coroutine_make(other, inner_main);
            for (current = other; !other->done;)
                resume(other);
        }
        step(self);
    }
}

UNTRACED static void coroutine_main(void)
{
    struct coroutine *self = current;
    coroutine(self);
    self->done = 1;
}

static void *scheduler(void *steps)
{
    for (long i = 0; i < *(long *)steps; i++) {
        for (int j = 0; j < COROUTINES; j++) {
            current = &coroutines[j];
            resume(&coroutines[j]);
        }
    }
    return NULL;
}

__attribute__((noinline)) static void left(void)
{
    longjmp(back, 1);
}

UNTRACED static void last_main(void)
{
    left();
}

__attribute__((noinline)) static void after(void)
{
    sink++;
}

__attribute__((noinline)) static void leave(void)
{
    coroutine_make(&last, last_main);
    if (setjmp(back) == 0)
        resume(&last);
    for (int i = 0; i < 100; i++)
        after();
}

int main(void)
{
    pthread_t thread;
    long half = STEPS / 2;
    long rest = STEPS - half + 1;
    int done = 0;
    for (int i = 0; i < COROUTINES; i++)
        coroutine_make(&coroutines[i], coroutine_main);
    pthread_create(&thread, NULL, scheduler, &half);
    pthread_join(thread, NULL);
    scheduler(&rest);
    for (int i = 0; i < COROUTINES; i++)
        done += coroutines[i].done;
    leave();
    return done != COROUTINES;
}
