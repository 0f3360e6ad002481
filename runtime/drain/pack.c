#include "drain/pack.h"

#include "tracert/format.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

/* Goes on with what is packed already: `nr_rest` of `nr` in all. */
static uint32_t pack_from(const uint8_t *deltas, uint32_t from, uint32_t nr, uint8_t *packed, uint8_t *rest,
                          uint32_t nr_rest)
{
    for (uint32_t i = from; i < nr; i += PACK_ROUND) {
        uint64_t lanes = tf_load64(deltas + i);
        uint64_t large = lanes_large(lanes);
        uint64_t ones = large >> 7;
        tf_store16(packed + i / 4, (uint16_t)lanes_narrow((lanes & ~(ones * 0xff)) | ones * TF_PACKED_REST));
        for (; large != 0; large &= large - 1)
            rest[nr_rest++] = deltas[i + (uint32_t)__builtin_ctzll(large) / 8];
        if (__builtin_expect(nr_rest > nr / REST_SHARE, 0))
            return UINT32_MAX;
    }
    return nr_rest;
}

uint32_t pack_deltas(const uint8_t *deltas, uint32_t nr, uint8_t *packed, uint8_t *rest)
{
    return pack_from(deltas, 0, nr, packed, rest, 0);
}

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2")))

/* 32 deltas below 4 as 64 bits: of each four the second counts 4, the third 16, the fourth 64. */
AVX2 static inline uint64_t pack_32(__m256i deltas)
{
    __m256i pairs = _mm256_maddubs_epi16(deltas, _mm256_set1_epi16(4 << 8 | 1));
    __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(16 << 16 | 1));
    __m256i halves = _mm256_shuffle_epi8(fours, _mm256_set1_epi32(0x0c080400));
    return (uint32_t)_mm256_extract_epi32(halves, 0) | (uint64_t)(uint32_t)_mm256_extract_epi32(halves, 4) << 32;
}

AVX2 static uint32_t pack_deltas_avx2(const uint8_t *deltas, uint32_t nr, uint8_t *packed, uint8_t *rest)
{
    const __m256i largest = _mm256_set1_epi8(TF_PACKED_REST);
    uint32_t nr_rest = 0;
    uint32_t i = 0;
    for (; i + 32 <= nr; i += 32) {
        __m256i all = _mm256_loadu_si256((const __m256i *)(const void *)(deltas + i));
        uint32_t large = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(all, largest), all));
        tf_store64(packed + i / 4, pack_32(_mm256_min_epu8(all, largest)));
        for (; large != 0; large &= large - 1)
            rest[nr_rest++] = deltas[i + (uint32_t)__builtin_ctz(large)];
        if (__builtin_expect(nr_rest > nr / REST_SHARE, 0))
            return UINT32_MAX;
    }
    return pack_from(deltas, i, nr, packed, rest, nr_rest);
}

pack_put *pack_put_choose(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") ? pack_deltas_avx2 : pack_deltas;
}

#else

pack_put *pack_put_choose(void)
{
    return pack_deltas;
}

#endif
