/*
 * What a check wants to know of a chunk's two large columns, eight symbols at a time.
 */
#ifndef SCAN_H
#define SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What SYMBOLS does to the stack. */
struct symbols_scan {
    bool wrong;          /* some symbol means nothing */
    int64_t least, most; /* the least and the greatest depth at any moment */
    uint32_t nr_ext, nr_allocs, nr_releases;
};

/* `limit`: symbols from here on name no entry of DICT. `depth`: open frames when the chunk begins. */
struct symbols_scan symbols_scan(const uint8_t *symbols, uint32_t nr, uint32_t limit, uint32_t depth);

/* The sum of the deltas that are not wide, and how many are. */
struct deltas_scan {
    uint64_t units;
    uint32_t nr_wide;
};

struct deltas_scan deltas_scan(const uint8_t *deltas, uint32_t nr);

#endif
