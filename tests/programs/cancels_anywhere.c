/*
 * Threads that may be cancelled between any two instructions, hooks included, and are: no lock is lost, nobody hangs.
 *
 * row: R7
 * expect: main 1
 * expect: endless 1000
 * expect-unwound: any
 */
#include <pthread.h>
#include <stdio.h>

enum { ROUNDS = 1000 };

static _Thread_local volatile int sink;

__attribute__((noinline)) static void work(void)
{
    sink++;
}

static void *endless(void *ready)
{
    pthread_barrier_wait(ready);
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    for (;;)
        work();
    return NULL;
}

int main(void)
{
    int cancelled = 0;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t thread;
        pthread_barrier_t ready;
        void *result = NULL;
        pthread_barrier_init(&ready, NULL, 2);
        pthread_create(&thread, NULL, endless, &ready);
        pthread_barrier_wait(&ready);
        for (volatile int spin = 0; spin < i * 20; spin++)
            continue;
        pthread_cancel(thread);
        pthread_join(thread, &result);
        cancelled += result == PTHREAD_CANCELED;
        pthread_barrier_destroy(&ready);
    }
    printf("%d cancelled\n", cancelled);
    return 0;
}
