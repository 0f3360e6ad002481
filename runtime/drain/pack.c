#include "drain/pack.h"

#include "tracert/format.h"

#include <string.h>

enum { REST_SHARE = 4 }; /* one in so many, at most */

#define LANES(byte) (0x0101010101010101ull * (byte))

/* The low two bits of eight bytes, in 16 bits. */
static inline uint32_t lanes_narrow(uint64_t lanes)
{
    lanes = (lanes | lanes >> 6) & 0x000f000f000f000full;
    lanes = (lanes | lanes >> 12) & 0x000000ff000000ffull;
    return (uint32_t)(lanes | lanes >> 24) & 0xffff;
}

/* 0x80 in each byte that is TF_PACKED_REST or more. */
static inline uint64_t lanes_large(uint64_t lanes)
{
    return (((lanes & LANES(0x7f)) + LANES(0x80 - TF_PACKED_REST)) | lanes) & LANES(0x80);
}

uint32_t pack_deltas(const uint8_t *deltas, uint32_t nr, uint8_t *packed, uint8_t *rest)
{
    uint32_t nr_rest = 0;
    for (uint32_t i = 0; i < nr; i += PACK_ROUND, packed += 2) {
        uint64_t lanes = tf_load64(deltas + i);
        uint64_t large = lanes_large(lanes);
        uint64_t ones = large >> 7;
        tf_store16(packed, (uint16_t)lanes_narrow((lanes & ~(ones * 0xff)) | ones * TF_PACKED_REST));
        for (; large != 0; large &= large - 1)
            rest[nr_rest++] = deltas[i + (uint32_t)__builtin_ctzll(large) / 8];
        if (__builtin_expect(nr_rest > nr / REST_SHARE, 0))
            return UINT32_MAX;
    }
    return nr_rest;
}
