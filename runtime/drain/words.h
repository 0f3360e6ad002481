/*
 * The drain's innermost loop, with the vector instructions of the processor at hand: a segment's words become columns
 * of a chunk (FORMAT.md §4), many at a time, while they are nothing but exits and known enters a small multiple of the
 * clock's unit apart. What stops it is for encoder_put_words(), which can do without it.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct words_rule {
    uint32_t unit;    /* ticks, at most UINT16_MAX */
    uint32_t slack;   /* ticks that a difference may be away from a multiple of it */
    uint32_t nr_dict; /* enters that are known */
    bool is_narrow;   /* SYMBOLS has a byte for each, not two */
};

/*
 * Turns words[0, nr) into SYMBOLS and DELTAS; `last` is the low half of the ticks that the first delta is from. Returns
 * how many it did, from the first on: a multiple of WORDS_PUT_ROUND; *units is the sum of their deltas. Each time is
 * true to within the slack.
 */
typedef uint32_t words_put(const uint64_t *words, uint32_t nr, const struct words_rule *rule, uint32_t last,
                           uint8_t *symbols, uint8_t *deltas, uint32_t *units);

#define WORDS_PUT_MAX   2u
#define WORDS_PUT_ROUND 8u

/* List those that this processor can run, the fastest first. Returns how many there are: perhaps none. */
uint32_t words_put_list(words_put *list[WORDS_PUT_MAX]);

#endif
