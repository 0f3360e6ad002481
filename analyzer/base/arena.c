/*
 * Arenas: a list of blocks, the newest first; small pieces are cut from the newest, large ones get a block of their
 * own.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARENA_ALIGN = alignof(max_align_t),
    ARENA_BLOCK_BYTES = 64 << 10, /* of the first block; later ones double */
    ARENA_BLOCK_MAX = 4 << 20
};

struct arena_block {
    struct arena_block *next;
    size_t capacity, used;
    alignas(max_align_t) unsigned char bytes[];
};

void arena_init(struct arena *arena, size_t limit_bytes)
{
    *arena = (struct arena){.limit_bytes = limit_bytes};
}

void arena_release(struct arena *arena)
{
    for (struct arena_block *block = arena->blocks; block != NULL;) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    arena->blocks = NULL;
    arena->used_bytes = 0;
}

/* A new block with room for `bytes`. calloc: fresh pages come zeroed, which is what arena_alloc promises. */
static struct arena_block *block_new(struct arena *arena, size_t bytes)
{
    size_t capacity = ARENA_BLOCK_BYTES;
    if (arena->blocks != NULL) {
        capacity = arena->blocks->capacity < ARENA_BLOCK_MAX ? 2 * arena->blocks->capacity : ARENA_BLOCK_MAX;
    }
    if (capacity < bytes)
        capacity = bytes;
    struct arena_block *block = calloc(1, sizeof(*block) + capacity);
    if (block == NULL)
        return NULL;
    block->capacity = capacity;
    /* A piece that fills its block must not end the use of a block that still has room. */
    if (arena->blocks != NULL && capacity == bytes) {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    } else {
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    if (bytes == 0)
        bytes = 1;
    /* No object is larger than PTRDIFF_MAX; so the sums here and in block_new() do not overflow. */
    if (bytes > PTRDIFF_MAX - ARENA_ALIGN - sizeof(struct arena_block))
        return NULL;
    bytes = (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (arena->limit_bytes > 0 &&
        (arena->used_bytes > arena->limit_bytes || bytes > arena->limit_bytes - arena->used_bytes))
        return NULL;
    struct arena_block *block = arena->blocks;
    if (block == NULL || block->capacity - block->used < bytes)
        block = block_new(arena, bytes);
    if (block == NULL)
        return NULL;
    void *piece = block->bytes + block->used;
    block->used += bytes;
    arena->used_bytes += bytes;
    return piece;
}

void *arena_array(struct arena *arena, size_t count, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total))
        return NULL;
    return arena_alloc(arena, total);
}

char *arena_copy(struct arena *arena, const char *text, size_t bytes)
{
    char *copy = bytes == SIZE_MAX ? NULL : arena_alloc(arena, bytes + 1);
    if (copy != NULL && bytes > 0)
        memcpy(copy, text, bytes);
    return copy;
}

void *array_grow(void *array, size_t nr, size_t *capacity, size_t element_bytes)
{
    if (nr < *capacity)
        return array;
    size_t wanted = *capacity == 0 ? 16 : *capacity, total;
    if (__builtin_mul_overflow(wanted, *capacity == 0 ? (size_t)1 : (size_t)2, &wanted) ||
        __builtin_mul_overflow(wanted, element_bytes, &total))
        return NULL;
    void *grown = realloc(array, total);
    if (grown != NULL)
        *capacity = wanted;
    return grown;
}
