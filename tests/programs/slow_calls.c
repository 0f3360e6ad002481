/*
 * A server of 300 requests. Every hundredth finds its cache empty and fills it, which takes 60 ms.
 *
 * expect: main 1
 * expect: serve 300
 * expect: lookup 300
 * expect: refill 3
 */
#include "pattern.h"

__attribute__((noinline)) static void refill(void)
{
    work_us(60000);
}

__attribute__((noinline)) static void lookup(int number)
{
    work_us(10);
    if (number % 100 == 0)
        refill();
}

__attribute__((noinline)) static void serve(int number)
{
    work_us(10);
    lookup(number);
}

int main(void)
{
    for (int number = 1; number <= 300; number++)
        serve(number);
    return is_nearly(0, 0);
}
