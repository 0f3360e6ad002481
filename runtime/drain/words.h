/*
 * The drain's innermost loop, with the vector instructions of the processor at hand: a segment's words become columns
 * of a chunk (FORMAT.md §4), eight at a time, while they are nothing but exits and known enters a small multiple of the
 * clock's unit apart. What stops it is for encoder_put_words(), which can do without it.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdint.h>

struct words_rule {
    uint32_t tick_unit; /* ticks */
    uint32_t nr_dict;   /* enters that are known */
};

/*
 * Turns words[0, nr) into SYMBOLS and DELTAS; words[-1] is the one before. Returns how many it did, from the first on:
 * a multiple of 8.
 */
typedef uint32_t words_put(const uint64_t *words, uint32_t nr, const struct words_rule *rule, uint8_t *symbols,
                           uint8_t *deltas);

/* What this processor can run; NULL: nothing better than the plain loop. */
words_put *words_put_choose(void);

#define WORDS_INVERSE_BITS 31

/*
 * 2^31 / unit, rounded up: ticks * inverse >> 31 are the ticks' units, rounded down, for all ticks of less than 256
 * units, where ticks are exact multiples: the error is below ticks / 2^31.
 */
static inline uint64_t words_inverse(uint32_t tick_unit)
{
    return ((1ull << WORDS_INVERSE_BITS) + tick_unit - 1) / tick_unit;
}

#endif
