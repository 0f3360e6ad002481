/* by_thread.c: the threads with the most calls, each number once. */
#include "profile/by_thread.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>

static uint32_t choose(const uint64_t *calls, const uint32_t *tids, uint32_t nr, uint32_t chosen[BY_THREAD_MAX])
{
    struct profile_thread threads[64] = {{0}};
    struct profile profile = {.threads = threads, .nr_threads = nr};
    for (uint32_t i = 0; i < nr; i++) {
        threads[i].pid = 7;
        threads[i].tid = tids != NULL ? tids[i] : i + 1;
        threads[i].nr_calls = calls[i];
    }
    return by_thread_choose(&profile, chosen);
}

START_TEST(busiest_come_first)
{
    uint32_t chosen[BY_THREAD_MAX];
    const uint64_t calls[] = {5, 0, 9, 5, 7};
    ck_assert_uint_eq(choose(calls, NULL, 5, chosen), 4); /* one has called nothing */
    const uint32_t wanted[] = {2, 4, 0, 3};
    ck_assert_mem_eq(chosen, wanted, sizeof(wanted));
    ck_assert_uint_eq(choose(calls, NULL, 0, chosen), 0);
}

END_TEST

START_TEST(number_that_is_used_again_is_one_choice)
{
    uint32_t chosen[BY_THREAD_MAX];
    const uint64_t calls[] = {5, 6, 9};
    const uint32_t tids[] = {11, 12, 11};
    ck_assert_uint_eq(choose(calls, tids, 3, chosen), 2);
    ck_assert_uint_eq(chosen[0], 1);
    ck_assert_uint_eq(chosen[1], 0);
}

END_TEST

static int descending(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x < *y) - (*x > *y);
}

START_TEST(of_many_the_most_are_chosen)
{
    srand((unsigned)_i);
    for (int round = 0; round < 100; round++) {
        uint64_t calls[64], sorted[64];
        uint32_t chosen[BY_THREAD_MAX], nr = 1 + (uint32_t)rand() % 64;
        for (uint32_t i = 0; i < nr; i++)
            calls[i] = sorted[i] = 1 + (uint64_t)rand() % 20;
        qsort(sorted, nr, sizeof(*sorted), descending);
        ck_assert_uint_eq(choose(calls, NULL, nr, chosen), nr);
        for (uint32_t i = 0; i < nr && i < BY_THREAD_MAX; i++) {
            ck_assert_uint_eq(calls[chosen[i]], sorted[i]);
            for (uint32_t j = 0; j < i; j++)
                ck_assert_uint_ne(chosen[i], chosen[j]);
        }
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("by_thread");
    TCase *tcase = tcase_create("by_thread");
    tcase_add_test(tcase, busiest_come_first);
    tcase_add_test(tcase, number_that_is_used_again_is_one_choice);
    tcase_add_loop_test(tcase, of_many_the_most_are_chosen, 0, 5);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
