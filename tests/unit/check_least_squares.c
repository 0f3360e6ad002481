/* least_squares.c: what it was made of comes out. */
#include "profile/least_squares.h"
#include "suite.h"

#include <math.h>

static double random_number(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 40) / (double)(1 << 24);
}

START_TEST(unknowns_are_found)
{
    uint64_t state = (uint64_t)_i + 1;
    struct least_squares sums = {0};
    double truth[UNKNOWNS], found[UNKNOWNS];
    for (int i = 0; i < UNKNOWNS; i++)
        truth[i] = 100 * random_number(&state) - 50;
    for (int n = 0; n < 50; n++) {
        double x[UNKNOWNS], y = 0;
        for (int i = 0; i < UNKNOWNS; i++) {
            x[i] = 1000 * random_number(&state);
            y += truth[i] * x[i];
        }
        least_squares_add(&sums, x, y, 1 + random_number(&state));
    }
    ck_assert(least_squares_solve(&sums, found));
    for (int i = 0; i < UNKNOWNS; i++)
        ck_assert_double_eq_tol(found[i], truth[i], 1e-6);
}

END_TEST

/* Twice 10 and once 16 of something are 12 each; the heavier equation pulls harder. */
START_TEST(contradictions_meet_by_weight)
{
    static const double ones[UNKNOWNS][UNKNOWNS] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    struct least_squares sums = {0};
    double found[UNKNOWNS];
    least_squares_add(&sums, ones[0], 10, 2);
    least_squares_add(&sums, ones[0], 16, 1);
    least_squares_add(&sums, ones[1], -3, 5);
    least_squares_add(&sums, ones[2], 0, 1);
    ck_assert(least_squares_solve(&sums, found));
    ck_assert_double_eq_tol(found[0], 12, 1e-9);
    ck_assert_double_eq_tol(found[1], -3, 1e-9);
    ck_assert_double_eq_tol(found[2], 0, 1e-9);
}

END_TEST

/* None, too few, all the same, or no numbers. */
START_TEST(what_is_not_told_is_not_found)
{
    struct least_squares sums = {0};
    double found[UNKNOWNS];
    ck_assert(!least_squares_solve(&sums, found));
    for (int n = 1; n <= 10; n++) {
        const double x[UNKNOWNS] = {n, 3 * n, 7 * n};
        least_squares_add(&sums, x, n, 1);
        ck_assert(!least_squares_solve(&sums, found));
    }
    const double none[UNKNOWNS] = {(double)NAN, 1, 1};
    least_squares_add(&sums, none, 1, 1);
    ck_assert(!least_squares_solve(&sums, found));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("least_squares");
    TCase *tcase = tcase_create("least_squares");
    tcase_add_loop_test(tcase, unknowns_are_found, 0, 10);
    tcase_add_test(tcase, contradictions_meet_by_weight);
    tcase_add_test(tcase, what_is_not_told_is_not_found);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
