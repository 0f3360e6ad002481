/*
 * A peak of 170,000 bytes, and one of 4,000,000 more, in blocks of climb(), that no compressor makes smaller.
 */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { NR_BLOCKS = 125, BLOCK_WORDS = 4000 };

static void *volatile first;
static uint64_t *volatile blocks[NR_BLOCKS];

/* 70,000 bytes come and go, so that the heap is looked at, and long enough for it to be done with an image. */
static void rest(void)
{
    for (int i = 0; i < 6; i++) {
        usleep(150000);
        void *volatile passing = malloc(70000);
        free(passing);
    }
}

static uint64_t *climb(uint64_t *noise)
{
    uint64_t *block = malloc(BLOCK_WORDS * sizeof *block);
    for (int i = 0; i < BLOCK_WORDS; i++) {
        *noise ^= *noise << 13;
        *noise ^= *noise >> 7;
        *noise ^= *noise << 17;
        block[i] = *noise;
    }
    return block;
}

int main(void)
{
    uint64_t noise = 88172645463325252u;
    first = calloc(1, 100000);
    rest();
    for (int i = 0; i < NR_BLOCKS; i++)
        blocks[i] = climb(&noise);
    rest();
    return 0;
}
