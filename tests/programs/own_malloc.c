/*
 * The program brings its own allocator, traced like the rest of it, and counts: nobody allocates but the program.
 *
 * row: R38
 * expect: main 1
 * expect: malloc printed
 * expect: carve printed
 * expect-sanitizers: no (they bring allocators of their own)
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static char pool[4 << 20];
static size_t used;
static unsigned long nr_mallocs;

__attribute__((noinline)) static void *carve(size_t bytes)
{
    void *place = pool + used;
    used += (bytes + 15) & ~(size_t)15;
    return place;
}

void *malloc(size_t bytes)
{
    nr_mallocs++;
    return carve(bytes);
}

void free(void *memory)
{
    (void)memory;
}

void *calloc(size_t nr, size_t bytes)
{
    return memset(malloc(nr * bytes), 0, nr * bytes);
}

void *realloc(void *memory, size_t bytes)
{
    void *copy = malloc(bytes);
    if (memory != NULL)
        memcpy(copy, memory, bytes);
    return copy;
}

int main(void)
{
    static char buffer[4096];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    for (int i = 0; i < 1000; i++)
        *(volatile char *)malloc(100) = 1;
    printf("malloc %lu\ncarve %lu\n", nr_mallocs, nr_mallocs);
    return 0;
}
