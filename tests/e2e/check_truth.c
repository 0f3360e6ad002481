/*
 * What the report says of time: the tracer's own cost is known and taken out, in every way to link, and what is not
 * known is said.
 *
 * row: R42 R46
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct toolchain *gcc_o2 = &toolchains[1];

static bool report_says(const json_t *report, const char *object, const char *key)
{
    return json_is_true(json_object_get(json_object_get(report, object), key));
}

static bool function_says(const json_t *report, const char *function, const char *key)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(report, "functions"), i, entry)
    {
        if (strcmp(json_string_value(json_object_get(entry, "name")), function) == 0)
            return json_is_true(json_object_get(entry, key));
    }
    return false;
}

static const char *const links[] = {"-L\"$LIB\" -Wl,-rpath,\"$LIB\" -Wl,--no-as-needed -ltracert",
                                    "\"$LIB\"/libtracert.a -lzstd", "-static \"$LIB\"/libtracert.a -lzstd"};

enum { NR_LINKS = sizeof links / sizeof links[0] };

START_TEST(cost_is_taken_out)
{
    const char *folder = scratch_folder("truth/cost-%d", _i);
    run_ok(folder, "\"$GCC\" -O2 -g -finstrument-functions \"$PROGRAMS\"/short_and_long.c -o program %s", links[_i]);
    run_ok(folder, "./program");
    trace_check_file(folder, "trace.zst");
    json_t *report = report_load(folder, "trace.zst", 0);
    report_check_laws(report);
    ck_assert(report_says(report, "trace", "corrected"));
    uint64_t inside_ps = report_fact(report, "hook_inside_ps");
    uint64_t outside_ps = report_fact(report, "hook_outside_ps");
    ck_assert_msg(inside_ps > 500 && inside_ps < 1000000, "hooks cost %llu ps inside", (unsigned long long)inside_ps);
    ck_assert_msg(outside_ps > 0 && outside_ps < 1000000, "hooks cost %llu ps outside", (unsigned long long)outside_ps);

    ck_assert_uint_eq(report_calls(report, "tiny"), 300000);
    ck_assert_uint_lt(report_number(report, "tiny", "exclusive_ns"), report_number(report, "tiny", "raw_exclusive_ns"));
    ck_assert(function_says(report, "spin", "timed"));
    ck_assert_uint_gt(report_number(report, "spin", "exclusive_ns"), 19900000);
    ck_assert_uint_ge(report_number(report, "spin", "exclusive_high_ns"), 20000000);
    /* The record of a long call may be too short: its hooks overlap with it (some ns). */
    ck_assert_uint_le(report_number(report, "spin", "exclusive_ns"),
                      report_number(report, "spin", "raw_exclusive_ns") + 20 * report_calls(report, "spin"));
    ck_assert_uint_lt(report_number(report, "main", "inclusive_ns"), report_number(report, "main", "raw_inclusive_ns"));
    json_decref(report);
}

END_TEST

/* The system's clock costs more to read, and that is measured, too. */
START_TEST(cost_of_another_clock)
{
    const char *folder = scratch_folder("truth/monotonic");
    build_program(gcc_o2, folder, "program", "\"$PROGRAMS\"/short_and_long.c", "");
    run_ok(folder, "./program && mv trace.zst counter.zst && TRACERT_CLOCK=monotonic ./program");
    json_t *counter = report_load(folder, "counter.zst", 0), *monotonic = report_load(folder, "trace.zst", 0);
    report_check_laws(monotonic);
    ck_assert(report_says(monotonic, "trace", "corrected"));
    if (report_says(counter, "trace", "corrected"))
        ck_assert_uint_gt(report_fact(monotonic, "hook_inside_ps"), report_fact(counter, "hook_inside_ps"));
    struct run info = run_ok(folder, "\"$TRACEAN\" info trace.zst");
    ck_assert_msg(strstr(info.out, "ns in each short call") != NULL, "%s", info.out);
    ck_assert_msg(strstr(info.out, "CLOCK_MONOTONIC, step") != NULL && strstr(info.out, " (as ordered)\n") != NULL,
                  "%s", info.out);
    info = run_ok(folder, "\"$TRACEAN\" info counter.zst");
    ck_assert_msg(strstr(info.out, " (as ordered)\n") == NULL, "%s", info.out);
    json_decref(counter);
    json_decref(monotonic);
}

END_TEST

START_TEST(unknown_cost_is_said)
{
    const char *folder = scratch_folder("truth/unknown");
    build_program(gcc_o2, folder, "program", "\"$PROGRAMS\"/polite.c", "");
    run_shell(folder, "./program");
    json_t *report = report_load(folder, "trace.zst", 0);
    /* On a busy machine even this run may last long enough to be calibrated. */
    if (!report_says(report, "trace", "corrected")) {
        ck_assert_uint_eq(report_fact(report, "hook_inside_ps"), 0);
        ck_assert_uint_eq(report_number(report, "main", "exclusive_ns"),
                          report_number(report, "main", "raw_exclusive_ns"));
    }
    json_decref(report);
}

END_TEST

/* How many lines of the trace's dump that begin a chunk have the word. */
static int chunks_with(const char *folder, const char *word)
{
    struct run run = run_ok(folder, "\"$TRACEAN\" dump trace.zst | grep ' chunk ' | grep -c '%s' || true", word);
    return atoi(run.out);
}

START_TEST(fences_are_where_they_are_asked_for)
{
    const char *folder = scratch_folder("truth/fences");
    build_program(gcc_o2, folder, "program", "\"$PROGRAMS\"/hidden.c", "");
    run_ok(folder, "./program");
    trace_check_file(folder, "trace.zst");
    ck_assert_int_ge(chunks_with(folder, " fenced"), 2);
    ck_assert_int_lt(chunks_with(folder, " fenced"), chunks_with(folder, ""));
    run_ok(folder, "TRACERT_FENCE=all ./program");
    trace_check_file(folder, "trace.zst");
    ck_assert_int_eq(chunks_with(folder, " fenced"), chunks_with(folder, ""));
    run_ok(folder, "TRACERT_FENCE=none ./program");
    ck_assert_int_eq(chunks_with(folder, " fenced"), 0);
    run_ok(folder, "TRACERT_FENCE=all TRACERT_CLOCK=monotonic ./program");
    ck_assert_int_eq(chunks_with(folder, " fenced"), 0);
    struct run run = run_ok(folder, "TRACERT_FENCE=sum ./program");
    ck_assert_msg(strstr(run.err, "TRACERT_FENCE") != NULL, "%s", run.err);
    ck_assert_int_ge(chunks_with(folder, " fenced"), 2);
}

END_TEST

/* What no hook pair tells apart, fenced chunks do. Where nothing is corrected, as the run was too short or the clock is
 * the system's, nobody says so. */
START_TEST(what_hooks_hide_is_found)
{
    const char *folder = scratch_folder("truth/hidden");
    build_program(gcc_o2, folder, "program", "\"$PROGRAMS\"/hidden.c", "");
    run_ok(folder, "./program");
    json_t *report = report_load(folder, "trace.zst", 0);
    report_check_laws(report);
    uint64_t nothing = report_number(report, "nothing", "exclusive_ns");
    uint64_t product = report_number(report, "product", "exclusive_ns");
    struct run info = run_ok(folder, "\"$TRACEAN\" info trace.zst");
    if (report_says(report, "trace", "corrected") && strstr(info.out, "CLOCK_MONOTONIC, step") == NULL)
        ck_assert_msg(product > nothing, "%llu and %llu ns", (unsigned long long)product, (unsigned long long)nothing);
    json_decref(report);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("truth");
    TCase *tcase = tcase_create("truth");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_loop_test(tcase, cost_is_taken_out, 0, NR_LINKS);
    tcase_add_test(tcase, cost_of_another_clock);
    tcase_add_test(tcase, unknown_cost_is_said);
    tcase_add_test(tcase, fences_are_where_they_are_asked_for);
    tcase_add_test(tcase, what_hooks_hide_is_found);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
