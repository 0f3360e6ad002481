/*
 * Two functions that take as long as far as a hook pair tells, as the work of one is done while the hooks are: one
 * returns what it is given, the other waits eight times for a product.
 *
 * expect: main 1
 * expect: nothing 400000
 * expect: product 400000
 */
#include <stdint.h>

__attribute__((noinline)) static uint32_t nothing(uint32_t x)
{
    __asm__ volatile("");
    return x;
}

__attribute__((noinline)) static uint32_t product(uint32_t x)
{
    for (int i = 0; i < 8; i++)
        x = (x ^ 0x5bd1e995) * 0x01000193;
    return x;
}

int main(void)
{
    uint32_t x = 1;
    for (int i = 0; i < 400000; i++)
        x = product(nothing(x));
    return x == 42;
}
