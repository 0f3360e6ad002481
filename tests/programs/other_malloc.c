/*
 * An allocator that is not the C library's, as a library to preload: it never takes anything back, and has only the
 * four functions that every allocator has.
 */
#include <stdalign.h>
#include <stddef.h>
#include <string.h>

static alignas(16) unsigned char memory[16 << 20];
static size_t used;

static void *give(size_t bytes)
{
    size_t need = (bytes + 31) & ~(size_t)15;
    if (bytes > sizeof memory || need > sizeof memory - __atomic_load_n(&used, __ATOMIC_RELAXED))
        return NULL;
    unsigned char *block = memory + __atomic_fetch_add(&used, need, __ATOMIC_RELAXED) + 16;
    memcpy(block - 16, &bytes, sizeof bytes);
    return block;
}

void *malloc(size_t bytes)
{
    return give(bytes);
}

void *calloc(size_t nr, size_t bytes)
{
    return bytes != 0 && nr > sizeof memory / bytes ? NULL : give(nr * bytes);
}

void free(void *block)
{
    (void)block;
}

void *realloc(void *block, size_t bytes)
{
    size_t old;
    void *moved = block != NULL && bytes == 0 ? NULL : give(bytes);
    if (block == NULL || moved == NULL)
        return moved;
    memcpy(&old, (unsigned char *)block - 16, sizeof old);
    return memcpy(moved, block, old < bytes ? old : bytes);
}
