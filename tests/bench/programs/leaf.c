/* The worst case for a tracer: N calls of a function that does next to nothing, in a tight loop. */
#include <stdint.h>
#include <stdlib.h>

__attribute__((noinline)) static uint64_t leaf(uint64_t x)
{
    __asm__ volatile("");
    return x * 3 + 1;
}

int main(int argc, char **argv)
{
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, x = 1;
    for (uint64_t i = 0; i < n; i++)
        x = leaf(x);
    return x == 42;
}
