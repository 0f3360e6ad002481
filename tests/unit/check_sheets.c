/*
 * The views that are tables: their numbers are the profile's, and no format lets a hostile name out of its place.
 */
#include "json_reader.h"
#include "profile_fixture.h"
#include "suite.h"
#include "cmd/view_table.h"
#include "view/function_columns.h"
#include "view/subject.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const verbs[] = {"report", "tree", "peek", "hist", "threads", "modules"};

enum { NR_VERBS = (int)(sizeof(verbs) / sizeof(verbs[0])) };

/* No control bytes, no marks that turn text around: the profile is full of them. */
static void is_harmless(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        ck_assert_msg(*p == '\n' || *p == '\r' || (uint8_t)*p >= 0x20, "byte %02x in\n%s", (unsigned)(uint8_t)*p, text);
    ck_assert_ptr_null(strstr(text, "\xff"));
    ck_assert_ptr_null(strstr(text, "\xe2\x80\xae"));
}

START_TEST(hostile_names_stay_in_their_place)
{
    const char *verb = verbs[_i];
    struct profile *profile = profile_fixture();
    char *text = profile_fixture_view(profile, verb, "text", 0);
    is_harmless(text);
    free(text);
    text = profile_fixture_view(profile, verb, "markdown", 0);
    is_harmless(text);
    free(text);
    text = profile_fixture_view(profile, verb, "html", 0);
    /* What XML lets stand, a browser shows as text and does nothing with. */
    ck_assert_ptr_null(strstr(text, "<script"));
    ck_assert_ptr_null(strchr(text, 0x1b));
    ck_assert_ptr_nonnull(strstr(text, "default-src 'none'"));
    free(text);
    text = profile_fixture_view(profile, verb, "json", 0);
    ck_assert_ptr_null(strstr(text, "<script"));
    ck_assert_ptr_null(strchr(text, 0x1b));
    const char *end = json_skip(text);
    ck_assert_uint_eq(strspn(end, "\n"), strlen(end));
    free(text);
    profile_free(profile);
}

END_TEST

START_TEST(csv_has_as_many_fields_in_each_row)
{
    struct profile *profile = profile_fixture();
    char *csv = profile_fixture_view(profile, verbs[_i], "csv", 0);
    unsigned fields = 0, expected = 0, quotes = 0, lines = 0;
    for (const char *p = csv; *p != '\0'; p++) {
        quotes += *p == '"';
        fields += *p == ',' && quotes % 2 == 0;
        if (*p != '\n' || quotes % 2 != 0)
            continue;
        expected = lines++ == 0 ? fields : expected;
        ck_assert_uint_eq(fields, expected);
        fields = 0;
    }
    ck_assert_uint_gt(lines, 1);
    free(csv);
    profile_free(profile);
}

END_TEST

static const struct {
    const char *verb, *path, *value;
} contract[] = {
    {"tree", "verb", "\"tree\""},
    {"tree", "nodes[0].label", "\"main\""},
    {"tree", "nodes[0].depth", "1,"},
    {"tree", "nodes[0].inclusive_ns", "1000,"},
    {"tree", "nodes[2].label", "\"visit\""},
    {"tree", "nodes[2].depth", "3,"},
    {"tree", "nodes[2].calls", "3,"},
    {"tree", "nodes[6].depth", "1,"},
    {"peek", "peek[0].function", "\"visit\""},
    {"peek", "peek[0].relation", "\"from\""},
    {"peek", "peek[0].label", "\"main\""},
    {"peek", "peek[0].percent", "100.000,"},
    {"peek", "peek[1].label", "\"visit\""}, /* recursion: its own caller */
    {"peek", "peek[1].inclusive_ns", "500,"},
    {"peek", "peek[2].relation", "\"self\""},
    {"peek", "peek[2].calls", "6,"},
    {"peek", "peek[3].relation", "\"to\""},
    {"hist", "bins[0].function", "\"visit\""},
    {"hist", "bins[0].from_ns", "96,"},
    {"hist", "bins[0].to_ns", "103,"},
    {"hist", "bins[0].calls", "3,"},
    {"hist", "bins[0].calls_percent", "50.000,"},
    {"hist", "bins[1].calls", "0,"},
    {"hist", "bins[0].time_percent", "21."},
    {"threads", "threads[1].tid", "11,"},
    {"threads", "threads[1].stalled_ns", "5,"},
    {"modules", "modules[0].module", "\"/bin/app\""},
    {"modules", "modules[0].exclusive_ns", "1000,"},
    {"modules", "modules[0].functions", "4,"},
    {"modules", "modules[1].calls", "1,"},
};

START_TEST(json_is_the_profile)
{
    struct profile *profile = profile_fixture();
    char *json = profile_fixture_view(profile, contract[_i].verb, "json", UINT32_MAX);
    const char *value = json_find(json, contract[_i].path);
    ck_assert_msg(strncmp(value, contract[_i].value, strlen(contract[_i].value)) == 0, "%s: %.40s", contract[_i].path,
                  value);
    free(json);
    profile_free(profile);
}

END_TEST

START_TEST(tree_is_drawn)
{
    struct profile *profile = profile_fixture();
    char *text = profile_fixture_view(profile, "tree", "text", 3);
    ck_assert_str_eq(text, "  TOTAL  TOTAL%    SELF  CALLS  FUNCTION\n"
                           "1.00 us    99.3  250 ns      1  main\n"
                           " 600 ns    59.6  100 ns      2  ├ visit\n"
                           " 500 ns    49.7  400 ns      3  │ └ visit\n"
                           " 100 ns     9.9  100 ns      1  │   └ … 1 more\n"
                           " 150 ns    14.9  150 ns      3  └ … 2 more\n"
                           "   7 ns     0.7    7 ns      1  … 1 more\n");
    free(text);
    profile_free(profile);
}

END_TEST

START_TEST(subjects_are_found)
{
    static const struct {
        const char *word;
        uint32_t nr, first;
    } words[] = {{"visit", 1, 0}, {"twin", 2, 2}, {"twin (b.c:1)", 1, 3}, {"^[mv]", 2, 0}, {".", 5, 0}};

    struct profile *profile = profile_fixture();
    struct subject subject;
    struct err err = {0};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        ck_assert_int_eq(subject_find(&subject, profile, words[i].word, &err), 0);
        ck_assert_uint_eq(subject.nr, words[i].nr);
        ck_assert_uint_eq(subject.functions[0], words[i].first);
        subject_release(&subject);
    }
    ck_assert_int_eq(subject_find(&subject, profile, "nobody", &err), -1);
    ck_assert_int_eq(err.code, ERR_USAGE);
    err = (struct err){0};
    ck_assert_int_eq(subject_find(&subject, profile, "[", &err), -1);
    ck_assert_int_eq(err.code, ERR_USAGE);
    profile_free(profile);
}

END_TEST

START_TEST(functions_are_sorted)
{
    static const struct {
        const char *word;
        uint32_t first, last;
    } orders[] = {{"self", 0, 4}, {"total", 1, 4}, {"calls", 0, 4}, {"max", 1, 4}, {"function", 4, 0}, {"line", 0, 4}};

    struct profile *profile = profile_fixture();
    struct err err = {0};
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        uint32_t *order = function_columns_sort(profile, orders[i].word, &err);
        ck_assert_ptr_nonnull(order);
        ck_assert_msg(order[0] == orders[i].first && order[4] == orders[i].last, "%s: %u … %u", orders[i].word,
                      order[0], order[4]);
        free(order);
    }
    ck_assert_int_eq(function_columns_check("p", &err), -1);
    ck_assert_int_eq(err.code, ERR_USAGE);
    profile_free(profile);
}

END_TEST

START_TEST(columns_are_chosen)
{
    struct profile *profile = profile_fixture();
    struct err err = {0};
    char *text;
    size_t bytes;
    struct view_options options = {.format = VIEW_CSV, .top = 2, .sort = "calls", .column_list = "calls,function,cum%"};
    struct out *out = out_open_memory(&text, &bytes);
    ck_assert_int_eq(view_find("report", "csv")->write(profile, &options, out, &err), 0);
    ck_assert_int_eq(out_close(out, &err), 0);
    ck_assert_str_eq(text, "calls,label,cumulative_percent\r\n6,visit,59.583\r\n2,twin (a.c:1),69.513\r\n");
    free(text);
    profile_free(profile);
}

END_TEST

START_TEST(times_have_the_unit_that_is_asked_for)
{
    struct profile *profile = profile_fixture();
    struct err err = {0};
    char *text;
    size_t bytes;
    struct view_options options = {.top = 1, .unit = NUMBER_MS, .column_list = "self,total,calls,function"};
    struct out *out = out_open_memory(&text, &bytes);
    ck_assert_int_eq(view_find("report", "text")->write(profile, &options, out, &err), 0);
    ck_assert_int_eq(out_close(out, &err), 0);
    char expected[2][NUMBER_BYTES];
    number_time_in(expected[0], profile->functions[0].exclusive_ns, NUMBER_MS);
    number_time_in(expected[1], profile->functions[0].inclusive_ns, NUMBER_MS);
    const char *self = strstr(text, expected[0]);
    ck_assert_msg(self && strstr(self, expected[1]), "%s", text);
    free(text);
    profile_free(profile);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("sheets");
    TCase *tests = tcase_create("sheets");
    tcase_add_loop_test(tests, hostile_names_stay_in_their_place, 0, NR_VERBS);
    tcase_add_loop_test(tests, csv_has_as_many_fields_in_each_row, 0, NR_VERBS);
    tcase_add_loop_test(tests, json_is_the_profile, 0, (int)(sizeof(contract) / sizeof(contract[0])));
    tcase_add_test(tests, tree_is_drawn);
    tcase_add_test(tests, times_have_the_unit_that_is_asked_for);
    tcase_add_test(tests, subjects_are_found);
    tcase_add_test(tests, functions_are_sorted);
    tcase_add_test(tests, columns_are_chosen);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
