/*
 * Memory that is freed all at once. Every structure that lives as long as a trace or a profile lies in its arena.
 * An arena is used by one thread at a time.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
    size_t used_bytes;  /* handed out so far */
    size_t limit_bytes; /* 0: none. Beyond it allocations fail */
};

void arena_init(struct arena *arena, size_t limit_bytes);

/* Frees everything that the arena handed out. The arena can be used again. */
void arena_release(struct arena *arena);

/* `bytes` zeroed bytes aligned for any type, owned by the arena; NULL when memory or the limit ran out. */
void *arena_alloc(struct arena *arena, size_t bytes);

/* As arena_alloc for count * bytes; NULL also when the product overflows. */
void *arena_array(struct arena *arena, size_t count, size_t bytes);

/* A NUL-terminated copy of `bytes` bytes at `text` (which may hold NUL bytes); NULL when memory ran out. */
char *arena_copy(struct arena *arena, const char *text, size_t bytes);

/*
 * Grow a malloc'ed array for one more element: doubles *capacity when nr == *capacity.
 * Returns the array (perhaps moved), or NULL when memory ran out: then the old array is still valid.
 */
void *array_grow(void *array, size_t nr, size_t *capacity, size_t element_bytes);

#endif
