/*
 * Which clock a machine gets, and what is found out about it.
 *
 * row: R42
 */
#include "clock.h"

#include "suite.h"

#include <check.h>

static const struct {
    enum config_clock order;
    struct clock_facts facts;
    struct clock_choice choice;
} machines[] = {
    {CONFIG_CLOCK_AUTO, {true, "tsc"}, {CLOCK_COUNTER, TF_CLOCK_FIT}},
    {CONFIG_CLOCK_AUTO, {true, "kvm-clock"}, {CLOCK_COUNTER, TF_CLOCK_FIT}},
    {CONFIG_CLOCK_AUTO, {true, "hyperv_clocksource_tsc_page"}, {CLOCK_COUNTER, TF_CLOCK_FIT}},
    {CONFIG_CLOCK_AUTO, {true, "xen"}, {CLOCK_COUNTER, TF_CLOCK_FIT}},
    {CONFIG_CLOCK_AUTO, {true, "arch_sys_counter"}, {CLOCK_COUNTER, TF_CLOCK_FIT}},
    {CONFIG_CLOCK_AUTO, {true, ""}, {CLOCK_COUNTER, TF_CLOCK_FIT}},
    {CONFIG_CLOCK_AUTO, {false, "tsc"}, {TF_CLOCK_MONOTONIC, TF_CLOCK_UNEVEN}},
    {CONFIG_CLOCK_AUTO, {false, ""}, {TF_CLOCK_MONOTONIC, TF_CLOCK_UNEVEN}},
    {CONFIG_CLOCK_AUTO, {false, "hpet"}, {TF_CLOCK_MONOTONIC, TF_CLOCK_UNEVEN}},
    {CONFIG_CLOCK_AUTO, {true, "hpet"}, {TF_CLOCK_MONOTONIC, TF_CLOCK_SHUNNED}},
    {CONFIG_CLOCK_AUTO, {true, "acpi_pm"}, {TF_CLOCK_MONOTONIC, TF_CLOCK_SHUNNED}},
    {CONFIG_CLOCK_AUTO, {true, "pit"}, {TF_CLOCK_MONOTONIC, TF_CLOCK_SHUNNED}},
    {CONFIG_CLOCK_AUTO, {true, "jiffies"}, {TF_CLOCK_MONOTONIC, TF_CLOCK_SHUNNED}},
    {CONFIG_CLOCK_AUTO, {true, "refined-jiffies"}, {TF_CLOCK_MONOTONIC, TF_CLOCK_SHUNNED}},
    {CONFIG_CLOCK_COUNTER, {true, "tsc"}, {CLOCK_COUNTER, TF_CLOCK_ORDERED}},
    {CONFIG_CLOCK_COUNTER, {false, "hpet"}, {CLOCK_COUNTER, TF_CLOCK_ORDERED}},
    {CONFIG_CLOCK_MONOTONIC, {true, "tsc"}, {TF_CLOCK_MONOTONIC, TF_CLOCK_ORDERED}},
    {CONFIG_CLOCK_MONOTONIC, {false, "hpet"}, {TF_CLOCK_MONOTONIC, TF_CLOCK_ORDERED}},
};

START_TEST(counter_is_taken_where_it_is_fit)
{
    struct clock_choice choice = clock_decide(machines[_i].order, &machines[_i].facts);
    ck_assert_int_eq(choice.clock, machines[_i].choice.clock);
    ck_assert_int_eq(choice.reason, machines[_i].choice.reason);
}

END_TEST

START_TEST(clock_that_is_chosen_goes_on)
{
    enum tf_clock clock = clock_choose(CONFIG_CLOCK_AUTO).clock;
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
