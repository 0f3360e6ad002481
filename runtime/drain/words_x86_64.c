#include "drain/words.h"

#if defined(__x86_64__)

#include "segment.h"
#include "tracert/format.h"

#include <immintrin.h>
#include <stdbool.h>

#define AVX2 __attribute__((target("avx2")))

/* Eight words as two vectors, and their low or high halves, in order. */
AVX2 static inline __m256i halves(const uint64_t *words, bool high)
{
    const __m256i *at = (const __m256i *)(const void *)words;
    __m256 a = _mm256_castsi256_ps(_mm256_loadu_si256(at));
    __m256 b = _mm256_castsi256_ps(_mm256_loadu_si256(at + 1));
    __m256 mixed =
        high ? _mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 1, 3, 1)) : _mm256_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0));
    return _mm256_permute4x64_epi64(_mm256_castps_si256(mixed), _MM_SHUFFLE(3, 1, 2, 0));
}

/* Eight numbers below 2^16, in order. */
AVX2 static inline __m128i as_u16(__m256i numbers)
{
    __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(numbers, numbers), _MM_SHUFFLE(3, 1, 2, 0));
    return _mm256_castsi256_si128(packed);
}

/*
 * Each word's time is rounded to units since `last`, in floating point, where all numbers that matter are exact; what
 * is too large for that is out of bounds as well.
 */
AVX2 static uint32_t words_put_avx2(const uint64_t *words, uint32_t nr, const struct words_rule *rule, uint32_t last,
                                    uint8_t *symbols, uint8_t *deltas, uint32_t *units)
{
    const __m256 unit = _mm256_set1_ps((float)rule->unit), inverse = _mm256_set1_ps(1.0f / (float)rule->unit);
    const __m256 slack = _mm256_set1_ps((float)rule->slack), sign = _mm256_set1_ps(-0.0f);
    const __m256i largest = _mm256_set1_epi32(TF_DELTA_WIDE - 1), exact = _mm256_set1_epi32(1 << 22);
    const __m256i first_enter = _mm256_set1_epi32(TF_SYM_ENTER);
    const __m256i after_last = _mm256_set1_epi32((int)(TF_SYM_ENTER + rule->nr_dict));
    const __m256i back_by_one = _mm256_setr_epi32(7, 0, 1, 2, 3, 4, 5, 6);
    __m256i before = _mm256_setzero_si256(); /* units of the word before, in lane 0 */
    uint32_t i = 0;
    for (; i + 8 <= nr; i += 8) {
        __m256i ticks = _mm256_sub_epi32(halves(words + i, true), _mm256_set1_epi32((int)last));
        __m256 time = _mm256_cvtepi32_ps(ticks);
        __m256i unit_nr = _mm256_cvtps_epi32(_mm256_mul_ps(time, inverse));
        __m256 rest = _mm256_sub_ps(time, _mm256_mul_ps(_mm256_cvtepi32_ps(unit_nr), unit));
        __m256i near = _mm256_castps_si256(_mm256_cmp_ps(_mm256_andnot_ps(sign, rest), slack, _CMP_LE_OQ));
        __m256i rotated = _mm256_permutevar8x32_epi32(unit_nr, back_by_one);
        __m256i delta = _mm256_sub_epi32(unit_nr, _mm256_blend_epi32(rotated, before, 1));
        __m256i small = _mm256_and_si256(_mm256_cmpeq_epi32(_mm256_min_epu32(delta, largest), delta),
                                         _mm256_cmpgt_epi32(exact, ticks));
        __m256i symbol = _mm256_and_si256(halves(words + i, false), _mm256_set1_epi32(0xffff));
        __m256i enter =
            _mm256_andnot_si256(_mm256_cmpgt_epi32(first_enter, symbol), _mm256_cmpgt_epi32(after_last, symbol));
        __m256i known = _mm256_or_si256(_mm256_cmpeq_epi32(symbol, _mm256_setzero_si256()), enter);
        if (_mm256_movemask_epi8(_mm256_and_si256(_mm256_and_si256(near, small), known)) != -1)
            break;
        __m128i symbols_u16 = as_u16(symbol), deltas_u16 = as_u16(delta);
        if (rule->is_narrow)
            _mm_storel_epi64((__m128i *)(void *)(symbols + i), _mm_packus_epi16(symbols_u16, symbols_u16));
        else
            _mm_storeu_si128((__m128i *)(void *)(symbols + 2 * (size_t)i), symbols_u16);
        _mm_storel_epi64((__m128i *)(void *)(deltas + i), _mm_packus_epi16(deltas_u16, deltas_u16));
        before = rotated;
    }
    *units = (uint32_t)_mm256_cvtsi256_si32(before);
    return i;
}

#define AVX512 __attribute__((target("avx512f,avx512bw")))

/* The same, sixteen at a time. */
AVX512 static uint32_t words_put_avx512(const uint64_t *words, uint32_t nr, const struct words_rule *rule,
                                        uint32_t last, uint8_t *symbols, uint8_t *deltas, uint32_t *units)
{
    const __m512 unit = _mm512_set1_ps((float)rule->unit), inverse = _mm512_set1_ps(1.0f / (float)rule->unit);
    const __m512 slack = _mm512_set1_ps((float)rule->slack);
    const __m512i low = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(1));
    __m512i before = _mm512_setzero_si512(); /* units of the word before, in lane 15 */
    uint32_t i = 0;
    for (; i + 16 <= nr; i += 16) {
        __m512i a = _mm512_loadu_si512(words + i), b = _mm512_loadu_si512(words + i + 8);
        __m512i ticks = _mm512_sub_epi32(_mm512_permutex2var_epi32(a, high, b), _mm512_set1_epi32((int)last));
        __m512 time = _mm512_cvtepi32_ps(ticks);
        __m512i unit_nr = _mm512_cvtps_epi32(_mm512_mul_ps(time, inverse));
        __m512 rest = _mm512_sub_ps(time, _mm512_mul_ps(_mm512_cvtepi32_ps(unit_nr), unit));
        __m512i delta = _mm512_sub_epi32(unit_nr, _mm512_alignr_epi32(unit_nr, before, 15));
        __m512i symbol = _mm512_and_si512(_mm512_permutex2var_epi32(a, low, b), _mm512_set1_epi32(0xffff));
        __mmask16 good = _mm512_cmp_ps_mask(_mm512_abs_ps(rest), slack, _CMP_LE_OQ) &
                         _mm512_cmplt_epu32_mask(delta, _mm512_set1_epi32(TF_DELTA_WIDE)) &
                         _mm512_cmplt_epi32_mask(ticks, _mm512_set1_epi32(1 << 22));
        __m512i entry = _mm512_sub_epi32(symbol, _mm512_set1_epi32(TF_SYM_ENTER));
        __mmask16 known = _mm512_cmplt_epu32_mask(entry, _mm512_set1_epi32((int)rule->nr_dict)) |
                          _mm512_testn_epi32_mask(symbol, symbol);
        if ((good & known) != 0xffff)
            break;
        if (rule->is_narrow)
            _mm_storeu_si128((__m128i *)(void *)(symbols + i), _mm512_cvtepi32_epi8(symbol));
        else
            _mm256_storeu_si256((__m256i *)(void *)(symbols + 2 * (size_t)i), _mm512_cvtepi32_epi16(symbol));
        _mm_storeu_si128((__m128i *)(void *)(deltas + i), _mm512_cvtepi32_epi8(delta));
        before = unit_nr;
    }
    *units = (uint32_t)_mm_extract_epi32(_mm512_extracti32x4_epi32(before, 3), 3);
    return i;
}

uint32_t words_put_list(words_put *list[WORDS_PUT_MAX])
{
    uint32_t nr = 0;
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw"))
        list[nr++] = words_put_avx512;
    if (__builtin_cpu_supports("avx2"))
        list[nr++] = words_put_avx2;
    return nr;
}

#else

uint32_t words_put_list(words_put *list[WORDS_PUT_MAX])
{
    (void)list;
    return 0;
}

#endif
