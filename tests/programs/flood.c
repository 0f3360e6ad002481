/*
 * Four threads call faster than anybody could write, and must not wait: what is recorded and what is counted as dropped
 * are together what was called, to the last one. Prints the hook calls.
 *
 * row: R51
 * expect: main 1
 * expect-lost: printed
 * expect-environment: TRACERT_FULL=drop TRACERT_BUFFER=128K TRACERT_LEVEL=15
 * expect-output: varies
 * expect-unwound: any
 */
#include <pthread.h>
#include <stdio.h>

enum { THREADS = 4, CALLS = 250000 };

static _Thread_local volatile int sink;

__attribute__((noinline)) static int work(int depth)
{
    sink++;
    return depth > 0 ? work(depth - 1) + 1 : 0;
}

static void *thread_main(void *argument)
{
    for (int i = 0; i < CALLS; i++)
        work(i % 4);
    return argument;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, thread_main, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("hook-calls %ld\n", 2 + THREADS * (2 + 5L * CALLS));
    return 0;
}
