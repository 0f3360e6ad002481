/*
 * Two versions of a program in one: with an argument it is the later one, which calls `doubled` twice as often, takes
 * longer in `slowed`, no longer calls `removed`, and calls `added`.
 *
 * expect: main 1
 * expect: steady 100
 * expect: doubled 50
 * expect: slowed 20
 * expect: removed 1
 */
#include "pattern.h"

#define NOINLINE __attribute__((noinline))

NOINLINE static void steady(void)
{
    work_us(20);
}

NOINLINE static void doubled(void)
{
    work_us(50);
}

NOINLINE static void slowed(bool later)
{
    work_us(later ? 1000 : 200);
}

NOINLINE static void removed(void)
{
    work_us(3000);
}

NOINLINE static void added(void)
{
    work_us(3000);
}

int main(int argc, char **argv)
{
    (void)argv;
    bool later = argc > 1;
    for (int i = 0; i < 100; i++)
        steady();
    for (int i = 0; i < (later ? 100 : 50); i++)
        doubled();
    for (int i = 0; i < 20; i++)
        slowed(later);
    if (later)
        added();
    else
        removed();
    return 0;
}
