/*
 * Four threads that fork ten children each at the same time; each child's thread works.
 *
 * row: R18
 * expect: main 1
 * expect: forker 4
 * expect: child 40
 * expect: leaf 40000
 * expect-open: 40
 * expect-without: foreign (under qemu wait() sees the drain)
 */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, CHILDREN = 10, CALLS = 1000 };

static _Thread_local volatile int sink;

__attribute__((noinline)) static void leaf(void)
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

__attribute__((noinline)) static void *forker(void *argument)
{
    for (int i = 0; i < CHILDREN; i++) {
        if (fork() == 0)
            child();
    }
    return argument;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, forker, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    while (wait(NULL) > 0)
        continue;
    return 0;
}
