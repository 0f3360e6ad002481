/*
 * Works, then waits for the end of its input: so that several run at the same time.
 *
 * expect: main 1
 * expect: work 5000
 */
#include <stdio.h>

static volatile int sink;

__attribute__((noinline)) static void work(void)
{
    sink++;
}

int main(void)
{
    for (int i = 0; i < 5000; i++)
        work();
    while (getchar() != EOF)
        ;
    return 0;
}
