/*
 * Both clocks of a trace together: what is one line, where it breaks, and the rate that is left.
 *
 * row: R43
 */
#include "trace/anchors.h"

#include "suite.h"

#include <check.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define S  (1000 * MS)

enum { RATE = 3 }; /* ticks a ns */

/* A block every ms, each pair read up to `noise_ns` apart; the two clocks begin anywhere. */
static void go_on(struct anchors *anchors, uint64_t *ticks, uint64_t *ns, unsigned nr, uint64_t noise_ns)
{
    static uint64_t seed = 9;
    for (unsigned i = 0; i < nr; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        *ticks += RATE * MS;
        *ns += MS;
        anchors_add(anchors, *ticks + RATE * ((seed >> 33) % (noise_ns + 1)), *ns);
    }
}

static void rate_check(const struct anchors *anchors, double slack)
{
    uint64_t ticks, ns;
    ck_assert(anchors_rate(anchors, &ticks, &ns));
    ck_assert_double_eq_tol((double)ticks / (double)ns, RATE, slack);
}

START_TEST(one_line_is_first_and_last)
{
    struct anchors anchors = {0};
    uint64_t ticks = 7000, ns = 123 * S, sum_ticks, sum_ns;
    anchors_add(&anchors, ticks, ns);
    go_on(&anchors, &ticks, &ns, 10000, 0);
    ck_assert_uint_eq(anchors.nr_breaks, 0);
    ck_assert(anchors_rate(&anchors, &sum_ticks, &sum_ns));
    ck_assert_uint_eq(sum_ticks, ticks - 7000);
    ck_assert_uint_eq(sum_ns, ns - 123 * S);
}

END_TEST

START_TEST(noise_is_no_break)
{
    struct anchors anchors = {0};
    uint64_t ticks = 1, ns = 1;
    go_on(&anchors, &ticks, &ns, 5000, 300000);
    ticks += RATE * (S + S / 2000); /* a second without a block, slewed by 500 ppm */
    ns += S;
    go_on(&anchors, &ticks, &ns, 5000, 300000);
    ck_assert_uint_eq(anchors.nr_breaks, 0);
    rate_check(&anchors, 0.002);
}

END_TEST

/* A rate that is known by 20 ms alone says little of where the clock should be ten seconds later. */
START_TEST(short_stretch_is_not_trusted)
{
    for (int turn = 0; turn < 200; turn++) {
        struct anchors anchors = {0};
        uint64_t ticks = 1, ns = 1;
        go_on(&anchors, &ticks, &ns, 20, 200000);
        ticks += RATE * 10 * S;
        ns += 10 * S;
        go_on(&anchors, &ticks, &ns, 20, 200000);
        ck_assert_uint_eq(anchors.nr_breaks, 0);
    }
}

END_TEST

/* The counter goes on while the machine sleeps, or it begins anew, or another machine's is farther, or behind. */
static const struct {
    int64_t ticks;
    uint64_t ns;
    int64_t jump_ns;
} breaks[] = {
    {RATE * 3600LL * (int64_t)S, 10 * MS, 3600LL * (int64_t)S - 10 * (int64_t)MS},
    {RATE * 10LL * (int64_t)MS, 5 * S, -5LL * (int64_t)S + 10 * (int64_t)MS},
    {-2 * (int64_t)S, 20 * MS, 0},
};

START_TEST(break_is_seen_and_left_out)
{
    struct anchors anchors = {0};
    uint64_t ticks = 100 * S, ns = 77;
    go_on(&anchors, &ticks, &ns, 2000, 0);
    ticks += (uint64_t)breaks[_i].ticks;
    ns += breaks[_i].ns;
    go_on(&anchors, &ticks, &ns, 2000, 0);
    ck_assert_uint_eq(anchors.nr_breaks, 1);
    ck_assert_uint_eq(anchors.break_ns, 2000 * MS + breaks[_i].ns);
    ck_assert_int_ge(anchors.jump_ns, breaks[_i].jump_ns - (int64_t)MS);
    ck_assert_int_le(anchors.jump_ns, breaks[_i].jump_ns + (int64_t)MS);
    rate_check(&anchors, 1e-9);
    ticks += RATE * 60 * S;
    go_on(&anchors, &ticks, &ns, 100, 0);
    ck_assert_uint_eq(anchors.nr_breaks, 2);
    rate_check(&anchors, 1e-9);
}

END_TEST

/* An hour between two anchors that are 20 ms apart, at each of which a clock without the hour is known. */
START_TEST(gap_is_closed)
{
    struct anchors anchors = {0};
    uint64_t ticks = 100 * S, ns = 77;
    go_on(&anchors, &ticks, &ns, 2000, 0);
    ck_assert(!anchors_have_gaps(&anchors));
    uint64_t before = ticks, gap = RATE * 3600 * S;
    ticks += gap + RATE * 19 * MS;
    ns += 19 * MS;
    go_on(&anchors, &ticks, &ns, 1, 0);
    uint64_t after = ticks, kept = RATE * 20 * MS;
    go_on(&anchors, &ticks, &ns, 2000, 0);
    ck_assert(anchors_have_gaps(&anchors));
    ck_assert_uint_eq(anchors.gap_ns, 20 * MS);
    ck_assert_uint_eq(anchors_close(&anchors, 0), 0);
    ck_assert_uint_eq(anchors_close(&anchors, before), before);
    ck_assert_uint_eq(anchors_close(&anchors, before + kept - 1), before + kept - 1);
    ck_assert_uint_eq(anchors_close(&anchors, before + gap / 2), before + kept);
    ck_assert_uint_eq(anchors_close(&anchors, after - 1), before + kept);
    ck_assert_uint_eq(anchors_close(&anchors, after), before + kept);
    ck_assert_uint_eq(anchors_close(&anchors, after + 5), before + kept + 5);
    ck_assert_uint_eq(anchors_close(&anchors, UINT64_MAX), UINT64_MAX - gap);
    ck_assert_uint_eq(anchors_close_duration(&anchors, before, before), before);
    ck_assert_uint_eq(anchors_close_duration(&anchors, before + kept + 5, 5), 5);
    ck_assert_uint_eq(anchors_close_duration(&anchors, before + kept + 5, gap + 7), 7);
    ck_assert_uint_eq(anchors_close_duration(&anchors, before + kept + 5, 7), 5);
}

END_TEST

/* What cannot be undone everywhere is not undone anywhere. */
START_TEST(gaps_are_closed_all_or_none)
{
    struct anchors anchors = {0};
    uint64_t ticks = 100 * S, ns = 77;
    for (int i = 0; i < ANCHORS_GAPS; i++) {
        go_on(&anchors, &ticks, &ns, 100, 0);
        ticks += RATE * S;
    }
    go_on(&anchors, &ticks, &ns, 100, 0);
    ck_assert_uint_eq(anchors.nr_breaks, ANCHORS_GAPS);
    ck_assert(anchors_have_gaps(&anchors));
    ck_assert_uint_eq(anchors_close(&anchors, ticks), ticks - (uint64_t)ANCHORS_GAPS * RATE * S);
    ticks += RATE * S;
    go_on(&anchors, &ticks, &ns, 100, 0);
    ck_assert(!anchors_have_gaps(&anchors));
}

END_TEST

START_TEST(anchors_that_make_no_line)
{
    struct anchors anchors = {0};
    uint64_t ticks, ns;
    ck_assert(!anchors_rate(&anchors, &ticks, &ns));
    anchors_add(&anchors, 5, 5);
    ck_assert(!anchors_rate(&anchors, &ticks, &ns));
    anchors_add(&anchors, 5, 500);
    ck_assert(!anchors_rate(&anchors, &ticks, &ns));
}

END_TEST

START_TEST(hostile_numbers_do_no_harm)
{
    uint64_t seed = 4242, ticks, ns;
    for (int turn = 0; turn < 2000; turn++) {
        struct anchors anchors = {0};
        for (int i = 0; i < 50; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            uint64_t other = seed * 2862933555777941757u;
            anchors_add(&anchors, seed >> (other >> 58), other >> (seed >> 58));
        }
        anchors_rate(&anchors, &ticks, &ns);
    }
}

END_TEST

/* Clocks that go ahead by anything: times keep their order, and none is put off. */
START_TEST(hostile_gaps_keep_the_order)
{
    uint64_t seed = 77;
    unsigned nr_closed = 0;
    for (int turn = 0; turn < 2000; turn++) {
        struct anchors anchors = {0};
        uint64_t ticks = 0, ns = 0, last = 0;
        for (int i = 0; i < 20; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            ticks += seed >> 32 << (seed >> 27 & 31) >> 5;
            ns += i % 2 == 0 ? 20 * MS + (seed & 0xffff) : seed & 0xfffff;
            anchors_add(&anchors, ticks, ns);
        }
        for (uint32_t i = 0; anchors_have_gaps(&anchors) && i < anchors.nr_gaps; i++) {
            const struct anchors_gap *gap = &anchors.gaps[i];
            const uint64_t at[] = {gap->from_ticks, gap->from_ticks + 1, gap->to_ticks - 1, gap->to_ticks};
            for (int j = 0; j < 4; j++) {
                uint64_t closed = anchors_close(&anchors, at[j]);
                ck_assert(closed >= last && closed <= at[j]);
                last = closed;
            }
            nr_closed++;
        }
    }
    ck_assert_uint_gt(nr_closed, 100);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("anchors");
    TCase *cases = tcase_create("anchors");
    tcase_add_test(cases, one_line_is_first_and_last);
    tcase_add_test(cases, noise_is_no_break);
    tcase_add_test(cases, short_stretch_is_not_trusted);
    tcase_add_loop_test(cases, break_is_seen_and_left_out, 0, (int)(sizeof breaks / sizeof *breaks));
    tcase_add_test(cases, gap_is_closed);
    tcase_add_test(cases, gaps_are_closed_all_or_none);
    tcase_add_test(cases, anchors_that_make_no_line);
    tcase_add_test(cases, hostile_numbers_do_no_harm);
    tcase_add_test(cases, hostile_gaps_keep_the_order);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
