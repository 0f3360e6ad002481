/*
 * The pointers of an image: each aligned word, in a block or in a root, whose value is an address in a block.
 */
#ifndef HEAP_POINTERS_H
#define HEAP_POINTERS_H

#include "profile/heap_roots.h"

/* A block as pointers see it: those of malloc first, then those of pools, each by address. */
struct block_place {
    uint64_t start, end; /* end: where the next one begins at the latest; at least a byte behind start */
    uint32_t block;      /* index into live->blocks, or, with GONE, into live->gone */
};

#define PLACE_GONE (1u << 31)

struct block_places {
    struct block_place *all;
    uint32_t nr_blocks, nr; /* nr_blocks of malloc's; the pools' come behind them */
};

/* 0, or -1 with err set. Blocks that are gone have a place where nothing has taken it since. */
int block_places_make(struct block_places *places, const struct heap_live *live, struct err *err);
void block_places_release(struct block_places *places);

struct heap_pointer {
    uint64_t at;   /* where it lies; 0: in a register */
    uint32_t from; /* a place; with POINTER_ROOT: a range of the roots */
    uint32_t to;   /* a place; with POINTER_INTERIOR: not to its beginning */
};

#define POINTER_ROOT     (1u << 31)
#define POINTER_INTERIOR (1u << 31)

struct heap_pointers {
    struct heap_pointer *all;
    size_t nr, capacity;
};

/* Scan the image: once, in bounded memory beside the pointers. 0, or -1 with err set; to be released in both cases. */
int heap_pointers_find(struct heap_pointers *pointers, struct image *image, struct heap_roots *roots,
                       const struct block_places *places, struct err *err);
void heap_pointers_release(struct heap_pointers *pointers);

#endif
