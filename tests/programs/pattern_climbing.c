/*
 * A sawtooth: look_up() takes longer with every entry that append() has left, until the list is emptied after 40 of
 * them, ten times over. Nearly: the same lengths, in no order.
 */
#include "pattern.h"

enum { CYCLES = 10, ENTRIES = 40 };

static long entries;

__attribute__((noinline)) static void look_up(long nr)
{
    work_us(20 + 12 * nr);
}

__attribute__((noinline)) static void append(bool nearly)
{
    look_up(nearly ? entries * 27 % ENTRIES : entries); /* 27 and 40 have no common divisor */
    entries = (entries + 1) % ENTRIES;
}

int main(int argc, char **argv)
{
    for (int i = 0; i < CYCLES * ENTRIES; i++)
        append(is_nearly(argc, argv));
    return 0;
}
