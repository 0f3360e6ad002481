/*
 * What the programs that show a pattern share: work that takes a given time, and whether to show it or only nearly.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include <stdbool.h>
#include <string.h>
#include <time.h>

#define UNSEEN __attribute__((no_instrument_function, noinline, unused))

UNSEEN static long pattern_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

UNSEEN static void work_us(long time_us)
{
    long end = pattern_now_us() + time_us;
    while (pattern_now_us() < end)
        ;
}

UNSEEN static bool is_nearly(int argc, char **argv)
{
    return argc > 1 && strcmp(argv[1], "nearly") == 0;
}

#endif
