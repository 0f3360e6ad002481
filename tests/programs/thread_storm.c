/*
 * Threads born and ended by the thousand, at most eight at a time; one in ten ends by pthread_exit() inside a call.
 *
 * row: R7 R16
 * expect: main 1
 * expect: thread_main 4000
 * expect: leaf 40000
 * expect: leave 400
 * expect-unwound: 800
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

enum { NR_ROUNDS = 500, NR_AT_ONCE = 8 };

static _Thread_local volatile int sink;

__attribute__((noinline)) static void leaf(void)
{
    sink++;
}

__attribute__((noinline)) static void leave(void)
{
    pthread_exit(NULL);
}

static void *thread_main(void *number)
{
    for (int i = 0; i < 10; i++)
        leaf();
    if ((uintptr_t)number % 10 == 0)
        leave();
    return NULL;
}

int main(void)
{
    pthread_t threads[NR_AT_ONCE];
    for (int round = 0; round < NR_ROUNDS; round++) {
        for (int i = 0; i < NR_AT_ONCE; i++) {
            if (pthread_create(&threads[i], NULL, thread_main, (void *)(uintptr_t)(round * NR_AT_ONCE + i)) != 0) {
                perror("pthread_create");
                return 1;
            }
        }
        for (int i = 0; i < NR_AT_ONCE; i++)
            pthread_join(threads[i], NULL);
    }
    return 0;
}
