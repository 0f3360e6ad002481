/*
 * Which clock a machine gets, and what is found out about it.
 *
 * row: R42
 */
#include "clock.h"

#include "suite.h"

#include <check.h>

static const struct {
    bool is_invariant;
    const char *source;
    bool is_fit;
} machines[] = {
    {true, "tsc", true},
    {true, "kvm-clock", true},
    {true, "hyperv_clocksource_tsc_page", true},
    {true, "xen", true},
    {true, "arch_sys_counter", true},
    {true, "", true},
    {false, "tsc", false},
    {false, "", false},
    {false, "hpet", false},
    {true, "hpet", false},
    {true, "acpi_pm", false},
    {true, "pit", false},
    {true, "jiffies", false},
    {true, "refined-jiffies", false},
};

START_TEST(counter_is_taken_where_it_is_fit)
{
    ck_assert_int_eq(clock_counter_is_fit(machines[_i].is_invariant, machines[_i].source), machines[_i].is_fit);
}

END_TEST

START_TEST(clock_that_is_chosen_goes_on)
{
    enum tf_clock clock = clock_choose();
    ck_assert(clock == CLOCK_COUNTER || clock == TF_CLOCK_MONOTONIC);
    ck_assert_uint_ge(clock_step(clock), 1);
    struct clock_anchor first = clock_anchor(clock);
    while (clock_monotonic_ns() < first.ns + 2000000)
        continue;
    struct clock_anchor second = clock_anchor(clock);
    ck_assert_uint_ge(second.ns - first.ns, 2000000);
    ck_assert_uint_gt(second.ticks, first.ticks);
    if (clock == TF_CLOCK_MONOTONIC)
        ck_assert_uint_eq(second.ticks - first.ticks, second.ns - first.ns);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("clock");
    TCase *cases = tcase_create("clock");
    tcase_add_loop_test(cases, counter_is_taken_where_it_is_fit, 0, (int)(sizeof machines / sizeof *machines));
    tcase_add_test(cases, clock_that_is_chosen_goes_on);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
