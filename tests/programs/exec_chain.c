/*
 * A program that executes itself 19 times, each time after six threads have worked: one process, twenty programs, one
 * trace.
 *
 * row: R21
 * expect: main 20
 * expect: work 120
 * expect: leaf 240000
 * expect-open: 19
 * expect-without: foreign (qemu cannot execute such a program)
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { GENERATIONS = 20, THREADS = 6, CALLS = 2000 };

static _Thread_local volatile int sink;

__attribute__((noinline)) static void leaf(void)
{
    sink++;
}

__attribute__((noinline)) static void *work(void *argument)
{
    for (int i = 0; i < CALLS; i++)
        leaf();
    return argument;
}

int main(int argc, char **argv)
{
    int generation = argc > 1 ? atoi(argv[1]) : 1;
    pthread_t threads[THREADS];
    char next[16];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    if (generation == GENERATIONS)
        return 0;
    snprintf(next, sizeof next, "%d", generation + 1);
    execl("/proc/self/exe", argv[0], next, (char *)NULL);
    return 1;
}
