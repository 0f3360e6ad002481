/*
 * Calls every function of the C library that gives memory, takes it back or resizes it, each with a size of its own,
 * and tells what it did: "ALLOCATIONS BYTES RELEASES".
 */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned long nr_allocs, nr_bytes, nr_frees;
static void *kept[32]; /* until the end: the leaks */
static int nr_kept;
static void *volatile seen; /* what nobody sees may be left out by the compiler */

static void *came(void *block, size_t bytes)
{
    if (block == NULL)
        _exit(1);
    seen = block;
    nr_allocs++;
    nr_bytes += bytes;
    return block;
}

static void keep(void *block, size_t bytes)
{
    kept[nr_kept++] = came(block, bytes);
}

static void go(void *block)
{
    free(block);
    nr_frees++;
}

static void resize(void)
{
    void *block = came(malloc(100), 100);
    block = came(realloc(block, 5000), 5000);
    nr_frees++;
    block = came(reallocarray(block, 3, 7), 21);
    nr_frees++;
    /* What fails leaves the block as it is. */
    volatile size_t too_much = SIZE_MAX / 4;
    void *volatile never[] = {realloc(block, too_much), reallocarray(block, too_much, 8), malloc(too_much)};
    if (never[0] != NULL || never[1] != NULL || never[2] != NULL)
        _exit(2);
    go(block);
    free(NULL);
    void *nothing = came(realloc(NULL, 17), 17);
    void *volatile gone = realloc(nothing, 0); /* glibc takes it back */
    nr_frees++;
    if (gone != NULL)
        _exit(3);
}

int main(void)
{
    void *block = NULL;
    keep(malloc(1001), 1001);
    keep(malloc(0), 0);
    keep(calloc(2, 501), 1002);
    keep(realloc(NULL, 1003), 1003);
    keep(aligned_alloc(64, 1024), 1024);
    if (posix_memalign(&block, 64, 1005) != 0)
        return 1;
    keep(block, 1005);
    keep(memalign(64, 1006), 1006);
    keep(valloc(1007), 1007);
    keep(pvalloc(1008), 1008);
    keep(reallocarray(NULL, 3, 337), 1011);
    keep(strdup("nine char"), 10);
    resize();
    go(came(malloc(7), 7));
    char text[100];
    int length = snprintf(text, sizeof text, "%lu %lu %lu\n", nr_allocs, nr_bytes, nr_frees);
    return write(1, text, (size_t)length) != length;
}
