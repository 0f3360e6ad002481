/*
 * A flat top: a fifth of the run and more is one function's own time. Nearly: it has less than any other of sixteen.
 */
#include "pattern.h"

#define WORK(name)                                           \
    __attribute__((noinline)) static void name(long time_us) \
    {                                                        \
        work_us(time_us);                                    \
    }

WORK(burn)
WORK(b)
WORK(c)
WORK(d)
WORK(e)
WORK(f)
WORK(g)
WORK(h)
WORK(i)
WORK(j)
WORK(k)
WORK(l)
WORK(m)
WORK(n)
WORK(o)
WORK(p)

int main(int argc, char **argv)
{
    static void (*const rest[])(long) = {b, c, d, e, f, g, h, i, j, k, l, m, n, o, p};

    long burn_us = is_nearly(argc, argv) ? 10 : 240;
    for (int turn = 0; turn < 60; turn++) {
        burn(burn_us);
        for (size_t at = 0; at < sizeof(rest) / sizeof(rest[0]); at++)
            rest[at](40);
    }
    return 0;
}
