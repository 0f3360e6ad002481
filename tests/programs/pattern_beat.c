/*
 * Slow calls at a beat: every hundredth call of put() writes out what the others have gathered. Nearly: as many calls
 * are slow, but they come when they come.
 */
#include "pattern.h"

enum { CALLS = 2000, BETWEEN = 100 };

__attribute__((noinline)) static void put(bool writes)
{
    const struct timespec time = {0, 15000000};
    work_us(20);
    if (writes)
        nanosleep(&time, NULL);
}

int main(int argc, char **argv)
{
    bool nearly = is_nearly(argc, argv);
    unsigned random = 12345;
    for (int i = 1; i <= CALLS; i++) {
        random = random * 1103515245u + 12345u;
        put(nearly ? (random >> 8) % BETWEEN == 0 : i % BETWEEN == 0);
    }
    return 0;
}
