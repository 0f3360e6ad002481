/*
 * Folded stacks in and out: what is read is the sum of its lines, and what is written reads back as it was.
 */
#include "cmd/view_table.h"
#include "profile/chart.h"
#include "profile/folded.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct profile *read_text(const char *text, size_t bytes, struct err *err)
{
    FILE *file = bytes > 0 ? fmemopen((void *)(uintptr_t)text, bytes, "r") : fopen("/dev/null", "r");
    ck_assert_ptr_nonnull(file);
    struct profile *profile = folded_read(file, &(struct folded_request){.name = "test", .unit = "samples"}, err);
    fclose(file);
    return profile;
}

static char *write_text(const struct profile *profile)
{
    struct err err = {0};
    char *text;
    size_t bytes;
    struct view_options options = {0};
    struct out *out = out_open_memory(&text, &bytes);
    ck_assert_int_eq(view_find("export", "folded")->write(profile, &options, out, &err), 0);
    ck_assert_int_eq(out_close(out, &err), 0);
    return text;
}

static void check_text(const struct profile *profile, const char *expected)
{
    char *text = write_text(profile);
    ck_assert_str_eq(text, expected);
    free(text);
}

static const struct {
    const char *in, *out;
} texts[] = {
    {"a 1\n", "a 1\n"},
    {"a;b 2\na 1\na;b 3", "a 1\na;b 5\n"},
    {"b;c 1\na 1\nb;a 1\nb 0\n", "a 1\nb;a 1\nb;c 1\n"},
    {"# comment\n\n   \na 1\r\n", "a 1\n"},
    {"a 1.4\nb 1.5\nc 7.\n", "a 1\nb 2\nc 7\n"},
    {"operator new(unsigned long);std::f<int, 3> x 4\n", "operator new(unsigned long);std::f<int, 3> x 4\n"},
    {"a\t3\n", "a 3\n"},
    {";a;;b; 3\n", "a;b 3\n"},
    {"a;a;a 3\n", "a;a;a 3\n"},
    {"nocount\na -1\na 1e5\na 0x10\n12\na 1\n", "a 1\n"},
    {"a 9223372036854775807\n", "a 9223372036854775807\n"},
    {"a 9223372036854775807\nb 1\n", "a 9223372036854775807\n"},
    {"a 99999999999999999999999999999\nb 2\n", "b 2\n"},
    {"\x1b[31m;\xff 3\n", " [31m;\xff 3\n"},
};

START_TEST(texts_read_back)
{
    struct err err = {0};
    struct profile *profile = read_text(texts[_i].in, strlen(texts[_i].in), &err);
    ck_assert_msg(profile, "%s", err.text);
    char *out = write_text(profile);
    ck_assert_str_eq(out, texts[_i].out);
    free(out);
    profile_free(profile);
}

END_TEST

START_TEST(counts_times_a_factor)
{
    static const char text[] = "a 1.4\nb 2\nc 0.1\nd 9223372036854775807\n";
    struct err err = {0};
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    struct folded_request request = {.name = "test", .unit = "bytes", .factor = 2.5};
    struct profile *profile = folded_read(file, &request, &err);
    ck_assert_ptr_nonnull(profile);
    check_text(profile, "a 4\nb 5\n"); /* c is nothing, and d too large */
    ck_assert_uint_eq(profile->nr_notices, 1);
    profile_free(profile);
    fclose(file);
}

END_TEST

START_TEST(nothing_is_an_error)
{
    static const char *const empty[] = {"", "\n\n", "# only this\n", "no numbers\nat all\n", ";; 5\n"};
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        struct err err = {0};
        ck_assert_ptr_null(read_text(empty[i], strlen(empty[i]), &err));
        ck_assert_int_eq(err.code, ERR_INPUT);
    }
    struct err err = {0};
    FILE *folder = fopen("/", "r");
    ck_assert_ptr_null(folded_read(folder, &(struct folded_request){.name = "/", .unit = "samples"}, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "directory"));
    fclose(folder);
}

END_TEST

START_TEST(bad_lines_are_counted)
{
    struct err err = {0};
    static const char text[] = "a;b 1\nbad\na;c 2\nworse\na\0b 3\n";
    struct profile *profile = read_text(text, sizeof(text) - 1, &err);
    ck_assert_ptr_nonnull(profile);
    ck_assert_uint_eq(profile->nr_notices, 1);
    ck_assert_ptr_nonnull(strstr(profile->notices[0], ": 2"));
    ck_assert(profile->facts.complete && !profile->facts.has_calls);
    ck_assert_str_eq(profile->facts.unit, "samples");
    ck_assert_str_eq(profile->facts.source, "test");
    ck_assert_uint_eq(profile->nodes[0].inclusive_ns, 6);
    ck_assert_uint_eq(profile->facts.max_depth, 2);
    ck_assert_uint_eq(profile->facts.trace_bytes, sizeof(text) - 1);
    profile_free(profile);
}

END_TEST

static uint32_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % limit;
}

/* Random stacks: the total is the sum of the counts, writing is a fixed point, and the order of the lines is no
 * matter. */
START_TEST(random_stacks)
{
    enum { LINES = 300 };

    char *lines[LINES], forth[LINES * 64] = "", back[LINES * 64] = "";
    uint64_t total = 0;
    struct err err = {0};
    random_state = (uint32_t)_i;
    for (int i = 0; i < LINES; i++) {
        char line[64];
        size_t used = 0;
        for (uint32_t depth = 1 + random_below(6); depth > 0; depth--)
            used += (size_t)snprintf(line + used, sizeof(line) - used, "%sf%u", used > 0 ? ";" : "", random_below(5));
        uint32_t count = random_below(1000);
        snprintf(line + used, sizeof(line) - used, " %u\n", count);
        total += count;
        lines[i] = strdup(line);
    }
    for (int i = 0; i < LINES; i++) {
        strcat(forth, lines[i]);
        strcat(back, lines[LINES - 1 - i]);
    }
    struct profile *first = read_text(forth, strlen(forth), &err);
    struct profile *second = read_text(back, strlen(back), &err);
    ck_assert_uint_eq(first->nodes[0].inclusive_ns, total);
    char *text = write_text(first), *other = write_text(second);
    ck_assert_str_eq(text, other);
    struct profile *third = read_text(text, strlen(text), &err);
    char *again = write_text(third);
    ck_assert_str_eq(text, again);
    free(text);
    free(other);
    free(again);
    profile_free(first);
    profile_free(second);
    profile_free(third);
    for (int i = 0; i < LINES; i++)
        free(lines[i]);
}

END_TEST

START_TEST(deep_line)
{
    enum { DEPTH = 200000 };

    char *line = malloc(2 * DEPTH + 4);
    struct err err = {0};
    for (size_t i = 0; i < DEPTH; i++)
        memcpy(line + 2 * i, "r;", 2);
    strcpy(line + (size_t)(2 * DEPTH) - 1, " 5");
    struct profile *profile = read_text(line, strlen(line), &err);
    ck_assert_ptr_nonnull(profile);
    ck_assert_uint_eq(profile->facts.max_depth, DEPTH);
    ck_assert_uint_eq(profile->functions[0].inclusive_ns, 5);
    char *text = write_text(profile);
    ck_assert_int_eq(strncmp(text, line, strlen(line)), 0);
    free(text);
    profile_free(profile);
    free(line);
}

END_TEST

static struct profile *read_twice(const char *text, struct profile **base, struct chart *chart)
{
    struct err err = {0};
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    struct profile *profile = folded_read(
        file, &(struct folded_request){.name = "test", .unit = "samples", .base = base, .chart = chart}, &err);
    fclose(file);
    ck_assert_msg(profile != NULL, "%s", err.text);
    return profile;
}

/* Two counts a line: two profiles; but only where every line has two. */
START_TEST(two_counts)
{
    struct profile *base = NULL, *now = read_twice("a;b 10 15\na;old 5 0\n# no\na;new thing 0 7\n", &base, NULL);
    ck_assert_ptr_nonnull(base);
    check_text(base, "a;b 10\na;old 5\n");
    check_text(now, "a;b 15\na;new thing 7\n");
    profile_free(base);
    profile_free(now);
    now = read_twice("a;thread 12 10\na;b 5\n", &base, NULL);
    ck_assert_ptr_null(base);
    check_text(now, "a;b 5\na;thread 12 10\n");
    profile_free(now);
    now = read_twice("a 0 3\n", &base, NULL); /* nothing in the base */
    ck_assert_ptr_nonnull(base);
    ck_assert_uint_eq(base->nodes[0].inclusive_ns, 0);
    profile_free(base);
    profile_free(now);
}

END_TEST

/* In order: what neighbours share is one frame, what others come between is two. */
START_TEST(stacks_in_order)
{
    struct chart chart;
    chart_init(&chart, 100);
    struct profile *profile = read_twice("m;a;x 3\nm;a;y 4\nm;b 5\nm;a;x 6\n", NULL, &chart);

    static const struct {
        const char *name;
        uint64_t start, end;
    } slices[3][5] = {
        {{"m", 0, 18}}, {{"a", 0, 7}, {"b", 7, 12}, {"a", 12, 18}}, {{"x", 0, 3}, {"y", 3, 7}, {"x", 12, 18}}};

    ck_assert_uint_eq(chart.nr_threads, 1);
    ck_assert_uint_eq(chart.threads[0].end, 18);
    ck_assert_uint_eq(chart.threads[0].nr_levels, 3);
    for (unsigned level = 0; level < 3; level++) {
        ck_assert_uint_eq(chart.threads[0].levels[level].nr, level == 0 ? 1 : 3);
        for (size_t i = 0; i < chart.threads[0].levels[level].nr; i++) {
            const struct chart_slice *slice = &chart.threads[0].levels[level].slices[i];
            ck_assert_str_eq(profile->functions[slice->function].name, slices[level][i].name);
            ck_assert_uint_eq(slice->start, slices[level][i].start);
            ck_assert_uint_eq(slice->end, slices[level][i].end);
        }
    }
    profile_free(profile);
    chart_release(&chart);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("folded");
    TCase *tests = tcase_create("folded");
    tcase_add_loop_test(tests, texts_read_back, 0, (int)(sizeof(texts) / sizeof(texts[0])));
    tcase_add_test(tests, counts_times_a_factor);
    tcase_add_test(tests, nothing_is_an_error);
    tcase_add_test(tests, bad_lines_are_counted);
    tcase_add_loop_test(tests, random_stacks, 0, 8);
    tcase_add_test(tests, deep_line);
    tcase_add_test(tests, two_counts);
    tcase_add_test(tests, stacks_in_order);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
