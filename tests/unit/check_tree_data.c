/*
 * What the scripts get is the profile: every node under its parent with its calls and its time, and what is left out
 * stands in it as one node a parent, so that no time is missing.
 */
#include "base/columns.h"
#include "profile/folded.h"
#include "view/tree_data.h"
#include "profile_fixture.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The numbers of the text after `name`, as page/tree.js reads them. */
static size_t numbers_read(const char *text, const char *name, uint64_t *numbers, size_t room)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *p = strstr(text, name);
    ck_assert_ptr_nonnull(p);
    p += strlen(name);
    ck_assert_int_eq(*p++, '"');
    size_t nr = 0, nr_digits = 0;
    uint32_t bits = 0;
    unsigned nr_bits = 0, shift = 0;
    uint64_t value = 0;
    for (; *p != '"' && *p != '='; p++, nr_digits++) {
        const char *digit = strchr(digits, *p);
        ck_assert_ptr_nonnull(digit);
        bits = bits << 6 | (uint32_t)(digit - digits);
        nr_bits += 6;
        if (nr_bits < 8)
            continue;
        nr_bits -= 8;
        uint8_t byte = (uint8_t)(bits >> nr_bits);
        value |= (uint64_t)(byte & 127) << shift;
        shift += 7;
        if (byte >= 128)
            continue;
        ck_assert_uint_lt(nr, room);
        numbers[nr++] = value;
        value = shift = 0;
    }
    ck_assert_uint_eq((nr_digits + strspn(p, "=")) % 4, 0);
    ck_assert_uint_eq(shift, 0);
    return nr;
}

static char *data_of(const struct profile *profile, const struct tree_cut *cut)
{
    struct err err = {0};
    char *text;
    size_t bytes;
    struct out *out = out_open_memory(&text, &bytes);
    tree_data_write(out, profile, &(struct view_options){0}, cut);
    ck_assert_int_eq(out_close(out, &err), 0);
    return text;
}

START_TEST(columns_hold_numbers)
{
    static const uint64_t wanted[] = {0, 1, 127, 128, 300, 16383, 16384, UINT32_MAX, 1ull << 53, UINT64_MAX};

    enum { NR = sizeof(wanted) / sizeof(wanted[0]) };

    for (size_t nr = 0; nr <= NR; nr++) {
        uint64_t got[NR];
        struct err err = {0};
        char *text;
        size_t bytes;
        struct columns columns = {.out = out_open_memory(&text, &bytes)};
        for (size_t i = 0; i < nr; i++)
            columns_add(&columns, wanted[i]);
        columns_end(&columns);
        ck_assert_int_eq(out_close(columns.out, &err), 0);
        ck_assert_uint_eq(numbers_read(text, "", got, NR), nr);
        ck_assert_int_eq(memcmp(got, wanted, nr * sizeof(*got)), 0);
        free(text);
    }
}

END_TEST

/* Walk the columns and the profile side by side. */
static void nodes_check(const struct profile *profile, const struct tree_cut *cut, const uint64_t *numbers, size_t nr)
{
    uint32_t at[64] = {0}; /* by depth: the profile's node */
    uint32_t depth = 0;
    uint64_t self_ns = 0, nr_rest = 0;
    ck_assert_uint_eq(nr, 1 + 4 * numbers[0]);
    for (size_t i = 0; i < numbers[0]; i++) {
        const uint64_t *row = numbers + 1 + 4 * i;
        ck_assert_uint_le(row[0], depth);
        depth = depth - (uint32_t)row[0] + 1;
        self_ns += row[3];
        if (row[1] == profile->nr_functions) {
            nr_rest += row[2];
            at[depth] = 0;
            continue;
        }
        uint32_t node = profile->nodes[at[depth - 1]].first_child;
        while (node != 0 && profile->nodes[node].function != row[1])
            node = profile->nodes[node].next_sibling;
        ck_assert_uint_ne(node, 0);
        ck_assert_uint_eq(row[2], profile->nodes[node].calls);
        ck_assert_uint_eq(row[3], profile->nodes[node].exclusive_ns);
        ck_assert_uint_ge(profile->nodes[node].inclusive_ns, cut->least_ns);
        at[depth] = node;
    }
    ck_assert_uint_eq(self_ns, profile->nodes[0].inclusive_ns);
    ck_assert_uint_le(nr_rest, cut->nr_left_out);
}

START_TEST(scripts_get_the_profile)
{
    struct profile *profile = profile_fixture();
    static const double percents[] = {0, 1, 5, 20, 100};
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
        uint64_t numbers[256];
        struct tree_cut cut = tree_cut_choose(profile, percents[i], 1000);
        char *text = data_of(profile, &cut);
        nodes_check(profile, &cut, numbers, numbers_read(text, "\"nodes\":", numbers, 256));
        ck_assert((cut.nr_left_out == 0) == (percents[i] <= 0));
        free(text);
    }
    profile_free(profile);
}

END_TEST

START_TEST(large_trees_are_cut)
{
    enum { NR = 3000 };

    static uint64_t numbers[4 * NR];
    char *text = calloc(NR, 48);
    for (int i = 0, used = 0; i < NR; i++)
        used += sprintf(text + used, "main;f%d;g%d %d\n", i % 50, i, 1 + i);
    struct err err = {0};
    FILE *file = fmemopen(text, strlen(text), "r");
    struct profile *profile = folded_read(file, &(struct folded_request){.name = "test", .unit = "samples"}, &err);
    fclose(file);
    ck_assert_ptr_nonnull(profile);
    struct tree_cut cut = tree_cut_choose(profile, 0, 500);
    ck_assert_uint_le(profile->nr_nodes - cut.nr_left_out, 500);
    ck_assert_uint_ge(profile->nr_nodes - cut.nr_left_out, 300);
    char *data = data_of(profile, &cut);
    nodes_check(profile, &cut, numbers, numbers_read(data, "\"nodes\":", numbers, 4 * NR));
    free(data);
    free(text);
    profile_free(profile);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("tree_data");
    TCase *tests = tcase_create("tree_data");
    tcase_add_test(tests, columns_hold_numbers);
    tcase_add_test(tests, scripts_get_the_profile);
    tcase_add_test(tests, large_trees_are_cut);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
