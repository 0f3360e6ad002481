/*
 * Functions that are inlined, into each other, into loops, twice in a row: each call is one, and nests where the source
 * says. A function that does not return ends the program.
 *
 * row: R8
 * expect: main 1
 * expect: outer 1000
 * expect: middle 2000
 * expect: inner 4000
 * expect: finish 1
 * expect-call: main > outer 1000
 * expect-call: outer > middle 2000
 * expect-call: middle > inner 4000
 * expect-call: main > finish 1
 * expect-open: 2
 */
#include <stdlib.h>

static volatile int sink;

__attribute__((always_inline)) static inline int inner(int value)
{
    sink++;
    return value + 1;
}

__attribute__((always_inline)) static inline int middle(int value)
{
    return inner(inner(value));
}

__attribute__((noinline)) static int outer(int value)
{
    int sum = 0;
    for (int i = 0; i < 2; i++)
        sum += middle(value);
    return sum;
}

__attribute__((noinline, noreturn)) static void finish(int status)
{
    exit(status);
}

int main(void)
{
    int sum = 0;
    for (int i = 0; i < 1000; i++)
        sum += outer(0);
    finish(sum == 4000 ? 0 : 1);
}
