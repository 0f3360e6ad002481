/* Functions of 1 to 30 ns, called by one another: what a tracer of calls cannot time. The argument: how many rounds. */
#include <stdint.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

static uint32_t table[4096];

static NOINLINE uint32_t mix(uint32_t x)
{
    x ^= x << 13;
    x ^= x >> 17;
    return x ^ x << 5;
}

static NOINLINE uint32_t look_up(uint32_t x)
{
    return table[x % 4096];
}

static NOINLINE uint32_t divide(uint32_t x)
{
    return x / (1 + (x >> 28)) % 1021;
}

static NOINLINE uint32_t branch(uint32_t x)
{
    return x % 3 == 0 ? mix(x) : x % 3 == 1 ? x + 7 : x * 3;
}

static NOINLINE uint32_t hash(uint32_t x)
{
    for (int i = 0; i < 8; i++)
        x = (x ^ 0x5bd1e995) * 0x01000193;
    return x;
}

static NOINLINE uint32_t scan(uint32_t x)
{
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < 24; i++)
        least = table[(x + i) % 4096] < least ? table[(x + i) % 4096] : least;
    return least;
}

static NOINLINE uint32_t chain(uint32_t x)
{
    for (int i = 0; i < 12; i++)
        x = table[x % 4096];
    return x;
}

static NOINLINE void store(uint32_t at, uint32_t x)
{
    table[at % 4096] = x;
}

static NOINLINE uint32_t turn(uint32_t x)
{
    uint32_t y = look_up(mix(x)) + branch(x);
    if (x % 4 == 0)
        y += scan(y);
    if (x % 8 == 1)
        y ^= chain(y);
    store(x, hash(y) + divide(y));
    return y;
}

int main(int argc, char **argv)
{
    uint32_t rounds = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1, x = 1;
    for (uint32_t i = 0; i < 4096; i++)
        table[i] = mix(i + 1) * 2654435761u;
    for (uint32_t i = 0; i < rounds; i++)
        x = turn(x + i);
    return x == 42;
}
