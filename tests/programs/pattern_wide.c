/*
 * A wide frame: decide() is the run, and four callees share its time. Nearly: one of them takes almost all of it.
 */
#include "pattern.h"

__attribute__((noinline)) static void first(long time_us)
{
    work_us(time_us);
}

__attribute__((noinline)) static void second(long time_us)
{
    work_us(time_us);
}

__attribute__((noinline)) static void third(long time_us)
{
    work_us(time_us);
}

__attribute__((noinline)) static void fourth(long time_us)
{
    work_us(time_us);
}

__attribute__((noinline)) static void decide(bool nearly)
{
    /* In many turns, so that what else the machine does is shared as well. */
    for (int i = 0; i < 60; i++) {
        first(nearly ? 2940 : 200);
        second(nearly ? 20 : 200);
        third(nearly ? 20 : 200);
        fourth(nearly ? 20 : 200);
    }
}

int main(int argc, char **argv)
{
    decide(is_nearly(argc, argv));
    return 0;
}
