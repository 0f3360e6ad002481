/*
 * _exit() two calls deep, straight after a lot of work: nothing of ours gets to run at the end.
 *
 * row: R6
 * expect: main 1
 * expect: leave 1
 * expect: work 100000
 * expect-open: 2
 * expect-status: 9
 */
#include <unistd.h>

static volatile int sink;

__attribute__((noinline)) static void work(void)
{
    sink++;
}

__attribute__((noinline)) static void leave(void)
{
    for (int i = 0; i < 100000; i++)
        work();
    _exit(9);
}

int main(void)
{
    leave();
    return 0;
}
