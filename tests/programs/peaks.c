/*
 * A heap with a history: 1,000,000 bytes, and 4,000,000 in forty blocks of climb() on top, which go again. With an
 * argument the way is climbed again, and no higher. In between 70,000 bytes come and go, so that somebody looks at the
 * heap.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NR_BLOCKS = 40, BLOCK_BYTES = 100000 };

static void *volatile blocks[NR_BLOCKS];
static void *volatile base;

__attribute__((noinline)) static void *climb(void)
{
    return memset(malloc(BLOCK_BYTES), 1, BLOCK_BYTES);
}

__attribute__((noinline)) static void *climb_again(void)
{
    return memset(malloc(BLOCK_BYTES), 2, BLOCK_BYTES);
}

__attribute__((noinline)) static void ascend(int again)
{
    volatile char depth[64 << 10]; /* what is left over on the stack is far away */
    depth[0] = 0;
    for (int i = 0; i < NR_BLOCKS; i++)
        blocks[i] = again ? climb_again() : climb();
    depth[sizeof depth - 1] = 0;
}

__attribute__((noinline)) static void descend(void)
{
    for (int i = 0; i < NR_BLOCKS; i++)
        free(blocks[i]);
}

/* Long enough for the heap to be looked at again, and done with an image. */
static void rest(void)
{
    for (int i = 0; i < 4; i++) {
        usleep(150000);
        void *volatile passing = malloc(70000);
        free(passing);
    }
}

int main(int argc, char **argv)
{
    (void)argv;
    base = calloc(1, 1000000);
    rest();
    for (int i = 0; i < argc; i++) {
        ascend(i);
        rest();
        if (i == 0)
            descend();
    }
    if (argc > 1)
        descend();
    rest();
    return 0;
}
