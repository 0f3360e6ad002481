#include "profile/heap_cycles.h"

#define CYCLES_MIN 4u /* fewer can be chance */
#define BLOCKS_MIN 8u /* in a cycle, on average: a single block that comes and goes fills nothing */
#define EFFORT_MAX 2u /* a cycle allocates at most so many times what it has at its top */

/* What was full means nothing any more: it is more now. */
static void begin_anew(struct heap_cycles *cycles, uint64_t bytes)
{
    const struct heap_cycles before = *cycles;
    *cycles = (struct heap_cycles){
        .full_bytes = bytes, .is_full = true, .filled_bytes = before.filled_bytes, .least_bytes = before.least_bytes};
}

void heap_cycles_add(struct heap_cycles *cycles, uint64_t bytes, uint64_t blocks, uint64_t added_bytes)
{
    cycles->filled_bytes += added_bytes;
    if (bytes > cycles->full_bytes + cycles->full_bytes / 3)
        begin_anew(cycles, bytes);
    if (!cycles->is_full) {
        if (bytes < cycles->full_bytes - cycles->full_bytes / 4)
            return;
        cycles->is_full = true;
        cycles->low_bytes += cycles->nr > 0 ? cycles->least_bytes : 0; /* what the cycle before had left */
    }
    if (bytes > cycles->most_bytes) {
        cycles->most_bytes = bytes;
        cycles->most_blocks = blocks;
    }
}

static void cycle_end(struct heap_cycles *cycles, uint64_t bytes, uint64_t ticks)
{
    uint64_t since = ticks - cycles->last_ticks;
    if (cycles->nr == 0) {
        cycles->first_ticks = ticks;
    } else {
        cycles->shortest_ticks = cycles->nr == 1 || since < cycles->shortest_ticks ? since : cycles->shortest_ticks;
        cycles->longest_ticks = since > cycles->longest_ticks ? since : cycles->longest_ticks;
    }
    cycles->last_ticks = ticks;
    cycles->nr++;
    cycles->top_bytes += cycles->most_bytes;
    cycles->top_blocks += cycles->most_blocks;
    cycles->allocated_bytes += cycles->filled_bytes;
    cycles->is_full = false;
    cycles->least_bytes = bytes;
    cycles->most_bytes = cycles->most_blocks = cycles->filled_bytes = 0;
}

void heap_cycles_remove(struct heap_cycles *cycles, uint64_t bytes, uint64_t ticks)
{
    if (cycles->is_full && bytes <= cycles->full_bytes / 4)
        cycle_end(cycles, bytes, ticks);
    else if (bytes < cycles->least_bytes)
        cycles->least_bytes = bytes;
}

void heap_cycles_finish(struct heap_cycles *cycles)
{
    if (!cycles->is_full && cycles->nr > 0)
        cycles->low_bytes += cycles->least_bytes;
}

bool heap_cycles_are_regular(const struct heap_cycles *cycles)
{
    return cycles->nr >= CYCLES_MIN && cycles->top_blocks / cycles->nr >= BLOCKS_MIN &&
           cycles->allocated_bytes <= EFFORT_MAX * cycles->top_bytes;
}
