/* tree_links.c: the order of a walk, for every tree of a few nodes. */
#include "base/tree_links.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

enum { NODES = 6, TREES = 2 * 3 * 4 * 5 }; /* node 1 hangs below 0, node 2 below one of 2, node 3 below one of 3, … */

struct text {
    char all[128];
};

static void enter(void *context, uint32_t node, bool is_first)
{
    struct text *text = context;
    size_t used = strlen(text->all);
    snprintf(text->all + used, sizeof text->all - used, "%s%u(", is_first ? "" : ",", node);
}

static void leave(void *context, uint32_t node)
{
    struct text *text = context;
    (void)node;
    strcat(text->all, ")");
}

/* The same by recursion: children in descending order, as each is put before the others. */
static void write_expected(struct text *text, const uint32_t *parents, uint32_t node, bool is_first)
{
    bool first_child = true;
    enter(text, node, is_first);
    for (uint32_t child = NODES; child-- > 1;) {
        if (parents[child] != node)
            continue;
        write_expected(text, parents, child, first_child);
        first_child = false;
    }
    leave(text, node);
}

START_TEST(all_are_visited_in_order)
{
    struct tree_links links;
    struct text visited = {""}, expected = {""};
    uint32_t parents[NODES] = {NODES};
    const struct tree_visitor visitor = {.context = &visited, .enter = enter, .leave = leave};
    ck_assert_int_eq(tree_links_init(&links, NODES), 0);
    for (uint32_t node = 1, rest = (uint32_t)_i; node < NODES; rest /= node, node++) {
        parents[node] = rest % node;
        tree_links_add(&links, parents[node], node);
    }
    write_expected(&expected, parents, 0, true);
    tree_links_visit(&links, &visitor);
    ck_assert_str_eq(visited.all, expected.all);
    tree_links_release(&links);
}

END_TEST

START_TEST(what_hangs_nowhere_is_left_out)
{
    struct tree_links links;
    struct text visited = {""};
    const struct tree_visitor visitor = {.context = &visited, .enter = enter, .leave = leave};
    ck_assert_int_eq(tree_links_init(&links, NODES), 0);
    tree_links_add(&links, 0, 3);
    tree_links_add(&links, 2, 1);
    tree_links_visit(&links, &visitor);
    ck_assert_str_eq(visited.all, "0(3())");
    tree_links_release(&links);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("tree_links");
    TCase *tcase = tcase_create("tree_links");
    tcase_add_loop_test(tcase, all_are_visited_in_order, 0, TREES);
    tcase_add_test(tcase, what_hangs_nowhere_is_left_out);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
