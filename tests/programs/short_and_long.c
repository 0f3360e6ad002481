/*
 * A function of a nanosecond, called often, and one that takes a millisecond by the clock.
 *
 * expect: main 1
 * expect: tiny 300000
 * expect: spin 20
 */
#include <time.h>

__attribute__((noinline)) static unsigned tiny(unsigned x)
{
    return x * 3 + 1;
}

__attribute__((noinline)) static long spin(long least_ns)
{
    struct timespec start, now;
    long passed_ns;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
        passed_ns = (now.tv_sec - start.tv_sec) * 1000000000 + now.tv_nsec - start.tv_nsec;
    } while (passed_ns < least_ns);
    return passed_ns;
}

int main(void)
{
    unsigned x = 1;
    for (int i = 0; i < 20; i++) {
        for (int j = 0; j < 15000; j++)
            x = tiny(x);
        spin(1000000);
    }
    return x == 42;
}
