/*
 * Threads that are cancelled where they wait, and one that is cancelled but never comes to a place where that could
 * happen: a hook is no such place, so it finishes.
 *
 * row: R7
 * expect: main 1
 * expect: waiting 100
 * expect: wait_inside 100
 * expect: never_waiting 1
 * expect: work 200000
 * expect-unwound-gcc: 200
 * expect-unwound-clang: 200
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { WAITERS = 100, CALLS = 200000 };

static _Thread_local volatile int sink;
static pthread_barrier_t start;

__attribute__((noinline)) static void work(void)
{
    sink++;
}

__attribute__((noinline)) static void wait_inside(void)
{
    pause();
    sink++;
}

static void *waiting(void *argument)
{
    wait_inside();
    return argument;
}

static void *never_waiting(void *argument)
{
    pthread_barrier_wait(&start);
    pthread_barrier_wait(&start);
    for (int i = 0; i < CALLS; i++)
        work();
    return argument;
}

int main(void)
{
    pthread_t thread;
    void *result = NULL;
    for (int i = 0; i < WAITERS; i++) {
        pthread_create(&thread, NULL, waiting, NULL);
        usleep(200);
        pthread_cancel(thread);
        pthread_join(thread, &result);
    }
    printf("waiting: %s\n", result == PTHREAD_CANCELED ? "cancelled" : "finished");
    pthread_barrier_init(&start, NULL, 2);
    pthread_create(&thread, NULL, never_waiting, NULL);
    pthread_barrier_wait(&start);
    pthread_cancel(thread);
    pthread_barrier_wait(&start);
    pthread_join(thread, &result);
    printf("never waiting: %s\n", result == PTHREAD_CANCELED ? "cancelled" : "finished");
    return 0;
}
