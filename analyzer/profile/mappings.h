/*
 * What processes have mapped for themselves, without files: ranges of addresses that come, go, move and are cut, in any
 * way. Counted in bytes, beside the heap; memory grows with the ranges that are mapped at a time.
 */
#ifndef MAPPINGS_H
#define MAPPINGS_H

#include "profile/heap_profile.h"
#include "trace/decode.h"

#include <stddef.h>

struct mapping {
    uint64_t start, end;
    uint32_t process;
};

struct mappings {
    struct mapping *ranges; /* in ascending order of process and start; none overlap */
    size_t nr, capacity;
    struct heap_mapped totals;
};

void mappings_release(struct mappings *mappings);

/* Map [start, start + bytes): whatever was there is unmapped. 0, or -1 without memory. */
int mappings_add(struct mappings *mappings, uint32_t process, uint64_t start, uint64_t bytes);

/* Unmap; *removed: how many bytes of it were mapped. 0, or -1 without memory. */
int mappings_remove(struct mappings *mappings, uint32_t process, uint64_t start, uint64_t bytes, uint64_t *removed);

/*
 * Take a MAPPED or UNMAPPED record; others are passed over. *moved is the thread's: what its last UNMAPPED took that
 * may come back (FORMAT.md, MAPPED). 0, or -1 without memory.
 */
int mappings_take(struct mappings *mappings, uint32_t process, const struct chunk_ext *ext, uint64_t *moved);

#endif
