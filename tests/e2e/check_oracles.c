/*
 * Reports beside what is known otherwise: the books that a program keeps of itself, valgrind's counts, and the list of
 * single calls for what windows of time and filters leave of them.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LUA E2E_SCRATCH "/../lua"

enum { TRIES = 5 };

static bool have_lua, have_valgrind;

/* ---- Books ---------------------------------------------------------------------------------------- */

/* A busy machine may take the processor away between a program's clock and a hook: this is what is allowed for. */
static bool is_near(uint64_t reported_ns, double kept_ns)
{
    return (double)reported_ns >= kept_ns * 0.98 && (double)reported_ns <= kept_ns * 1.02 + 100000;
}

/* One line of the books. False when only time is to blame. */
static bool book_agrees(const json_t *report, const char *name, uint64_t calls, double own_ns, double inclusive_ns)
{
    ck_assert_msg(report_calls(report, name) == calls, "%s: %llu calls instead of %llu", name,
                  (unsigned long long)report_calls(report, name), (unsigned long long)calls);
    uint64_t raw_own_ns = report_number(report, name, "raw_exclusive_ns");
    uint64_t raw_inclusive_ns = report_number(report, name, "raw_inclusive_ns");
    ck_assert_msg((double)raw_own_ns >= own_ns, "%s: less than its own clock says", name);
    ck_assert_msg((double)raw_inclusive_ns >= inclusive_ns, "%s: less in all than its own clock says", name);
    return is_near(raw_own_ns, own_ns) && is_near(raw_inclusive_ns, inclusive_ns) &&
           is_near(report_number(report, name, "exclusive_ns"), own_ns) &&
           is_near(report_number(report, name, "inclusive_ns"), inclusive_ns) &&
           (double)report_number(report, name, "exclusive_low_ns") <= own_ns;
}

static bool books_agree(const json_t *report, char *books)
{
    bool agree = true;
    char name[64];
    unsigned long long calls;
    double own_ns, inclusive_ns;
    unsigned lines = 0;
    for (char *line = strtok(books, "\n"); line != NULL; line = strtok(NULL, "\n"), lines++) {
        ck_assert_int_eq(sscanf(line, "%63s %llu %lf %lf", name, &calls, &own_ns, &inclusive_ns), 4);
        agree = book_agrees(report, name, calls, own_ns, inclusive_ns) && agree;
    }
    ck_assert_uint_eq(lines, 8);
    return agree;
}

START_TEST(times_agree_with_the_programs_own_clock)
{
    const struct toolchain *toolchain = &toolchains[_i];
    const char *folder = scratch_folder("oracles/books-%s", toolchain->name);
    build_program(toolchain, folder, "program", "\"$PROGRAMS\"/clocked.c", "-lpthread");
    bool agree = false;
    for (int i = 0; i < TRIES && !agree; i++) {
        struct run run = run_ok(folder, "./program");
        json_t *report = report_load(folder, "trace.zst", 0);
        report_check_laws(report);
        ck_assert_uint_eq(report_fact(report, "unwound_frames"), 14);
        ck_assert_uint_eq(report_fact(report, "open_frames"), 0);
        agree = books_agree(report, run.out);
        json_decref(report);
    }
    ck_assert_msg(agree, "in %d runs, always some time that the program knows nothing of", TRIES);
}

END_TEST

/* ---- Valgrind --------------------------------------------------------------------------------------- */

/* Which function a line of callgrind's file names, in which object; who is called how often. */
static const char callgrind_awk[] = "function number_of(line) { sub(/^c?(ob|fn)=/, \"\", line); return line }"
                                    "/^ob=/ { object = number_of($1); if (NF > 1) path[object] = $2 }"
                                    "/^cob=/ { other = number_of($1); if (NF > 1) path[other] = $2 }"
                                    "/^c?fn=/ && NF > 1 { name[number_of($1)] = $2 }"
                                    "/^cfn=/ { callee = number_of($1);"
                                    "          where[callee] = other != \"\" ? other : object; other = \"\" }"
                                    "/^calls=/ { sub(/calls=/, \"\", $1); calls[callee] += $1 }"
                                    "END { for (f in calls) if (path[where[f]] ~ /\\/program$/) {"
                                    "      sub(/[.\\047].*/, \"\", name[f]); print calls[f], name[f] } }";

/* Calls of the program's functions by name, without what compiler and callgrind put behind it. */
static json_t *callgrind_counts(const char *folder)
{
    struct run run = run_ok(folder, "awk '%s' callgrind", callgrind_awk);
    json_t *counts = json_object();
    for (char *line = strtok(run.out, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char *end = NULL;
        unsigned long long calls = strtoull(line, &end, 10);
        calls += (unsigned long long)json_integer_value(json_object_get(counts, end + 1));
        json_object_set_new(counts, end + 1, json_integer((json_int_t)calls));
    }
    return counts;
}

/* Every function of the report; what the compiler inlined is no call to valgrind. */
static void counts_compare(const json_t *report, json_t *counts)
{
    json_t *ours = json_object(), *entry, *value;
    size_t i;
    const char *name;
    unsigned nr = 0;
    json_array_foreach(json_object_get(report, "functions"), i, entry)
    {
        char key[256];
        snprintf(key, sizeof key, "%s", json_string_value(json_object_get(entry, "name")));
        key[strcspn(key, ".")] = '\0';
        json_int_t calls = json_integer_value(json_object_get(entry, "calls")) -
                           json_integer_value(json_object_get(entry, "inlined_calls")) +
                           json_integer_value(json_object_get(ours, key));
        json_object_set_new(ours, key, json_integer(calls));
    }
    json_object_foreach(ours, name, value)
    {
        json_int_t calls = json_integer_value(value);
        json_int_t counted = json_integer_value(json_object_get(counts, name));
        nr += calls > 0;
        ck_assert_msg(calls == counted, "%s: %lld calls, and %lld by valgrind", name, (long long)calls,
                      (long long)counted);
    }
    ck_assert_uint_gt(nr, 150);
    json_decref(ours);
}

START_TEST(counts_equal_valgrinds)
{
    const char *folder = scratch_folder("oracles/valgrind");
    const char *script = E2E_SOURCE "/tests/programs/steady.lua";
    run_ok(folder,
           "\"$GCC\" -O2 -g -no-pie -fno-inline -fno-partial-inlining -finstrument-functions "
           "'-Dluai_makeseed(L)=42' $(ls '%s'/src/*.c | grep -v /luac.c) -L\"$LIB\" -ltracert -lm -o program",
           LUA);
    run_ok(folder, "mkdir none && \"$GCC\" -O2 -shared -fPIC -Wl,-soname,$(basename \"$LIB\"/libtracert.so.[0-9]) "
                   "\"$SOURCE\"/tests/bench/hooks/empty.c -o none/$(basename \"$LIB\"/libtracert.so.[0-9])");
    struct run counted = run_ok(folder,
                                "LD_LIBRARY_PATH=none valgrind -q --tool=callgrind --callgrind-out-file=callgrind "
                                "./program %s",
                                script);
    struct run traced = run_ok(folder, "LD_LIBRARY_PATH=\"$LIB\" ./program %s", script);
    ck_assert_str_eq(traced.out, counted.out);
    json_t *report = report_load(folder, "trace.zst", 0);
    ck_assert(report_complete(report));
    report_check_laws(report);
    ck_assert_uint_gt(report_fact(report, "unwound_frames"), 200); /* pcall() */
    json_t *counts = callgrind_counts(folder);
    counts_compare(report, counts);
    json_decref(counts);
    json_decref(report);
}

END_TEST

/* ---- Windows and filters -------------------------------------------------------------------------- */

/* A call of the list. */
struct call {
    double start_ns, duration_ns;
    unsigned tid;
    char function[64];
};

/* What `tracean calls` says of a trace. The caller frees it. */
static struct call *calls_load(const char *folder, size_t *nr)
{
    struct run run = run_ok(folder, "\"$TRACEAN\" calls -q --format csv trace.zst");
    struct call *calls = calloc(count_lines(run.out) + 1, sizeof *calls);
    *nr = 0;
    for (char *line = strtok(run.out, "\r\n"); line != NULL; line = strtok(NULL, "\r\n")) {
        struct call *call = &calls[*nr];
        *nr += sscanf(line, "%lf,%lf,%*u,%u,%*u,%63[^,]", &call->start_ns, &call->duration_ns, &call->tid,
                      call->function) == 4;
    }
    return calls;
}

/* The calls of a function that have a part in the window, and how long those parts are; recursion counted every time.
 */
static unsigned window_count(const struct call *calls, size_t nr, const char *function, double from_ns, double to_ns,
                             double *time_ns)
{
    unsigned count = 0;
    *time_ns = 0;
    for (size_t i = 0; i < nr; i++) {
        double end_ns = calls[i].start_ns + calls[i].duration_ns;
        if (strcmp(calls[i].function, function) != 0 || calls[i].start_ns > to_ns || end_ns < from_ns)
            continue;
        count++;
        *time_ns += (end_ns < to_ns ? end_ns : to_ns) - (calls[i].start_ns > from_ns ? calls[i].start_ns : from_ns);
    }
    return count;
}

static json_t *report_of(const char *folder, const char *options)
{
    struct run run = run_ok(folder, "\"$TRACEAN\" report -q --format json %s trace.zst", options);
    json_error_t error;
    json_t *report = json_loads(run.out, 0, &error);
    ck_assert_msg(report != NULL, "%s", error.text);
    return report;
}

START_TEST(windows_agree_with_the_list_of_calls)
{
    const char *folder = scratch_folder("oracles/windows");
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/clocked.c", "-lpthread");
    run_ok(folder, "./program");
    static const char *const functions[] = {"dive", "ping", "pong", "climb", "land", "fall", "red", "green", "main"};
    size_t nr;
    struct call *calls = calls_load(folder, &nr);
    ck_assert_uint_eq(nr, 24 + 10 + 14 + 2 + 2 + 24 + 2 + 1);
    double end_ns = 0, time_ns;
    for (size_t i = 0; i < nr; i++)
        end_ns = calls[i].start_ns + calls[i].duration_ns > end_ns ? calls[i].start_ns + calls[i].duration_ns : end_ns;
    for (unsigned tenth = 0; tenth < 10; tenth++) {
        double from_ns = (double)(uint64_t)(end_ns * tenth / 10), to_ns = (double)(uint64_t)(end_ns * (tenth + 2) / 10);
        char options[96];
        snprintf(options, sizeof options, "--time %.0fns..%.0fns", from_ns, to_ns);
        json_t *report = report_of(folder, options);
        report_check_laws(report);
        for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++) {
            unsigned count = window_count(calls, nr, functions[f], from_ns, to_ns, &time_ns);
            ck_assert_msg(report_calls(report, functions[f]) == count, "%s: %llu calls of %s instead of %u", options,
                          (unsigned long long)report_calls(report, functions[f]), functions[f], count);
            double mean_ns = count > 0 ? (double)report_number(report, functions[f], "mean_ns") : 0;
            ck_assert_msg(mean_ns * count <= time_ns + 2 * count + 2 &&
                              (mean_ns + 1) * count >= time_ns - 2 * count - 2,
                          "%s: %s has %.0f ns instead of %.0f", options, functions[f], mean_ns * count, time_ns);
        }
        json_decref(report);
    }
    free(calls);
}

END_TEST

START_TEST(filters_leave_what_they_say)
{
    const char *folder = scratch_folder("oracles/filters");
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/clocked.c", "-lpthread");
    run_ok(folder, "./program");
    json_t *all = report_of(folder, ""), *some = report_of(folder, "--function '^(ping|fall)$'");
    static const char *const kept[] = {"ping", "pong", "fall", "climb", "land"};
    report_check_laws(some);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        ck_assert_uint_eq(report_calls(some, kept[i]), report_calls(all, kept[i]));
    ck_assert_uint_eq(report_fact(some, "calls"), 10 + 2 + 14 + 2);
    ck_assert_uint_eq(report_fact(some, "unwound_frames"), 14);
    ck_assert_uint_eq(report_number(some, "fall", "raw_inclusive_ns"), report_number(all, "fall", "raw_inclusive_ns"));
    json_decref(some);

    size_t nr;
    struct call *calls = calls_load(folder, &nr);
    for (size_t i = 0; i < nr; i++) {
        if (strcmp(calls[i].function, "red") != 0)
            continue;
        char options[32];
        snprintf(options, sizeof options, "--thread %u", calls[i].tid);
        some = report_of(folder, options);
        ck_assert_uint_eq(report_calls(some, "red"), 12);
        ck_assert_uint_eq(report_fact(some, "calls"), 13); /* and paint */
        ck_assert_uint_eq(report_number(some, "red", "exclusive_ns"), report_number(all, "red", "exclusive_ns"));
        json_decref(some);
        break;
    }
    free(calls);
    json_decref(all);
}

END_TEST

int main(void)
{
    have_lua = file_exists(LUA, "src/lua.c");
    have_valgrind = run_shell("/", "command -v valgrind").status == 0;
    if (!have_lua || !have_valgrind)
        printf("left out, for want of valgrind or Lua's sources: counts_equal_valgrinds\n");
    Suite *suite = suite_create("oracles");
    TCase *tcase = tcase_create("oracles");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_loop_test(tcase, times_agree_with_the_programs_own_clock, 0, nr_toolchains);
    if (have_lua && have_valgrind)
        tcase_add_test(tcase, counts_equal_valgrinds);
    tcase_add_test(tcase, windows_agree_with_the_list_of_calls);
    tcase_add_test(tcase, filters_leave_what_they_say);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
