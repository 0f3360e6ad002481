/*
 * Does an amount fill and empty in cycles? A sawtooth: a cache that is cleared when it is full, a batch that is written
 * when it is large enough, a heap between two collections.
 *
 * One pass, no memory: the most that was ever there is what full means. The amount is full above three quarters of
 * that and empty below one quarter; a cycle ends when what was full is empty. When it grows by a third above what full
 * meant, counting begins anew. What grows with small dips never empties, and what wanders without a pattern allocates
 * much more between two cycles than it then has: heap_cycles_are_regular() tells.
 */
#ifndef HEAP_CYCLES_H
#define HEAP_CYCLES_H

#include <stdbool.h>
#include <stdint.h>

struct heap_cycles {
    uint32_t nr;                            /* times it was emptied after it had been full */
    uint64_t top_bytes, low_bytes;          /* sums over the cycles: the most in each, and the least after it */
    uint64_t top_blocks;                    /* the same of blocks, when most bytes were there */
    uint64_t allocated_bytes;               /* within the cycles */
    uint64_t first_ticks, last_ticks;       /* when the first and the last cycle ended */
    uint64_t shortest_ticks, longest_ticks; /* between the ends of two cycles */
    /* At hand */
    uint64_t full_bytes; /* what full means */
    uint64_t most_bytes, most_blocks, least_bytes, filled_bytes;
    bool is_full;
};

/* After `added_bytes` were added, and after something was removed; `bytes` in `blocks` are there now. */
void heap_cycles_add(struct heap_cycles *cycles, uint64_t bytes, uint64_t blocks, uint64_t added_bytes);
void heap_cycles_remove(struct heap_cycles *cycles, uint64_t bytes, uint64_t ticks);

/* Nothing more comes. */
void heap_cycles_finish(struct heap_cycles *cycles);

/* Enough cycles, of enough blocks, each filled by what then was there. */
bool heap_cycles_are_regular(const struct heap_cycles *cycles);

#endif
