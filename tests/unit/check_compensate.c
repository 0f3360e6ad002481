#include "profile/compensate.h"

#include "suite.h"

#include <stdlib.h>

static struct calltree tree;
static struct err err;

static void tree_begin(void)
{
    ck_assert_int_eq(calltree_init(&tree, &err), 0);
}

static void tree_end(void)
{
    calltree_release(&tree);
}

/* A node with one call of `inclusive` ns. */
static struct calltree_node *node_add(uint32_t parent, uint32_t function, uint64_t inclusive)
{
    uint32_t node = calltree_child(&tree, parent, function, &err);
    tree.nodes[node].calls = 1;
    tree.nodes[node].inclusive = inclusive;
    return &tree.nodes[node];
}

START_TEST(waiting_is_nobodys_time)
{
    const struct calltree_node *parent = node_add(CALLTREE_ROOT, 0, 1000);
    struct calltree_node *child = node_add(1, 1, 400);
    child->stalled = 300;
    ck_assert_int_eq(compensate(&tree, &err), 0);
    ck_assert_int_eq(child->correction, -300);
    ck_assert_int_eq(parent->correction, 0);
}

END_TEST

/* A window of time can begin in a wait: then less of it is within the node's time than the record says. */
START_TEST(nothing_falls_below_zero)
{
    struct calltree_node *parent = node_add(CALLTREE_ROOT, 0, 1000);
    node_add(1, 1, 900);
    parent->stalled = 300;
    ck_assert_int_eq(compensate(&tree, &err), 0);
    ck_assert_int_eq(parent->correction, -100);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("compensate");
    TCase *tcase = tcase_create("compensate");
    tcase_add_checked_fixture(tcase, tree_begin, tree_end);
    tcase_add_test(tcase, waiting_is_nobodys_time);
    tcase_add_test(tcase, nothing_falls_below_zero);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
