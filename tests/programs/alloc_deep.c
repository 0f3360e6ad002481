/*
 * Allocates below deep recursions: for each argument N one block of N bytes, N calls deep, in which left and right take
 * turns. After "mixed", one of 8 bytes for each N, and which of the two is called is as good as random.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define APART __attribute__((noinline))

static void *volatile kept;
static volatile int nothing;

struct turns {
    uint64_t random; /* 0: they take turns */
    size_t bytes;
};

APART static void bottom(size_t bytes)
{
    kept = malloc(bytes);
    free(kept);
    nothing++;
}

APART static void left(const struct turns *turns, long deep);
APART static void right(const struct turns *turns, long deep);

static inline __attribute__((always_inline, no_instrument_function)) void go_on(const struct turns *turns, long deep,
                                                                                int is_left)
{
    struct turns next = *turns;
    next.random ^= next.random << 13;
    next.random ^= next.random >> 7;
    next.random ^= next.random << 17;
    if (deep == 0)
        bottom(turns->bytes);
    else if (turns->random == 0 ? is_left : (int)(next.random >> 40 & 1))
        right(&next, deep - 1);
    else
        left(&next, deep - 1);
    nothing++;
}

APART static void left(const struct turns *turns, long deep)
{
    go_on(turns, deep, 1);
}

APART static void right(const struct turns *turns, long deep)
{
    go_on(turns, deep, 0);
}

int main(int argc, char **argv)
{
    int mixed = 0;
    for (int i = 1; i < argc; i++) {
        long deep = atol(argv[i]);
        struct turns turns = {mixed ? (uint64_t)i * 0x9E3779B97F4A7C15u : 0, mixed ? 8 : (size_t)deep};
        if (strcmp(argv[i], "mixed") == 0)
            mixed = 1;
        else
            left(&turns, deep - 1);
    }
    return 0;
}
