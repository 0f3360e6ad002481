/*
 * The blocks that are live: a hash table by process and address.
 */
#ifndef HEAP_BLOCKS_H
#define HEAP_BLOCKS_H

#include "base/index.h"

struct heap_block {
    uint64_t address;
    uint64_t bytes;
    uint64_t ticks; /* when it was allocated */
    uint64_t order; /* among its thread's allocations */
    uint32_t process, thread, site;
    uint32_t resizes; /* since its first size */
};

struct heap_blocks {
    struct heap_block *slots; /* open addressing; address 0: free */
    size_t nr_slots, nr;
    struct index seed;  /* for its hash: addresses come from a file */
    size_t missed_slot; /* where what was looked for last, and not found, would be; nr_slots: not known any more */
    uint64_t missed_address;
    uint32_t missed_process;
};

/* 0 or -1 without memory. */
int heap_blocks_init(struct heap_blocks *blocks);
void heap_blocks_release(struct heap_blocks *blocks);

/* The block, or NULL; it stays where it is until the next add or remove. */
struct heap_block *heap_blocks_find(struct heap_blocks *blocks, uint32_t process, uint64_t address);

/* Add a block that is not there, with an address that is not 0; fast where it has just been looked for. 0 or -1. */
int heap_blocks_add(struct heap_blocks *blocks, const struct heap_block *block);

/* Remove what heap_blocks_find() has found. */
void heap_blocks_remove(struct heap_blocks *blocks, struct heap_block *block);

#endif
