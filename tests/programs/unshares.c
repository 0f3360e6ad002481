/*
 * What works only in a process with one thread: a user namespace of its own. Prints whether it worked, which has to be
 * the same with and without a tracer.
 *
 * row: R39
 * expect: main 1
 * expect: work 2000
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>

static volatile int sink;

__attribute__((noinline)) static void work(void)
{
    sink++;
}

int main(void)
{
    for (int i = 0; i < 1000; i++)
        work();
    printf("unshare: %d\n", unshare(CLONE_NEWUSER));
    for (int i = 0; i < 1000; i++)
        work();
    return 0;
}
