/*
 * A thousand forks by four threads, while two more call as fast as they can: every child's calls, and the parent's,
 * are there once.
 *
 * row: R18
 * expect: main 1
 * expect: forker 4
 * expect: child 1000
 * expect: leaf 10000
 * expect: busy 2
 * expect: spin printed
 * expect-open: 1000
 * expect-output: varies
 * expect-without: msan (whose shadow a thousand forks take minutes to copy, traced or not)
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FORKERS = 4, CHILDREN = 250, CALLS = 10, BUSY = 2 };

static _Thread_local volatile int sink;
static int done;
static unsigned long nr_spins;

__attribute__((noinline)) static void leaf(void)
{
    sink++;
}

__attribute__((noinline)) static void spin(void)
{
    sink++;
}

/* Does not return: its frame stays open. */
__attribute__((noinline)) static void child(void)
{
    for (int i = 0; i < CALLS; i++)
        leaf();
    _exit(0);
}

static void *forker(void *argument)
{
    for (int i = 0; i < CHILDREN; i++) {
        pid_t pid = fork();
        if (pid == 0)
            child();
        if (pid < 0)
            abort();
        waitpid(pid, NULL, 0);
    }
    return argument;
}

static void *busy(void *argument)
{
    unsigned long spins = 0;
    for (; !__atomic_load_n(&done, __ATOMIC_RELAXED) && spins < 5000000; spins++)
        spin();
    __atomic_add_fetch(&nr_spins, spins, __ATOMIC_SEQ_CST);
    return argument;
}

int main(void)
{
    pthread_t threads[FORKERS + BUSY];
    for (int i = 0; i < FORKERS + BUSY; i++)
        pthread_create(&threads[i], NULL, i < FORKERS ? forker : busy, NULL);
    for (int i = 0; i < FORKERS; i++)
        pthread_join(threads[i], NULL);
    __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
    for (int i = FORKERS; i < FORKERS + BUSY; i++)
        pthread_join(threads[i], NULL);
    printf("spin %lu\n", nr_spins);
    return 0;
}
