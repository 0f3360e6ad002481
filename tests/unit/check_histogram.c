/* histogram.c: buckets cover everything, quantiles are near, adding is exact. */
#include "profile/histogram.h"
#include "random.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>

static uint64_t random64(uint64_t *state)
{
    uint64_t random = random_next(state);
    return random >> random % 61;
}

START_TEST(buckets_follow_each_other)
{
    ck_assert_uint_eq(histogram_least(0), 0);
    for (uint32_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        uint64_t least = histogram_least(bucket), greatest = histogram_greatest(bucket);
        ck_assert_uint_eq(histogram_bucket(least), bucket);
        ck_assert_uint_eq(histogram_bucket(greatest), bucket);
        if (bucket + 1 < HISTOGRAM_BUCKETS)
            ck_assert_uint_eq(histogram_least(bucket + 1), greatest + 1);
        if (least >= 64)
            ck_assert_uint_le(greatest - least + 1, least / 32);
        else
            ck_assert_uint_eq(least, greatest);
    }
    ck_assert_uint_eq(histogram_greatest(HISTOGRAM_BUCKETS - 1), UINT64_MAX);
}

END_TEST

static void count_take(void *context, uint32_t bucket, uint64_t calls)
{
    struct histogram *histogram = context;
    ck_assert(histogram->nr == 0 || histogram->counts[histogram->nr - 1].bucket < bucket);
    histogram->counts[histogram->nr++] = (struct histogram_count){bucket, calls};
}

static struct histogram histogram_of(const uint64_t *durations, size_t nr)
{
    struct histogram_set set = {0};
    struct histogram histogram = {.counts = calloc(HISTOGRAM_BUCKETS, sizeof(*histogram.counts))};
    ck_assert_int_eq(histogram_set_reserve(&set, 1), 0);
    for (size_t i = 0; i < nr; i++)
        histogram_set_add(&set, 0, durations[i], 1);
    histogram_set_each(&set, 0, count_take, &histogram);
    histogram_set_release(&set);
    return histogram;
}

static int compare64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

START_TEST(quantiles_are_near)
{
    enum { NR = 20000 };

    uint64_t *durations = calloc(NR, sizeof(*durations)), state = 88172645463325252u;
    for (int i = 0; i < NR; i++)
        durations[i] = random64(&state);
    struct histogram histogram = histogram_of(durations, NR);
    ck_assert_uint_eq(histogram_calls(&histogram), NR);
    qsort(durations, NR, sizeof(*durations), compare64);
    for (uint32_t permille = 1; permille <= 1000; permille++) {
        uint64_t exact = durations[((uint64_t)NR * permille + 999) / 1000 - 1];
        uint64_t found = histogram_quantile(&histogram, permille);
        uint64_t error = found > exact ? found - exact : exact - found;
        ck_assert_uint_le(error, exact < 64 ? 0 : exact / 64);
    }
    free(histogram.counts);
    free(durations);
}

END_TEST

START_TEST(sums_are_those_of_all_calls)
{
    enum { NR = 3000, PART = 1000 };

    uint64_t durations[NR], state = 4711;
    for (int i = 0; i < NR; i++)
        durations[i] = random64(&state);
    struct histogram whole = histogram_of(durations, NR), sum = {0};
    for (int i = 2; i >= 0; i--) {
        struct histogram part = histogram_of(durations + i * PART, PART);
        ck_assert_int_eq(histogram_add(&sum, &part), 0);
        free(part.counts);
    }
    ck_assert_uint_eq(sum.nr, whole.nr);
    for (uint32_t i = 0; i < sum.nr; i++) {
        ck_assert_uint_eq(sum.counts[i].bucket, whole.counts[i].bucket);
        ck_assert_uint_eq(sum.counts[i].calls, whole.counts[i].calls);
    }
    free(sum.counts);
    free(whole.counts);
}

END_TEST

START_TEST(an_empty_one_has_no_quantile)
{
    struct histogram empty = {0}, sum = {0};
    ck_assert_uint_eq(histogram_quantile(&empty, 500), 0);
    ck_assert_int_eq(histogram_add(&sum, &empty), 0);
    ck_assert_uint_eq(sum.nr, 0);
}

END_TEST

START_TEST(members_are_apart)
{
    enum { NR = 500 };
    struct histogram_set set = {0};
    for (uint32_t i = 0; i < NR; i++) {
        ck_assert_int_eq(histogram_set_reserve(&set, i + 1), 0);
        for (uint32_t j = 0; j <= i; j++)
            histogram_set_add(&set, j, (uint64_t)j << (i % 40), 1);
    }
    for (uint32_t i = 0; i < NR; i++) {
        struct histogram histogram = {.counts = calloc(HISTOGRAM_BUCKETS, sizeof(*histogram.counts))};
        histogram_set_each(&set, i, count_take, &histogram);
        ck_assert_uint_eq(histogram_calls(&histogram), NR - i);
        free(histogram.counts);
    }
    ck_assert(!set.failed);
    histogram_set_release(&set);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("histogram");
    TCase *tcase = tcase_create("histogram");
    tcase_add_test(tcase, buckets_follow_each_other);
    tcase_add_test(tcase, quantiles_are_near);
    tcase_add_test(tcase, sums_are_those_of_all_calls);
    tcase_add_test(tcase, an_empty_one_has_no_quantile);
    tcase_add_test(tcase, members_are_apart);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
