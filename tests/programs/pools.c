/*
 * A pool of its own in one block of malloc's, and tells what it did: "ALLOCATIONS BYTES RELEASES", its own and the
 * pool's. The first block of the pool begins where malloc's does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <tracert/tracert.h>
#include <unistd.h>

enum { NR_BLOCKS = 1000, BLOCK_BYTES = 24 };

static void *volatile seen;
static unsigned char *pool;

__attribute__((noinline)) static void *pool_get(int number)
{
    void *block = pool + (size_t)number * BLOCK_BYTES;
    tracert_alloc(block, BLOCK_BYTES);
    return block;
}

__attribute__((noinline)) static void pool_put(void *block)
{
    tracert_free(block);
}

int main(void)
{
    pool = malloc(NR_BLOCKS * BLOCK_BYTES);
    seen = pool;
    for (int i = 0; i < NR_BLOCKS; i++)
        seen = pool_get(i);
    for (int i = 0; i < NR_BLOCKS; i += 2)
        pool_put(pool + (size_t)i * BLOCK_BYTES);
    /* The next grows into the room of the first and stays; what is nowhere yet begins, and ends, by being resized. */
    tracert_realloc(pool + BLOCK_BYTES, pool, 2 * BLOCK_BYTES);
    tracert_realloc(pool, pool, BLOCK_BYTES);
    tracert_realloc(NULL, pool + BLOCK_BYTES, BLOCK_BYTES);
    tracert_realloc(pool + BLOCK_BYTES, NULL, 0);
    free(pool);
    char text[100];
    int length =
        snprintf(text, sizeof text, "%d %d %d\n", 4 + NR_BLOCKS, (2 * NR_BLOCKS + 4) * BLOCK_BYTES, 4 + NR_BLOCKS / 2);
    return write(1, text, (size_t)length) != length;
}
