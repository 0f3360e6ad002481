/*
 * Maps memory without files in every way that there is, beside a heap that is left full of holes; tells what it did:
 * "MAPPED PEAK LEFT", in bytes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, NR_BLOCKS = 2000 };

static unsigned long mapped, live, peak;
static void *blocks[NR_BLOCKS];

static void count(long pages)
{
    mapped += pages > 0 ? (unsigned long)pages * PAGE : 0;
    live += (unsigned long)(pages * PAGE);
    peak = live > peak ? live : peak;
}

static char *map(void *place, long pages, int flags)
{
    char *block = mmap(place, (size_t)pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    if (block == MAP_FAILED)
        _exit(1);
    return block;
}

int main(void)
{
    for (int i = 0; i < NR_BLOCKS; i++)
        blocks[i] = malloc(1000);
    for (int i = 0; i < NR_BLOCKS - 1; i++)
        free(blocks[i]);
    char *one = map(NULL, 100, 0);
    count(100);
    char *two = map(NULL, 50, 0);
    count(50);
    munmap(one + 10 * PAGE, 20 * PAGE); /* a hole */
    count(-20);
    map(one + 25 * PAGE, 10, MAP_FIXED); /* half into the hole */
    count(-5);
    count(10);
    two = mremap(two, 50 * PAGE, 70 * PAGE, MREMAP_MAYMOVE);
    count(-50);
    count(70);
    if (two == MAP_FAILED || munmap(one + 1, PAGE) == 0 || mremap(one, PAGE, (size_t)1 << 46, 0) != MAP_FAILED)
        return 2; /* neither can be done: what is there stays, and is told of once more */
    for (int i = 0; i < 2; i++) {
        count(-1);
        count(1);
    }
    if (sbrk(8 * PAGE) == (void *)-1 || sbrk(-3 * PAGE) == (void *)-1)
        return 3;
    count(8);
    count(-3);
    char *end = sbrk(0);
    if (brk(end + 4 * PAGE) != 0 || brk(end - 2 * PAGE) != 0 || brk((void *)-1) == 0)
        return 5;
    count(4);
    count(-6);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    void *of_file = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0);
    if (of_file == MAP_FAILED || munmap(of_file, PAGE) != 0)
        return 4;
    char text[100];
    int length = snprintf(text, sizeof text, "%lu %lu %lu\n", mapped, peak, live);
    return write(1, text, (size_t)length) != length;
}
