/*
 * A function that is inlined in many places of much code: in some of them its hook is called where, by the low half of
 * the addresses, its own code would be.
 *
 * row: R8
 * expect: main 1
 * expect: inner 193
 * expect-call: main > outer_0000 1
 * expect-call: main > outer_b311 1
 * expect-call: outer_0000 > inner 1
 * expect-call: outer_b311 > inner 1
 * expect-call: main > inner 1
 */
#include <stddef.h>

#define TWO(what, n)                 what(n##0) what(n##1)
#define FOUR(what, n)                TWO(what, n##0) TWO(what, n##1)
#define SIXTEEN(what, n)             FOUR(what, n##0) FOUR(what, n##1) FOUR(what, n##2) FOUR(what, n##3)
#define SIXTY_FOUR(what, a, b, c, d) SIXTEEN(what, a) SIXTEEN(what, b) SIXTEEN(what, c) SIXTEEN(what, d)
#define ALL(what)                    SIXTY_FOUR(what, 0, 1, 2, 3) SIXTY_FOUR(what, 4, 5, 6, 7) SIXTY_FOUR(what, 8, 9, a, b)

static volatile unsigned sink;

__attribute__((always_inline)) static inline void inner(unsigned by)
{
    sink += by;
}

/* Each is longer than 512 bytes in front of the call, and not by much: together they are more than 64 KB. */
#define DEFINE(n)                                         \
    __attribute__((noinline)) static void outer_##n(void) \
    {                                                     \
        sink++;                                           \
        __asm__ volatile(".rept 490\n\tnop\n\t.endr");    \
        inner(1);                                         \
        sink++;                                           \
    }

#define ADDRESS(n) outer_##n,

ALL(DEFINE)

static void (*const outer[])(void) = {ALL(ADDRESS)};
static void (*volatile called)(unsigned) = inner;

int main(void)
{
    for (size_t i = 0; i < sizeof outer / sizeof *outer; i++)
        outer[i]();
    called(1);
    return 0;
}
