/*
 * Signal handlers on alternate stacks: one above and one below the stack of the thread that is interrupted, which is
 * the program's own. Their calls nest in what they interrupted, and leave it as it was.
 *
 * row: R1
 * expect: main 1
 * expect: thread_main 2
 * expect: work 20000
 * expect: on_signal 20000
 * expect: outer 20000
 * expect: inner 40000
 * expect-call: work > on_signal 20000
 * expect-call: on_signal > outer 20000
 * expect-call: outer > inner 40000
 * expect-call: thread_main > work 20000
 * expect-sanitizers: no
 */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { STACK = 256 << 10, CALLS = 10000 };

static volatile int sink;

__attribute__((noinline)) static int inner(int value)
{
    sink++;
    return value + 1;
}

__attribute__((noinline)) static int outer(int value)
{
    int sum = inner(value);
    return sum + inner(sum);
}

static void on_signal(int number)
{
    sink += outer(number);
}

__attribute__((noinline)) static void work(void)
{
    pthread_kill(pthread_self(), SIGUSR1);
    sink++;
}

static void *thread_main(void *alternate)
{
    sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = STACK}, NULL);
    for (int i = 0; i < CALLS; i++)
        work();
    return NULL;
}

/* The alternate stack lies on this side of the thread's. */
__attribute__((no_instrument_function)) static void run(char *stack, char *alternate)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack, STACK);
    if (pthread_create(&thread, &attributes, thread_main, alternate) != 0)
        abort();
    pthread_join(thread, NULL);
}

int main(void)
{
    char *memory = mmap(NULL, 2 * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal, .sa_flags = SA_ONSTACK}, NULL);
    run(memory, memory + STACK);
    run(memory + STACK, memory);
    return 0;
}
