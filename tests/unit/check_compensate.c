#include "profile/compensate.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

static struct calltree tree;
static struct fenced fenced;
static struct err err;

static const struct hook_cost unknown;
static const struct hook_cost known = {
    .is_known = true, .idle_inside = 10, .short_inside = 10, .short_outside = 8, .long_inside = 4, .long_outside = 14};

static void tree_begin(void)
{
    ck_assert_int_eq(calltree_init(&tree, &err), 0);
    fenced = (struct fenced){0};
}

static void tree_end(void)
{
    calltree_release(&tree);
}

/* A node with `calls` that take `inclusive` ns in all. The first one is node 1, and so on. */
static void node_add(uint32_t parent, uint32_t function, uint64_t calls, uint64_t inclusive)
{
    uint32_t node = calltree_child(&tree, parent, function, &err);
    tree.nodes[node].calls = calls;
    tree.nodes[node].inclusive = inclusive;
}

/* What hooks are taken to have cost in the end. */
static struct hook_cost correct(struct hook_cost cost)
{
    ck_assert_int_eq(compensate(&tree, &fenced, &cost, &err), 0);
    return cost;
}

START_TEST(waiting_is_nobodys_time)
{
    node_add(CALLTREE_ROOT, 0, 1, 1000);
    node_add(1, 1, 1, 400);
    tree.nodes[2].stalled = 300;
    correct(unknown);
    ck_assert_int_eq(tree.nodes[2].correction, -300);
    ck_assert_int_eq(tree.nodes[1].correction, 0);
    ck_assert_uint_eq(tree.nodes[2].below, 50 + 10);
    ck_assert_uint_eq(tree.nodes[2].above, 2 * 50 + 10);
}

END_TEST

/* A window of time can begin in a wait: then less of it is within the node's time than the record says. */
START_TEST(nothing_falls_below_zero)
{
    node_add(CALLTREE_ROOT, 0, 1, 1000);
    node_add(1, 1, 90, 900);
    tree.nodes[1].stalled = 300;
    correct(known);
    ck_assert_int_eq(tree.nodes[1].correction, -100);
    ck_assert_int_eq(tree.nodes[2].correction, -900);
    ck_assert_uint_eq(tree.nodes[1].below, 0);
    ck_assert_uint_eq(tree.nodes[1].above, 2 * 91 * 10);
}

END_TEST

/* Ten calls of 12 ns, mostly hooks, and 10 us of work in between. */
START_TEST(a_call_pays_the_inside_and_its_caller_the_outside)
{
    node_add(CALLTREE_ROOT, 0, 1, 10120);
    node_add(1, 1, 10, 120);
    correct(known);
    ck_assert_int_eq(tree.nodes[2].correction, -100);
    ck_assert_uint_eq(tree.nodes[2].below, 20); /* all that is left */
    ck_assert_uint_eq(tree.nodes[2].above, 2 * 100 + 2);
    ck_assert_int_eq(tree.nodes[1].correction, -(10 * 8 + 4));
    ck_assert_uint_eq(tree.nodes[1].below, 110 + (10000 - 84) / 10);
}

END_TEST

/* The longer the function, the more of its hooks is seen outside of it: to a caller without work of its own, all. */
START_TEST(hooks_of_long_functions_cost_otherwise)
{
    node_add(CALLTREE_ROOT, 0, 1, 100000);
    node_add(1, 1, 10, 90000);
    correct(known);
    ck_assert_int_eq(tree.nodes[2].correction, -40);
    ck_assert_int_eq(tree.nodes[1].correction, -(140 + 4));
}

END_TEST

/*
 * 100,000 calls of 15 ns by a caller that takes 12 ns for each, 0.8 of them for the call: no hooks cost more than that
 * here, and none less.
 */
START_TEST(the_shortest_calls_show_the_cost)
{
    node_add(CALLTREE_ROOT, 0, 1, 2700000);
    node_add(1, 1, 100000, 1500000);
    struct hook_cost cost = correct(known);
    ck_assert_double_eq_tol(cost.short_inside, 15, 0.01);
    ck_assert_double_eq_tol(cost.short_outside, 11.2, 0.01);
    ck_assert_double_eq_tol(cost.long_inside, 9, 0.01);
    ck_assert_double_eq_tol(cost.long_outside, 17.2, 0.01);
    ck_assert_int_lt(tree.nodes[2].correction, -1499900);
}

END_TEST

/* Where even the shortest calls take long, they are more than their hooks. */
START_TEST(long_calls_show_nothing)
{
    node_add(CALLTREE_ROOT, 0, 1, 9000000);
    node_add(1, 1, 100000, 4000000);
    struct hook_cost cost = correct(known);
    ck_assert_double_eq(cost.short_inside, 10);
}

END_TEST

/* Recursion whose turns are folded onto the second one: most calls of that are its own, not its parent's. */
START_TEST(a_function_pays_for_all_its_nodes)
{
    node_add(CALLTREE_ROOT, 0, 1, 100020);
    node_add(1, 0, 1000, 100000);
    correct(known);
    ck_assert_int_eq(tree.nodes[1].correction, -20);
    ck_assert_int_gt(tree.nodes[2].correction, -18100); /* 1000 times 4.1 inside and 13.9 outside, less those 20 */
    ck_assert_int_lt(tree.nodes[2].correction, -17900);
}

END_TEST

/* `ends` half pairs of its own hooks and `callees` of others', around so many ns. */
static void fenced_add(uint32_t node, uint32_t ends, uint32_t callees, uint64_t time)
{
    static struct fenced_sum sums[16];
    fenced = (struct fenced){.sums = sums, .nr = sizeof(sums) / sizeof(sums[0])};
    sums[node] = (struct fenced_sum){.time = time, .own = ends, .callees = callees};
}

static uint64_t left_of(uint32_t node)
{
    uint64_t callees = 0;
    for (uint32_t i = 1; i < tree.nr_nodes; i++)
        callees += tree.nodes[i].parent == node ? tree.nodes[i].inclusive : 0;
    return tree.nodes[node].inclusive - callees + (uint64_t)tree.nodes[node].correction;
}

static void is_about(uint64_t value, uint64_t expected)
{
    ck_assert_msg(value >= expected - expected / 20 && value <= expected + expected / 20, "%llu for %llu",
                  (unsigned long long)value, (unsigned long long)expected);
}

/*
 * 10,000 calls each of five functions, of 12 ns as far as anybody can see, but for the fourth, which has 2,000 and
 * takes 1 us; their caller takes 11 for each. Behind fences, where a pair costs 30 ns inside and 40 outside, they show
 * what they take: nothing, 2 ns and 6; the caller nothing. Of the fourth hooks hide nothing; and nobody knows of the
 * fifth, of which too few were there. So a pair costs the 12 ns inside and the 11 outside, but for the 2.2 that are the
 * program's: these are shared out.
 */
START_TEST(hidden_time_is_shared_out_as_fenced_chunks_show_it)
{
    const uint64_t excess = 100 * (30 - 10); /* what 100 calls behind fences have cost more than others */
    node_add(CALLTREE_ROOT, 0, 1,
             4 * 120000 + 2000000 + 4 * excess + 32 * 20 + (4 * 10000 + 2000) * 11 + 400 * (40 - 8));
    for (uint32_t function = 1; function <= 3; function++)
        node_add(1, function, 10000, 120000 + excess);
    node_add(1, 4, 2000, 2000000 + excess);
    node_add(1, 5, 10000, 120000 + 32 * 20);
    fenced_add(1, 0, 800, 400 * 40);
    fenced_add(2, 200, 0, 100 * 30);
    fenced_add(3, 200, 0, 100 * (30 + 2));
    fenced_add(4, 200, 0, 100 * (30 + 6));
    fenced_add(5, 200, 0, 100 * (30 + 500));
    fenced_add(6, 63, 0, 32 * (30 + 500));
    struct hook_cost cost = correct(known);
    ck_assert_double_eq_tol(cost.short_inside, 12 - 1.1, 0.2);
    ck_assert_double_eq_tol(cost.short_outside, 11 - 1.1, 0.2);
    ck_assert_uint_eq(left_of(2), 0);
    ck_assert_uint_le(left_of(1), 2);
    ck_assert_int_le(llabs((long long)left_of(4) - 3 * (long long)left_of(3)), 4);
    is_about(left_of(3) + left_of(4), (3 + 4) * 11000 - 2000 * 4); /* the long one's hooks lie outside of it */
    is_about(left_of(5), 2000000 - 2000 * 5);
    is_about(left_of(6), 11000);
    /* What was shared out is known better than to the inside of a pair for each call, which all of it was before. */
    is_about(tree.nodes[4].below, left_of(4) / 2 + left_of(4) / 10 + 15000);
    is_about(tree.nodes[4].above, 3 * left_of(4) / 4 + left_of(4) / 10 + 15000);
    is_about(tree.nodes[6].above, 2 * 109000 + left_of(6) / 10);
}

END_TEST

/* Where what fenced chunks say of hooks is unlikely, it is not believed. */
START_TEST(unlikely_costs_are_not_believed)
{
    node_add(CALLTREE_ROOT, 0, 1, 10000 * (40 + 11));
    node_add(1, 1, 10000, 10000 * 40);
    fenced_add(1, 0, 2000, 1000 * 40);
    fenced_add(2, 2000, 0, 1000 * 30);
    struct hook_cost cost = correct(known);
    ck_assert_double_eq(cost.short_inside, known.short_inside);
}

END_TEST

START_TEST(impossible_numbers)
{
    node_add(CALLTREE_ROOT, 0, UINT64_MAX, UINT64_MAX);
    node_add(1, 1, UINT64_MAX, 5);
    node_add(2, 2, 0, UINT64_MAX);
    tree.nodes[1].stalled = UINT64_MAX;
    fenced_add(1, UINT32_MAX, UINT32_MAX, UINT64_MAX);
    fenced_add(2, UINT32_MAX, 0, 1);
    fenced_add(3, 0, UINT32_MAX, UINT64_MAX);
    correct(known);
    for (uint32_t i = 1; i < tree.nr_nodes; i++)
        ck_assert_uint_le(tree.nodes[i].below, UINT64_MAX / 2);
}

END_TEST

START_TEST(the_trace_tells_the_cost)
{
    static struct trace trace;
    static const struct trace_hook_cost costs[] = {
        {0, 0, 2560, 2048},      /* 10 and 8 ns around nothing */
        {1, 0, 2304, 2304},      /* 9 and 9 */
        {0, 512, 2048, 2560},    /* 8 and 10 around 2 ns */
        {1, 512, 1536, 2304},    /* 6 and 9 */
        {0, 2560, -500, 4000},   /* 10 ns long: neither short nor long */
        {0, 25600, 512, 3584},   /* 2 and 14 around 100 ns */
        {1, 25600, 1024, 3328},  /* 4 and 13 */
        {0, 99999, 99999, 99999} /* disturbed */
    };
    clock_init_ns(&trace.clock, 0);
    memcpy(trace.hook_costs, costs, sizeof(costs));
    trace.nr_hook_costs = 4;
    ck_assert(!hook_cost_of(&trace).is_known);
    trace.nr_hook_costs = sizeof(costs) / sizeof(costs[0]);
    struct hook_cost cost = hook_cost_of(&trace);
    ck_assert(cost.is_known);
    ck_assert_double_eq_tol(cost.idle_inside, 9.5, 0.001);
    ck_assert_double_eq_tol(cost.short_inside, 7, 0.001);
    ck_assert_double_eq_tol(cost.short_outside, 9.5, 0.001);
    ck_assert_double_eq_tol(cost.long_inside, 4, 0.001);
    ck_assert_double_eq_tol(cost.long_outside, 14, 0.001);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("compensate");
    TCase *tcase = tcase_create("compensate");
    tcase_add_checked_fixture(tcase, tree_begin, tree_end);
    tcase_add_test(tcase, waiting_is_nobodys_time);
    tcase_add_test(tcase, nothing_falls_below_zero);
    tcase_add_test(tcase, a_call_pays_the_inside_and_its_caller_the_outside);
    tcase_add_test(tcase, hooks_of_long_functions_cost_otherwise);
    tcase_add_test(tcase, the_shortest_calls_show_the_cost);
    tcase_add_test(tcase, long_calls_show_nothing);
    tcase_add_test(tcase, a_function_pays_for_all_its_nodes);
    tcase_add_test(tcase, hidden_time_is_shared_out_as_fenced_chunks_show_it);
    tcase_add_test(tcase, unlikely_costs_are_not_believed);
    tcase_add_test(tcase, impossible_numbers);
    tcase_add_test(tcase, the_trace_tells_the_cost);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
