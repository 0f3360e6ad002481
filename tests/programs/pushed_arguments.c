/*
 * Functions that are inlined behind a call with many arguments: those lie on the stack for a while longer, and the hook
 * of the inlined function is called below them, its exit hook or a function that it calls above.
 *
 * row: R8
 * expect: main 1
 * expect: loop 3
 * expect: many 3000
 * expect: give_back 3000
 * expect: rarely 999
 * expect-call: main > loop 3
 * expect-call: loop > many 3000
 * expect-call: loop > give_back 3000
 * expect-call: give_back > rarely 999
 */
#include <stddef.h>

static volatile unsigned sink;
static int left[3];

__attribute__((noinline)) static void rarely(int *count)
{
    *count = 3;
    sink++;
}

__attribute__((noinline)) static unsigned many(unsigned a, unsigned b, unsigned c, unsigned d, unsigned e, unsigned f,
                                               const char *g, unsigned h)
{
    sink += a + b + c + d + e + f + (g != NULL) + h;
    return sink;
}

__attribute__((always_inline)) static inline void give_back(int *count)
{
    if (--*count > 0)
        return;
    rarely(count);
}

__attribute__((noinline)) static unsigned loop(unsigned times, int *count)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < times; i++) {
        sum += many(i, sum, times, 4, 5, 6, "seven", 0);
        give_back(count);
    }
    return sum;
}

int main(void)
{
    for (int i = 0; i < 3; i++) {
        left[i] = 3;
        sink += loop(1000, &left[i]) & 1;
    }
    return 0;
}
