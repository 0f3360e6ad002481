/*
 * The MEMORY section of one chunk while it is being filled (FORMAT.md §4): what was allocated and released, in columns.
 *
 * Part of the encoder: fixed buffers, large enough for the largest chunk.
 */
#ifndef ENCODE_MEMORY_H
#define ENCODE_MEMORY_H

#include "segment.h"

#include <stddef.h>
#include <stdint.h>

struct memory_columns {
    uint64_t *addresses, *sizes; /* of allocations */
    uint16_t *callers_of;        /* of allocations: indexes into callers */
    uint16_t *paths_of;          /* of allocations: the numbers of their paths (segment.h) */
    uint64_t *released;          /* addresses */
    uint64_t *callers;           /* caller << 8 | api, in the order in which they came */
    uint16_t *slots;             /* open addressing: index into callers, plus 1 */
    uint32_t *slots_of;          /* of callers: which one is theirs */
    uint64_t address_bits;       /* of all addresses together */
    uint32_t nr_allocs, nr_releases, nr_callers;
};

/* The most that memory_columns_store() writes. */
#define ENCODE_MEMORY_BYTES (4u << 20)

/* The most that memory_columns_store_paths() writes. */
#define ENCODE_PATHS_BYTES (1u << 18)

/* Map the buffers. 0, or -1 without memory. */
int memory_columns_init(struct memory_columns *columns);

void memory_columns_begin(struct memory_columns *columns);

/* Of one chunk's events: no more than TF_CHUNK_EVENTS_MAX words say. */
void memory_columns_put_alloc(struct memory_columns *columns, uint64_t address, uint64_t size, uint32_t api,
                              uint64_t caller, uint32_t path);
void memory_columns_put_release(struct memory_columns *columns, uint64_t address);

/* Write the section; returns its end. The counts are the thread's so far. */
uint8_t *memory_columns_store(const struct memory_columns *columns, uint64_t recorded, uint64_t dropped, uint8_t *p);

/* Write the section PATHS for a dictionary of `nr` paths; returns its end. */
uint8_t *memory_columns_store_paths(const struct memory_columns *columns, const struct segment_entry *dict, uint32_t nr,
                                    uint8_t *p);

#endif
