#include "drain/words.h"

#if defined(__x86_64__)

#include "segment.h"
#include "tracert/format.h"

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* The low halves of eight words, in order. */
AVX2 static inline __m256i low_halves(__m256i a, __m256i b)
{
    __m256 mixed = _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), _MM_SHUFFLE(2, 0, 2, 0));
    return _mm256_permute4x64_epi64(_mm256_castps_si256(mixed), _MM_SHUFFLE(3, 1, 2, 0));
}

/* Eight numbers below 2^16, in order. */
AVX2 static inline __m128i as_u16(__m256i numbers)
{
    __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(numbers, numbers), _MM_SHUFFLE(3, 1, 2, 0));
    return _mm256_castsi256_si128(packed);
}

AVX2 static inline __m256i since_before(const uint64_t *words)
{
    const __m256i *at = (const __m256i *)(const void *)words;
    const __m256i *before = (const __m256i *)(const void *)(words - 1);
    return _mm256_sub_epi64(_mm256_srli_epi64(_mm256_loadu_si256(at), WORD_TICKS_SHIFT),
                            _mm256_srli_epi64(_mm256_loadu_si256(before), WORD_TICKS_SHIFT));
}

AVX2 static uint32_t words_put_avx2(const uint64_t *words, uint32_t nr, const struct words_rule *rule, uint8_t *symbols,
                                    uint8_t *deltas)
{
    const __m256i inverse = _mm256_set1_epi64x((long long)words_inverse(rule->tick_unit));
    const __m256i unit = _mm256_set1_epi64x(rule->tick_unit);
    const __m256i largest = _mm256_set1_epi32(TF_DELTA_WIDE - 1);
    const __m256i first_enter = _mm256_set1_epi32(TF_SYM_ENTER);
    const __m256i after_last = _mm256_set1_epi32((int)(TF_SYM_ENTER + rule->nr_dict));
    uint32_t i = 0;
    for (; i + 8 <= nr; i += 8) {
        const __m256i *at = (const __m256i *)(const void *)(words + i);
        __m256i d0 = since_before(words + i), d1 = since_before(words + i + 4);
        __m256i u0 = _mm256_srli_epi64(_mm256_mul_epu32(d0, inverse), WORDS_INVERSE_BITS);
        __m256i u1 = _mm256_srli_epi64(_mm256_mul_epu32(d1, inverse), WORDS_INVERSE_BITS);
        __m256i exact = _mm256_and_si256(_mm256_cmpeq_epi64(_mm256_mul_epu32(u0, unit), d0),
                                         _mm256_cmpeq_epi64(_mm256_mul_epu32(u1, unit), d1));
        __m256i units = low_halves(u0, u1);
        __m256i small = _mm256_cmpeq_epi32(_mm256_min_epu32(units, largest), units);
        __m256i symbol =
            _mm256_and_si256(low_halves(_mm256_loadu_si256(at), _mm256_loadu_si256(at + 1)), _mm256_set1_epi32(0xffff));
        __m256i enter =
            _mm256_andnot_si256(_mm256_cmpgt_epi32(first_enter, symbol), _mm256_cmpgt_epi32(after_last, symbol));
        __m256i known = _mm256_or_si256(_mm256_cmpeq_epi32(symbol, _mm256_setzero_si256()), enter);
        if (_mm256_movemask_epi8(_mm256_and_si256(_mm256_and_si256(exact, small), known)) != -1)
            break;
        __m128i narrow = as_u16(units);
        _mm_storeu_si128((__m128i *)(void *)(symbols + 2 * (size_t)i), as_u16(symbol));
        _mm_storel_epi64((__m128i *)(void *)(deltas + i), _mm_packus_epi16(narrow, narrow));
    }
    return i;
}

words_put *words_put_choose(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") ? words_put_avx2 : NULL;
}

#else

words_put *words_put_choose(void)
{
    return NULL;
}

#endif
