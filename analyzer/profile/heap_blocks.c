#include "profile/heap_blocks.h"

#include <stdlib.h>

#define SLOTS_MIN 1024u /* a power of two, as it stays */

int heap_blocks_init(struct heap_blocks *blocks)
{
    *blocks = (struct heap_blocks){.nr_slots = SLOTS_MIN, .missed_slot = SLOTS_MIN};
    index_init(&blocks->seed);
    blocks->slots = calloc(blocks->nr_slots, sizeof(*blocks->slots));
    return blocks->slots == NULL ? -1 : 0;
}

void heap_blocks_release(struct heap_blocks *blocks)
{
    free(blocks->slots);
    index_release(&blocks->seed);
    *blocks = (struct heap_blocks){0};
}

/* One multiplication of 64 by 64 bits, both halves folded, with a random factor: as index_hash(), for the hottest of
 * all tables. */
static inline size_t home_of(const struct heap_blocks *blocks, uint32_t process, uint64_t address)
{
    __extension__ unsigned __int128 product =
        (unsigned __int128)(address ^ blocks->seed.seed) * (0x9E3779B97F4A7C15u ^ (uint64_t)process << 32);
    return (size_t)((uint64_t)product ^ (uint64_t)(product >> 64)) & (blocks->nr_slots - 1);
}

static inline size_t slot_of(const struct heap_blocks *blocks, uint32_t process, uint64_t address)
{
    size_t at = home_of(blocks, process, address);
    while (blocks->slots[at].address != 0 &&
           (blocks->slots[at].address != address || blocks->slots[at].process != process))
        at = (at + 1) & (blocks->nr_slots - 1);
    return at;
}

struct heap_block *heap_blocks_find(struct heap_blocks *blocks, uint32_t process, uint64_t address)
{
    size_t at = slot_of(blocks, process, address);
    blocks->missed_slot = at;
    if (blocks->slots[at].address != 0) {
        blocks->missed_slot = blocks->nr_slots;
        return &blocks->slots[at];
    }
    blocks->missed_process = process;
    blocks->missed_address = address;
    return NULL;
}

static int blocks_grow(struct heap_blocks *blocks)
{
    struct heap_blocks larger = *blocks;
    larger.nr_slots = 2 * blocks->nr_slots;
    larger.slots = calloc(larger.nr_slots, sizeof(*larger.slots));
    if (larger.slots == NULL)
        return -1;
    for (size_t i = 0; i < blocks->nr_slots; i++) {
        const struct heap_block *block = &blocks->slots[i];
        if (block->address != 0)
            larger.slots[slot_of(&larger, block->process, block->address)] = *block;
    }
    free(blocks->slots);
    *blocks = larger;
    return 0;
}

int heap_blocks_add(struct heap_blocks *blocks, const struct heap_block *block)
{
    bool is_known = blocks->missed_slot < blocks->nr_slots && blocks->missed_address == block->address &&
                    blocks->missed_process == block->process;
    if (2 * blocks->nr >= blocks->nr_slots) {
        if (blocks_grow(blocks) != 0)
            return -1;
        is_known = false;
    }
    blocks->slots[is_known ? blocks->missed_slot : slot_of(blocks, block->process, block->address)] = *block;
    blocks->missed_slot = blocks->nr_slots;
    blocks->nr++;
    return 0;
}

/* What follows moves up, so that no search ends at the gap. */
void heap_blocks_remove(struct heap_blocks *blocks, struct heap_block *block)
{
    size_t mask = blocks->nr_slots - 1, gap = (size_t)(block - blocks->slots);
    for (size_t at = (gap + 1) & mask; blocks->slots[at].address != 0; at = (at + 1) & mask) {
        size_t home = home_of(blocks, blocks->slots[at].process, blocks->slots[at].address);
        if (((at - home) & mask) < ((at - gap) & mask))
            continue;
        blocks->slots[gap] = blocks->slots[at];
        gap = at;
    }
    blocks->slots[gap].address = 0;
    blocks->missed_slot = blocks->nr_slots;
    blocks->nr--;
}
