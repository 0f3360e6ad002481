/*
 * abort() two calls deep.
 *
 * row: R6 R22
 * expect: main 1
 * expect: give_up 1
 * expect: work 5000
 * expect-open: 2
 * expect-status: 134
 * expect-without: foreign (qemu has a word to say)
 */
#include <stdlib.h>

static volatile int sink;

__attribute__((noinline)) static void work(void)
{
    sink++;
}

__attribute__((noinline)) static void give_up(void)
{
    for (int i = 0; i < 5000; i++)
        work();
    abort();
}

int main(void)
{
    give_up();
    return 0;
}
