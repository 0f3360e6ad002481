/*
 * A program that locks its memory, what it has and what it will get: it is recorded like any other, and the ring's
 * memory is locked with the rest.
 *
 * row: R37
 * expect: step 200000
 */
#include <stdio.h>
#include <sys/mman.h>

static volatile unsigned sum;

__attribute__((noinline)) static void step(void)
{
    sum++;
}

int main(void)
{
    mlockall(MCL_CURRENT | MCL_FUTURE); /* may be forbidden */
    for (int i = 0; i < 200000; i++)
        step();
    printf("%u\n", sum);
    return 0;
}
