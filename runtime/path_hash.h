/*
 * What call paths are told apart by, frame after frame: for the same frame a one-to-one function of what there was
 * before it, for the same beginning one of the frame's function or site. Two of a million paths have the same 63 bits
 * once in ten million programs.
 */
#ifndef PATH_HASH_H
#define PATH_HASH_H

#include <stdint.h>

static inline __attribute__((always_inline)) uint64_t path_hash(uint64_t before, uint64_t function, uint64_t site)
{
    return ((before << 32 | before >> 32) ^ site) * 0xD6E8FEB86659FD93u + function;
}

#endif
