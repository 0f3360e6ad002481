/*
 * subtrees.c: what the filters leave of a tree, with times. (check_merge.c has the ones by function.)
 */
#include "profile/subtrees.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

enum { MAIN, PARSE, LEX, LOAD, NR_FUNCTIONS };

/* main 100 { parse 60 { lex 40 { load 5 } } load 30 { lex 10 } }, each with a correction of its own time. */
static void tree_make(struct calltree *tree)
{
    struct err err = {0};
    ck_assert_int_eq(calltree_init(tree, &err), 0);

    static const struct {
        uint32_t parent, function;
        uint64_t inclusive;
        int64_t correction;
    } nodes[] = {{0, MAIN, 100, -1}, {1, PARSE, 60, -2}, {2, LEX, 40, -4},
                 {3, LOAD, 5, -8},   {1, LOAD, 30, -16}, {5, LEX, 10, -32}};

    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        uint32_t node = calltree_child(tree, nodes[i].parent, nodes[i].function, &err);
        ck_assert_uint_eq(node, i + 1);
        tree->nodes[node].calls = i + 1;
        tree->nodes[node].inclusive = nodes[i].inclusive;
        tree->nodes[node].correction = nodes[i].correction;
    }
}

static const bool only_lex[NR_FUNCTIONS] = {[LEX] = true}, only_load[NR_FUNCTIONS] = {[LOAD] = true},
                  only_parse[NR_FUNCTIONS] = {[PARSE] = true}, only_main[NR_FUNCTIONS] = {[MAIN] = true};

/* "path calls inclusive correction", a node each, in their order. */
static const struct {
    struct subtree_filter filter;
    const char *expected;
} cases[] = {
    {{.depth = 0}, "m 1 100 -1;mp 2 60 -2;mpl 3 40 -4;mplo 4 5 -8;mo 5 30 -16;mol 6 10 -32;"},
    {{.ignored = only_lex}, "m 1 50 -1;mp 2 20 -2;mo 5 20 -16;"},
    {{.ignored = only_main}, ""},
    {{.hidden = only_parse}, "m 1 100 -3;ml 3 40 -4;mlo 4 5 -8;mo 5 30 -16;mol 6 10 -32;"},
    {{.hidden = only_main}, "p 2 60 -2;pl 3 40 -4;plo 4 5 -8;o 5 30 -16;ol 6 10 -32;"},
    {{.depth = 2}, "m 1 100 -1;mp 2 60 -14;mo 5 30 -48;"},
    {{.least = 30}, "m 1 100 -1;mp 2 60 -2;mpl 3 40 -12;mo 5 30 -48;"},
    {{.wanted = only_load}, "o 9 35 -24;ol 6 10 -32;"},
    {{.wanted = only_parse, .depth = 1}, "p 2 60 -14;"},
    {{.wanted = only_parse, .ignored = only_load, .hidden = only_lex}, "p 2 55 -6;"},
};

START_TEST(filters)
{
    static const char letters[] = "mplo";
    struct calltree tree, kept;
    struct err err = {0};
    bool is_kept[8];
    uint32_t numbers[NR_FUNCTIONS], nr = NR_FUNCTIONS;
    char text[512] = "";
    tree_make(&tree);
    ck_assert_int_eq(subtrees_keep(&tree, &cases[_i].filter, &kept, is_kept, numbers, &nr, &err), 0);
    for (uint32_t i = 1; i < kept.nr_nodes; i++) {
        char path[8] = "";
        size_t used = strlen(text);
        for (uint32_t at = i; at != CALLTREE_ROOT; at = kept.nodes[at].parent) {
            uint32_t function = 0;
            while (numbers[function] != kept.nodes[at].function)
                function++;
            memmove(path + 1, path, sizeof(path) - 2);
            path[0] = letters[function];
        }
        snprintf(text + used, sizeof(text) - used, "%s %u %u %d;", path, (unsigned)kept.nodes[i].calls,
                 (unsigned)kept.nodes[i].inclusive, (int)kept.nodes[i].correction);
    }
    ck_assert_str_eq(text, cases[_i].expected);
    calltree_release(&tree);
    calltree_release(&kept);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("subtrees");
    TCase *tests = tcase_create("subtrees");
    tcase_add_loop_test(tests, filters, 0, (int)(sizeof(cases) / sizeof(cases[0])));
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
