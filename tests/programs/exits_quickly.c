/*
 * quick_exit() from a thread, while others work: its handler still runs.
 *
 * row: R6
 * expect: main 1
 * expect: leave 1
 * expect: at_the_end 1
 * expect: work 1000
 * expect-open: 2
 * expect-status: 3
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static _Thread_local volatile int sink;

static void at_the_end(void)
{
    sink++;
}

__attribute__((noinline)) static void work(void)
{
    sink++;
}

static void *leave(void *argument)
{
    for (int i = 0; i < 1000; i++)
        work();
    quick_exit(3);
    return argument;
}

int main(void)
{
    pthread_t thread;
    at_quick_exit(at_the_end);
    pthread_create(&thread, NULL, leave, NULL);
    for (;;)
        pause();
}
