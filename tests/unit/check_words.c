/*
 * The encoder's fast loop against its plain one: the same columns from random words, whatever the unit (up to 4096
 * ticks: with larger ones the plain loop finds more to be wide), with every kind
 * of exception at every distance from the others.
 */
#include "drain/encode.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { NR_WORDS = 4000, NR_DICT = 300 };

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
        uint32_t symbol = random_below(2) == 0 ? TF_SYM_EXIT : TF_SYM_ENTER + random_below(NR_DICT);
        uint64_t units = random_below(TF_DELTA_WIDE);
        switch (random_below(rarity)) {
        case 0:
            symbol = TF_SYM_ENTER + NR_DICT + random_below(3);
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
            since += 1ull << (20 + random_below(24));
            break;
        case 6:
            units = TF_DELTA_WIDE - 1;
            break;
        }
        since = (since + units * unit) & ((1ull << WORD_TICKS_BITS) - 1);
        words[i] = since << WORD_TICKS_SHIFT | random_below(2) << 16 | symbol;
    }
}

/* All words, as the drain takes them: what encoder_put_words() stops at is put otherwise. Returns how often it did. */
static uint32_t encode(struct encoder *encoder, const uint64_t *words)
{
    const uint64_t base_ticks = 1000, *end = words + NR_WORDS;
    uint32_t stops = 0;
    encoder_begin(encoder, base_ticks, NULL, 0, 0, NULL, 0);
    for (; words < end; words++, stops++) {
        words = encoder_put_words(encoder, words, end, base_ticks, NR_DICT);
        if (words == end)
            break;
        uint64_t ticks = base_ticks + (*words >> WORD_TICKS_SHIFT);
        encoder_put(encoder, (uint32_t)*words & 0xffff, ticks > encoder->last_ticks ? ticks : encoder->last_ticks);
    }
    return stops;
}

static void compare(uint32_t unit, uint32_t rarity)
{
    struct region region = {.clock_step = unit};
    static struct encoder fast, plain;
    static uint64_t words[NR_WORDS];
    if (fast.symbols == NULL) {
        ck_assert_int_eq(encoder_init(&fast, &region), 0);
        ck_assert_int_eq(encoder_init(&plain, &region), 0);
        plain.words_put = NULL;
    }
    fast.tick_unit = plain.tick_unit = unit;
    fast.unit_inverse = plain.unit_inverse = ((1ull << 32) + unit - 1) / unit;
    words_make(words, unit, rarity);
    uint32_t stops = encode(&fast, words);
    ck_assert_uint_eq(encode(&plain, words), stops);
    ck_assert_uint_eq(fast.nr_symbols, NR_WORDS);
    ck_assert_uint_eq(fast.last_ticks, plain.last_ticks);
    ck_assert_mem_eq(fast.symbols, plain.symbols, 2 * NR_WORDS);
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
    if (words_put_choose() == NULL)
        return; /* there is no fast loop here */
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        for (size_t k = 0; k < sizeof rarities / sizeof *rarities; k++)
            compare(units[i], rarities[k]);
}

END_TEST

START_TEST(fast_loop_takes_whole_words_alone)
{
    uint64_t words[1 + 17];
    uint8_t symbols[2 * 17] = {0}, deltas[17] = {0};
    const struct words_rule rule = {.tick_unit = 10, .nr_dict = 1};
    words_put *put = words_put_choose();
    if (put == NULL)
        return;
    for (uint32_t i = 0; i <= 17; i++)
        words[i] = (uint64_t)i * 30 << WORD_TICKS_SHIFT | TF_SYM_ENTER;
    ck_assert_uint_eq(put(words + 1, 17, &rule, symbols, deltas), 16);
    ck_assert_uint_eq(deltas[15], 3);
    ck_assert_uint_eq(deltas[16], 0);
    ck_assert_uint_eq(tf_load16(symbols + 30), TF_SYM_ENTER);
    ck_assert_uint_eq(put(words + 1, 7, &rule, symbols, deltas), 0);
    words[12]++; /* no symbol of the dictionary any more */
    ck_assert_uint_eq(put(words + 1, 17, &rule, symbols, deltas), 8);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("words");
    TCase *cases = tcase_create("words");
    tcase_add_test(cases, fast_loop_does_what_the_plain_one_does);
    tcase_add_test(cases, fast_loop_takes_whole_words_alone);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
