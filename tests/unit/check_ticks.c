/*
 * clock.c: exact against a division, monotone, and its own inverse.
 *
 * row: R43 R44
 */
#include "random.h"
#include "trace/ticks.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>

__extension__ typedef unsigned __int128 uint128_t;

static uint64_t random64(uint64_t *state)
{
    uint64_t random = random_next(state);
    return random >> random % 61;
}

static uint64_t exact(uint64_t duration, uint64_t ticks, uint64_t ns)
{
    uint128_t result = (uint128_t)duration * ns / ticks;
    return result > UINT64_MAX ? UINT64_MAX : (uint64_t)result;
}

START_TEST(durations_are_exact)
{
    uint64_t state = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        uint64_t ticks = random64(&state) | 1, ns = random64(&state), duration = random64(&state);
        struct clock clock;
        clock_init_rate(&clock, 0, ticks, ns);
        ck_assert_uint_eq(clock_duration_ns(&clock, duration), exact(duration, ticks, ns));
    }
}

END_TEST

START_TEST(time_never_goes_back)
{
    struct clock clock;
    clock_init_rate(&clock, 1000, 2995198765, 1000000007);
    uint64_t before = 0;
    for (uint64_t ticks = 0; ticks < 100000; ticks++) {
        uint64_t now = clock_ns(&clock, ticks);
        ck_assert_uint_ge(now, before);
        before = now;
    }
    ck_assert_uint_eq(clock_ns(&clock, 1000), 0);
    ck_assert_uint_eq(clock_ns(&clock, 0), 0);
}

END_TEST

START_TEST(parts_never_exceed_the_whole)
{
    struct clock clock;
    uint64_t state = 1234567;
    clock_init_rate(&clock, 0, 3, 1);
    for (int i = 0; i < 10000; i++) {
        uint64_t a = random64(&state) / 4, b = random64(&state) / 4;
        ck_assert_uint_le(clock_duration_ns(&clock, a) + clock_duration_ns(&clock, b),
                          clock_duration_ns(&clock, a + b));
    }
}

END_TEST

START_TEST(ticks_are_the_first_with_that_time)
{
    struct clock clock;
    uint64_t state = 42;
    for (int i = 0; i < 1000; i++) {
        clock_init_rate(&clock, random64(&state) / 2, random64(&state) | 1, random64(&state) | 1);
        uint64_t ns = random64(&state), ticks = clock_ticks(&clock, ns);
        if (ticks == UINT64_MAX)
            continue;
        ck_assert_uint_ge(clock_ns(&clock, ticks), ns);
        if (ticks > clock.origin_ticks)
            ck_assert_uint_lt(clock_ns(&clock, ticks - 1), ns);
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("clock");
    TCase *tcase = tcase_create("clock");
    tcase_add_test(tcase, durations_are_exact);
    tcase_add_test(tcase, time_never_goes_back);
    tcase_add_test(tcase, parts_never_exceed_the_whole);
    tcase_add_test(tcase, ticks_are_the_first_with_that_time);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
