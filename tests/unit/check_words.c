/*
 * The encoder's fast loops against its plain one: the same columns from random words, whatever the unit (up to 4096
 * ticks: with larger ones the plain loop finds more to be wide), with every kind
 * of exception at every distance from the others.
 */
#include "clock.h"
#include "drain/encode.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { NR_WORDS = 4000, NR_DICT_NARROW = 248, NR_DICT_WIDE = 249 }; /* as many as symbols of a byte can name, or more */

static uint32_t nr_dict = NR_DICT_WIDE;

#define HIGH (7ull << 32) /* what the words' ticks are added to */

static uint32_t random_below(uint32_t limit)
{
    static uint64_t seed = 42;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % limit;
}

/* Mostly what the fast loop takes; one word in `rarity` is something else. */
static void words_make(uint64_t *words, uint32_t unit, uint32_t rarity)
{
    uint64_t since = 0;
    for (uint32_t i = 0; i < NR_WORDS; i++) {
        uint32_t symbol = random_below(2) == 0 ? TF_SYM_EXIT : TF_SYM_ENTER + random_below(nr_dict);
        uint64_t units = random_below(TF_DELTA_WIDE);
        switch (random_below(rarity)) {
        case 0:
            symbol = TF_SYM_ENTER + nr_dict + random_below(3);
            break;
        case 1:
            symbol = 1 + random_below(TF_SYM_ENTER - 1);
            break;
        case 2:
            units = TF_DELTA_WIDE + random_below(3);
            break;
        case 3:
            units = random_below(1u << 31);
            break;
        case 4:
            since += random_below(unit);
            break;
        case 5:
            since += 1ull << (20 + random_below(12));
            break;
        case 6:
            units = TF_DELTA_WIDE - 1;
            break;
        }
        since += units * unit;
        if (since > UINT32_MAX)
            since = UINT32_MAX / 4; /* back, and not as if the low half of a counter had just wrapped */
        words[i] = since << WORD_TICKS_SHIFT | WORD_FILLED | symbol;
    }
}

/* All words, as the drain takes them: what encoder_put_words() stops at is put otherwise. Returns how often it did. */
static uint32_t encode(struct encoder *encoder, const uint64_t *words)
{
    const uint64_t *end = words + NR_WORDS;
    uint32_t stops = 0;
    static const struct segment_entry dict[NR_DICT_WIDE];
    encoder_begin(encoder, HIGH, NULL, 0, 0, dict, nr_dict);
    for (; words < end; words++, stops++) {
        words = encoder_put_words(encoder, words, end, HIGH, nr_dict);
        if (words == end)
            break;
        encoder_put(encoder, (uint32_t)*words & 0xffff, HIGH + (*words >> WORD_TICKS_SHIFT));
    }
    return stops;
}

static void compare(words_put *put, uint32_t unit, uint32_t rarity)
{
    struct region region = {.clock_step = unit};
    static struct encoder fast, plain;
    static uint64_t words[NR_WORDS];
    if (fast.symbols == NULL) {
        ck_assert_int_eq(encoder_init(&fast, &region), 0);
        ck_assert_int_eq(encoder_init(&plain, &region), 0);
        plain.words_put = NULL;
    }
    fast.words_put = put;
    fast.tick_unit = plain.tick_unit = unit;
    fast.slack = plain.slack = clock_slack(unit);
    fast.unit_inverse = plain.unit_inverse = ((1ull << 32) + unit - 1) / unit;
    words_make(words, unit, rarity);
    uint32_t stops = encode(&fast, words);
    ck_assert_uint_eq(encode(&plain, words), stops);
    ck_assert_uint_eq(fast.nr_symbols, NR_WORDS);
    ck_assert_uint_eq(fast.last_ticks, plain.last_ticks);
    ck_assert_mem_eq(fast.symbols, plain.symbols, (nr_dict == NR_DICT_NARROW ? 1 : 2) * (size_t)NR_WORDS);
    ck_assert_mem_eq(fast.deltas, plain.deltas, NR_WORDS);
    ck_assert_int_eq(fast.wide_end - fast.wide, plain.wide_end - plain.wide);
    ck_assert_mem_eq(fast.wide, plain.wide, (size_t)(fast.wide_end - fast.wide));
    if (rarity > NR_WORDS * 1000)
        ck_assert_uint_eq(stops, 0);
}

START_TEST(fast_loop_does_what_the_plain_one_does)
{
    static const uint32_t units[] = {1, 2, 3, 10, 21, 24, 26, 33, 40, 100, 4096};
    static const uint32_t rarities[] = {7, 10, 50, 400, 3000, UINT32_MAX / 2};
    words_put *list[WORDS_PUT_MAX];
    uint32_t nr = words_put_list(list); /* without any there is no fast loop here */
    nr_dict = _i == 0 ? NR_DICT_NARROW : NR_DICT_WIDE;
    for (uint32_t put = 0; put < nr; put++)
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
            for (size_t k = 0; k < sizeof rarities / sizeof *rarities; k++)
                compare(list[put], units[i], rarities[k]);
}

END_TEST

/* Of 33 words all but one. */
static void whole_words_alone(words_put *put)
{
    enum { NR = 33 };

    uint64_t words[1 + NR];
    uint8_t symbols[2 * NR] = {0}, deltas[NR] = {0};
    const struct words_rule rule = {.unit = 10, .nr_dict = 1};
    const struct words_rule narrow = {.unit = 10, .nr_dict = 1, .is_narrow = true};
    uint32_t units;
    for (uint32_t i = 0; i <= NR; i++)
        words[i] = (uint64_t)i * 30 << WORD_TICKS_SHIFT | TF_SYM_ENTER;
    ck_assert_uint_eq(put(words + 1, NR, &rule, 0, symbols, deltas, &units), NR - 1);
    ck_assert_uint_eq(units, (NR - 1) * 3);
    ck_assert_uint_eq(deltas[NR - 2], 3);
    ck_assert_uint_eq(deltas[NR - 1], 0);
    ck_assert_uint_eq(tf_load16(symbols + 2 * (NR - 2)), TF_SYM_ENTER);
    ck_assert_uint_eq(put(words + 1, WORDS_PUT_ROUND - 1, &rule, 0, symbols, deltas, &units), 0);
    ck_assert_uint_eq(put(words + 1, NR, &narrow, 0, symbols, deltas, &units), NR - 1);
    ck_assert_uint_eq(symbols[NR - 2], TF_SYM_ENTER);
    words[20]++; /* no symbol of the dictionary any more */
    uint32_t nr = put(words + 1, NR, &rule, 0, symbols, deltas, &units);
    ck_assert_uint_eq(nr % WORDS_PUT_ROUND, 0);
    ck_assert(nr == 16 && units == nr * 3);
}

START_TEST(fast_loops_take_whole_words_alone)
{
    words_put *list[WORDS_PUT_MAX];
    for (uint32_t nr = words_put_list(list); nr-- > 0;)
        whole_words_alone(list[nr]);
}

END_TEST

/* A clock that moves by steps of 26 ticks, and by one more when it is read twice within a step. */
START_TEST(times_are_true_to_within_the_slack)
{
    enum { UNIT = 26 };
    static struct encoder encoder;
    static uint64_t words[NR_WORDS];
    struct region region = {.clock_step = UNIT};
    uint64_t step = 40, time = HIGH;
    ck_assert_int_eq(encoder_init(&encoder, &region), 0);
    ck_assert_uint_eq(encoder.slack, 1);
    for (uint32_t i = 0; i < NR_WORDS; i++) {
        step += random_below(4);
        words[i] = (step * UNIT + random_below(2)) << WORD_TICKS_SHIFT | WORD_FILLED | TF_SYM_EXIT;
    }
    ck_assert_uint_eq(encode(&encoder, words), 0);
    for (uint32_t i = 0; i < NR_WORDS; i++) {
        time += (uint64_t)encoder.deltas[i] * UNIT;
        uint64_t ticks = HIGH + (words[i] >> WORD_TICKS_SHIFT);
        ck_assert_uint_le(time > ticks ? time - ticks : ticks - time, 1);
    }
    ck_assert_uint_eq(encoder.last_ticks, time);
}

END_TEST

/* A clock whose step is a little less than was measured: what the differences hide does not add up. */
START_TEST(times_do_not_drift)
{
    enum { UNIT = 26 };
    static struct encoder encoder;
    static uint64_t words[NR_WORDS];
    struct region region = {.clock_step = UNIT};
    uint64_t time = HIGH;
    const uint8_t *wide;
    ck_assert_int_eq(encoder_init(&encoder, &region), 0);
    for (uint64_t i = 0; i < NR_WORDS; i++)
        words[i] = (26000 + i * 25) << WORD_TICKS_SHIFT | WORD_FILLED | TF_SYM_EXIT;
    encode(&encoder, words);
    wide = encoder.wide;
    for (uint32_t i = 0; i < NR_WORDS; i++) {
        uint64_t difference = (uint64_t)encoder.deltas[i] * UNIT;
        if (encoder.deltas[i] == TF_DELTA_WIDE)
            wide = tf_get_varint(wide, encoder.wide_end, &difference);
        time += difference;
        uint64_t ticks = HIGH + (words[i] >> WORD_TICKS_SHIFT);
        ck_assert_uint_le(time > ticks ? time - ticks : ticks - time, 1);
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("words");
    TCase *cases = tcase_create("words");
    tcase_add_loop_test(cases, fast_loop_does_what_the_plain_one_does, 0, 2);
    tcase_add_test(cases, fast_loops_take_whole_words_alone);
    tcase_add_test(cases, times_are_true_to_within_the_slack);
    tcase_add_test(cases, times_do_not_drift);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
