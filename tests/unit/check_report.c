/*
 * The report: JSON whose numbers are the profile's, CSV of one line a function, text that no name can disturb.
 */
#include "base/number.h"
#include "json_reader.h"
#include "cmd/view_table.h"
#include "profile/edges.h"
#include "profile_fixture.h"
#include "suite.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void json_number_is(const char *json, uint64_t number, const char *format, unsigned index)
{
    char path[64];
    snprintf(path, sizeof(path), "%s[%u].%s", strchr(format, '/') ? "edges" : "functions", index,
             strchr(format, '/') ? strchr(format, '/') + 1 : format);
    ck_assert_msg(strtoull(json_find(json, path), NULL, 10) == number, "%s", path);
}

static void json_text_is(const char *json, const char *path, const char *wanted)
{
    const char *p = json_find(json, path);
    ck_assert_msg(strncmp(p, wanted, strlen(wanted)) == 0, "%s: %.40s", path, p);
}

START_TEST(json_numbers_are_the_profiles)
{
    struct profile *profile = profile_fixture();
    char *json = profile_fixture_view(profile, "report", "json", UINT32_MAX);
    const char *end = json_skip(json);
    ck_assert_uint_eq(strspn(end, "\n"), strlen(end));
    for (unsigned i = 0; i < profile->nr_functions; i++) {
        const struct profile_function *f = &profile->functions[i];
        json_number_is(json, f->calls, "calls", i);
        json_number_is(json, f->inlined_calls, "inlined_calls", i);
        json_number_is(json, f->inclusive_ns, "inclusive_ns", i);
        json_number_is(json, f->exclusive_ns, "exclusive_ns", i);
        json_number_is(json, f->min_ns, "min_ns", i);
        json_number_is(json, function_mean_ns(f), "mean_ns", i);
        json_number_is(json, f->max_ns, "max_ns", i);
        json_number_is(json, f->line, "line", i);
    }
    struct edges edges;
    struct err err = {0};
    ck_assert_int_eq(edges_make(&edges, profile, &err), 0);
    for (unsigned i = 0; i < edges.nr; i++) {
        if (edges.edges[i].caller != EDGE_NO_CALLER)
            json_number_is(json, edges.edges[i].caller, "/caller", i);
        json_number_is(json, edges.edges[i].callee, "/callee", i);
        json_number_is(json, edges.edges[i].calls, "/calls", i);
        json_number_is(json, edges.edges[i].inclusive_ns, "/inclusive_ns", i);
    }
    edges_release(&edges);
    profile_free(profile);
    free(json);
}

END_TEST

static const struct {
    const char *path, *value;
} contract[] = {
    {"schema_version", "1,"},
    {"trace.source", "\"trace.zst\""},
    {"trace.command", "\"./app \\u003c/title\\u003e\\u003cscript\\u003e"},
    {"trace.complete", "false"},
    {"trace.dropped_events", "77,"},
    {"trace.events", "20,"},
    {"trace.calls", "11,"},
    {"trace.threads", "2,"},
    {"trace.processes", "1,"},
    {"trace.traces", "1,"},
    {"trace.functions", "5,"},
    {"trace.open_frames", "1,"},
    {"trace.unwound_frames", "1,"},
    {"trace.inherited_exits", "0,"},
    {"trace.orphan_exits", "0,"},
    {"trace.wall_ns", "1234567,"},
    {"trace.clock_step_ps", "0,"},
    {"trace.start_realtime_ns", "0,"},
    {"trace.trace_bytes", "4096,"},
    {"trace.max_depth", "4,"},
    {"trace.notices[0]", "\""},
    {"functions[0].name", "\"visit\""},
    {"functions[0].exclusive_ns", "600,"},
    {"functions[0].inclusive_ns", "600,"}, /* recursion once */
    {"functions[0].calls", "6,"},
    {"functions[0].mean_ns", "200,"}, /* (600 + 500 + 100) / 6 */
    {"functions[0].kind", "\"code\""},
    {"functions[1].label", "\"main\""},
    {"functions[2].label", "\"twin (a.c:1)\""},
    {"functions[3].label", "\"twin (b.c:1)\""},
    {"functions[3].inlined_calls", "1,"},
    {"functions[3].module", "\"/bin/app\""},
    {"functions[3].file", "\"/src/b.c\""},
    {"functions[4].kind", "\"unknown\""},
    {"edges[0].caller", "0,"}, /* visit in visit */
    {"edges[0].inclusive_ns", "500}"},
    {"edges[4].caller", "null"},
    {"thread_list[0].events", "19,"},
    {"thread_list[1].tid", "11,"},
    {"thread_list[1].stalled_ns", "5,"},
    {"thread_list[1].end_ns", "0}"},
};

START_TEST(json_keeps_its_contract)
{
    struct profile *profile = profile_fixture();
    char *json = profile_fixture_view(profile, "report", "json", UINT32_MAX);
    json_text_is(json, contract[_i].path, contract[_i].value);
    profile_free(profile);
    free(json);
}

END_TEST

START_TEST(json_top)
{
    struct profile *profile = profile_fixture();
    char *json = profile_fixture_view(profile, "report", "json", 2);
    const char *end = json_skip(json);
    ck_assert_uint_eq(strspn(end, "\n"), strlen(end));
    json_text_is(json, "functions[1].name", "\"main\"");
    ck_assert_ptr_null(strstr(json, "twin"));
    ck_assert_ptr_null(strstr(json, "\"callee\":2"));
    profile_free(profile);
    free(json);
}

END_TEST

START_TEST(csv_is_a_line_a_function)
{
    struct profile *profile = profile_fixture();
    char *csv = profile_fixture_view(profile, "report", "csv", UINT32_MAX);
    unsigned lines = 0, columns = 0, quotes = 0;
    for (const char *p = csv; *p != '\0'; p++) {
        quotes += *p == '"';
        columns += *p == ',' && quotes % 2 == 0;
        if (*p == '\n' && quotes % 2 == 0) {
            ck_assert_uint_eq(columns, 19);
            columns = 0;
            lines++;
        }
    }
    ck_assert_uint_eq(lines, profile->nr_functions + 1);
    ck_assert_uint_eq(quotes % 2, 0);
    ck_assert_ptr_nonnull(strstr(csv, "\nvisit,visit,/bin/app,/src/visit.c,7,code,6,0,600,600,600,600,600,600,"));
    ck_assert_ptr_nonnull(strstr(csv, ",\"a,\"\"b\"\"\",\"'=cmd\",0,unknown,1,0,7,7,7,7,7,7,7,7,,,,7\r\n"));
    profile_free(profile);
    free(csv);
}

END_TEST

START_TEST(text_says_what_counts)
{
    static const char *const wanted[] = {"INCOMPLETE",
                                         "waited for the tracer, taken out of the times below: 5 ns",
                                         "events known to be lost: 77",
                                         "frames still open at the end: 1",
                                         "11 calls of 5 functions, 2 threads",
                                         "1.23 ms wall",
                                         "max depth 4",
                                         "SELF%",
                                         "visit",
                                         "twin (a.c:1)",
                                         "59.6",
                                         "2 of 5 functions hold 80 %",
                                         "cost"};
    struct profile *profile = profile_fixture();
    char *text = profile_fixture_view(profile, "report", "text", UINT32_MAX);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        ck_assert_msg(strstr(text, wanted[i]), "no \"%s\" in\n%s", wanted[i], text);
    for (const char *p = text; *p != '\0'; p++)
        ck_assert(*p == '\n' || (uint8_t)*p >= 0x20);
    ck_assert_ptr_null(strstr(text, "\xe2\x80\xae"));
    ck_assert_ptr_null(strstr(text, "--top"));
    free(text);
    text = profile_fixture_view(profile, "report", "text", 1);
    ck_assert_ptr_nonnull(strstr(text, "… and 4 more functions: 407 ns, 40.4 % (--top 0 shows all)"));
    free(text);
    profile_free(profile);
}

END_TEST

START_TEST(what_is_too_short_is_marked)
{
    struct profile *profile = profile_fixture();
    char *text = profile_fixture_view(profile, "report", "text", UINT32_MAX);
    ck_assert_ptr_null(strstr(text, " *"));
    free(text);
    profile->facts.is_corrected = true;
    profile->functions[0].below_ns = profile->functions[0].exclusive_ns / 4 * 3;
    profile->functions[0].above_ns = profile->functions[0].exclusive_ns;
    text = profile_fixture_view(profile, "report", "text", UINT32_MAX);
    ck_assert_ptr_nonnull(strstr(text, "visit *\n"));
    ck_assert_ptr_null(strstr(text, "main *"));
    ck_assert_ptr_nonnull(
        strstr(text, "59.6 % of the rest is in functions too short to be timed: estimated (-75 to +100 %)"));
    ck_assert_ptr_nonnull(strstr(text, "\n* too short to be timed"));
    free(text);
    profile_free(profile);
}

END_TEST

/* Whatever the terminal's width, no line is longer (but for what is never cut), and colours are closed. */
START_TEST(text_fits_a_terminal)
{
    struct profile *profile = profile_fixture();
    for (unsigned columns = 80; columns <= 200; columns += 20) {
        struct err err = {0};
        char *text;
        size_t bytes;
        struct view_options options = {.top = UINT32_MAX, .color = true, .columns = columns};
        struct out *out = out_open_memory(&text, &bytes);
        ck_assert_int_eq(view_find("report", NULL)->write(profile, &options, out, &err), 0);
        ck_assert_int_eq(out_close(out, &err), 0);
        const char *table = strstr(text, "\033[1m2 of 5 functions hold");
        ck_assert_ptr_nonnull(table);
        for (const char *line = table; *line != '\0'; line = strchr(line, '\n') + 1) {
            unsigned width = 0, escapes = 0;
            for (const char *p = line; *p != '\n'; p++) {
                if (*p == '\033') {
                    escapes++;
                    p = strchr(p, 'm');
                    continue;
                }
                width += ((uint8_t)*p & 0xC0) != 0x80;
            }
            ck_assert_uint_eq(escapes % 2, 0);
            ck_assert_msg(width <= columns, "%u: %.*s", columns, (int)strcspn(line, "\n"), line);
        }
        ck_assert_ptr_nonnull(strstr(text, "\033[1;31mvisit"));
        free(text);
    }
    profile_free(profile);
}

END_TEST

static const struct {
    uint64_t value;
    const char *time, *bytes;
} numbers[] = {
    {0, "0 ns", "0 B"},
    {7, "7 ns", "7 B"},
    {999, "999 ns", "999 B"},
    {1000, "1.00 us", "1.00 kB"},
    {9994, "9.99 us", "9.99 kB"},
    {9996, "10.0 us", "10.0 kB"},
    {99960, "100 us", "100 kB"},
    {999499, "999 us", "999 kB"},
    {999500, "1.00 ms", "1.00 MB"},
    {61300000, "61.3 ms", "61.3 MB"},
    {5310000000, "5.31 s", "5.31 GB"},
    {1204000000000, "1,204 s", "1.20 TB"},
    {UINT64_MAX, "18,446,744,074 s", "18,446,744 TB"},
};

START_TEST(numbers_read_well)
{
    char text[NUMBER_BYTES];
    ck_assert_str_eq(number_time(text, numbers[_i].value), numbers[_i].time);
    ck_assert_str_eq(number_bytes(text, numbers[_i].value), numbers[_i].bytes);
    ck_assert_str_eq(number_grouped(text, UINT64_MAX), "18,446,744,073,709,551,615");
    ck_assert_str_eq(number_grouped(text, 100), "100");
    ck_assert_str_eq(number_percent(text, 1, 0), "0.0");
    ck_assert_str_eq(number_percent(text, 1, 3), "33.3");
}

END_TEST

static const struct {
    uint64_t ns;
    enum number_unit unit;
    const char *text;
} units[] = {
    {412, NUMBER_AUTO, "412 ns"},
    {0, NUMBER_NS, "0 ns"},
    {1204, NUMBER_NS, "1,204 ns"},
    {0, NUMBER_US, "0.000 us"},
    {1, NUMBER_US, "0.001 us"},
    {1234567, NUMBER_US, "1,234.567 us"},
    {1, NUMBER_MS, "<0.001 ms"},
    {499, NUMBER_MS, "<0.001 ms"},
    {500, NUMBER_MS, "0.001 ms"},
    {5310000000, NUMBER_MS, "5,310.000 ms"},
    {999499999, NUMBER_S, "0.999 s"},
    {999500000, NUMBER_S, "1.000 s"},
    {UINT64_MAX, NUMBER_NS, "18,446,744,073,709,551,615 ns"},
    {UINT64_MAX, NUMBER_US, "18,446,744,073,709,551.615 us"},
    {UINT64_MAX, NUMBER_S, "18,446,744,073.710 s"},
};

START_TEST(times_in_one_unit)
{
    char text[NUMBER_BYTES];
    ck_assert_str_eq(number_time_in(text, units[_i].ns, units[_i].unit), units[_i].text);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    TCase *tests = tcase_create("report");
    tcase_add_test(tests, json_numbers_are_the_profiles);
    tcase_add_loop_test(tests, json_keeps_its_contract, 0, (int)(sizeof(contract) / sizeof(contract[0])));
    tcase_add_test(tests, json_top);
    tcase_add_test(tests, csv_is_a_line_a_function);
    tcase_add_test(tests, text_says_what_counts);
    tcase_add_test(tests, what_is_too_short_is_marked);
    tcase_add_test(tests, text_fits_a_terminal);
    tcase_add_loop_test(tests, times_in_one_unit, 0, (int)(sizeof(units) / sizeof(units[0])));
    tcase_add_loop_test(tests, numbers_read_well, 0, (int)(sizeof(numbers) / sizeof(numbers[0])));
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
