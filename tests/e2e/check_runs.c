/*
 * A traced program behaves as it would untraced, and whatever way it ends, its trace is there.
 *
 * row: R3 R26 R29 R40 R41 R51
 */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct toolchain *gcc_o2 = &toolchains[1];

static void program_build(const char *folder, const char *name)
{
    char source[256];
    snprintf(source, sizeof source, "\"$PROGRAMS\"/%s", name);
    build_program(gcc_o2, folder, "program", source, "");
}

static void program_expect(const char *name, const json_t *report)
{
    char path[4096];
    snprintf(path, sizeof path, E2E_SOURCE "/tests/programs/%s", name);
    struct expectations expectations;
    expectations_read(&expectations, path);
    expectations_check(&expectations, report, NULL, false);
}

START_TEST(output_and_status_stay_the_same)
{
    const char *folder = scratch_folder("runs/same");
    program_build(folder, "polite.c");
    run_ok(folder, "\"$GCC\" -O2 \"$PROGRAMS\"/polite.c -o plain");
    struct run plain = run_shell(folder, "./plain one 'two three'");
    struct run traced = run_shell(folder, "./program one 'two three'");
    ck_assert_int_eq(plain.status, 7);
    ck_assert_int_eq(traced.status, plain.status);
    ck_assert_str_eq(traced.out, plain.out);
    ck_assert_str_eq(traced.err, plain.err);
    trace_check_file(folder, "trace.zst");
}

END_TEST

START_TEST(start_off_records_nothing)
{
    const char *folder = scratch_folder("runs/off");
    program_build(folder, "polite.c");
    struct run run = run_shell(folder, "TRACERT_START=off ./program");
    ck_assert_int_eq(run.status, 7);
    ck_assert_str_eq(run.err, "to stderr\n");
}

END_TEST

/* The program ran as ever, and one line of ours was on stderr. */
static void check_polite(const struct run *run, const char *what)
{
    ck_assert_msg(run->status == 7, "%s: exit %d", what, run->status);
    ck_assert_msg(strncmp(run->out, "argument one\n", 13) == 0, "%s: printed %s", what, run->out);
    ck_assert_msg(count_lines(run->err) == 2, "%s: on stderr: %s", what, run->err);
    ck_assert_msg(strstr(run->err, "tracert: ") != NULL, "%s: on stderr: %s", what, run->err);
}

/* Where no trace can be written, the program runs on as if never instrumented. */
static const char *const hopeless[][2] = {{"true", "none/trace.zst"}, {"touch file", "file/trace.zst"}};

START_TEST(program_runs_untraced_when_it_must)
{
    const char *folder = scratch_folder("runs/hopeless-%d", _i);
    program_build(folder, "polite.c");
    run_ok(folder, "%s", hopeless[_i][0]);
    struct run run = run_shell(folder, "TRACERT_OUTPUT=%s ./program one", hopeless[_i][1]);
    check_polite(&run, hopeless[_i][1]);
    run_ok(folder, "! ls | grep zst");
}

END_TEST

/* What is no trace is left as it is; the trace is written beside it. */
static const char *const occupied[] = {"mkdir trace.zst && echo precious >trace.zst/file", "echo precious >trace.zst",
                                       "echo precious >file && ln -s file trace.zst",
                                       "echo precious | zstd -q -o trace.zst"};

START_TEST(nobodys_file_is_overwritten)
{
    const char *folder = scratch_folder("runs/occupied-%d", _i);
    program_build(folder, "polite.c");
    run_ok(folder, "%s; ls -lR --time-style=full-iso trace.zst >before; cat trace.zst trace.zst/* >>before || true",
           occupied[_i]);
    struct run run = run_shell(folder, "./program one");
    check_polite(&run, occupied[_i]);
    run_ok(folder,
           "ls -lR --time-style=full-iso trace.zst >after; cat trace.zst trace.zst/* >>after; cmp before after");
    run = run_ok(folder, "ls trace.*.zst");
    ck_assert_uint_eq(count_lines(run.out), 1);
    run.out[strcspn(run.out, "\n")] = '\0';
    trace_check_file(folder, run.out);
}

END_TEST

/* Each of `nr` traces in the folder is whole and tells of one run. */
static void traces_check(const char *folder, unsigned nr)
{
    struct run list = run_ok(folder, "ls -1 *.zst");
    ck_assert_msg(count_lines(list.out) == nr, "%u traces expected, found:\n%s", nr, list.out);
    for (char *trace = strtok(list.out, "\n"); trace != NULL; trace = strtok(NULL, "\n")) {
        trace_check_file(folder, trace);
        json_t *report = report_load(folder, trace, 0);
        program_expect("until_eof.c", report);
        json_decref(report);
    }
}

START_TEST(programs_started_at_once_keep_their_traces)
{
    const char *folder = scratch_folder("runs/at-once");
    program_build(folder, "until_eof.c");
    struct run run = run_ok(folder, "for i in 1 2 3 4; do sleep 3 | ./program & done; wait");
    ck_assert_msg(count_lines(run.err) == 3, "one line from each but the first: %s", run.err);
    traces_check(folder, 4);
}

END_TEST

START_TEST(later_run_leaves_a_running_one_alone)
{
    const char *folder = scratch_folder("runs/later");
    program_build(folder, "until_eof.c");
    run_ok(folder, "{ sleep 3 | ./program; } & sleep 1; ./program; wait");
    traces_check(folder, 2);
}

END_TEST

START_TEST(later_run_replaces_a_finished_one)
{
    const char *folder = scratch_folder("runs/replaces");
    program_build(folder, "until_eof.c");
    struct run run = run_ok(folder, "./program && ./program");
    ck_assert_str_eq(run.err, "");
    traces_check(folder, 1);
}

END_TEST

START_TEST(pid_in_the_name)
{
    const char *folder = scratch_folder("runs/pid");
    program_build(folder, "until_eof.c");
    struct run run = run_ok(folder, "TRACERT_OUTPUT=a-%%p.zst ./program & echo $!; wait");
    char name[64];
    snprintf(name, sizeof name, "a-%ld.zst", strtol(run.out, NULL, 10));
    ck_assert_msg(file_exists(folder, name), "no %s", name);
    traces_check(folder, 1);
}

END_TEST

START_TEST(children_are_in_the_trace_under_their_own_pids)
{
    const char *folder = scratch_folder("runs/forks");
    program_build(folder, "forks.c");
    struct run run = run_ok(folder, "./program");
    ck_assert_uint_eq(count_lines(run.out), 7);
    json_t *report = report_load(folder, "trace.zst", 0);
    program_expect("forks.c", report);
    const json_t *threads = json_object_get(report, "thread_list");
    for (char *line = strtok(run.out, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        unsigned nr_found = 0;
        for (size_t i = 0; i < json_array_size(threads); i++)
            nr_found +=
                json_integer_value(json_object_get(json_array_get(threads, i), "pid")) == strtol(line, NULL, 10);
        ck_assert_msg(nr_found == 1, "process %s is %u times in the report", line, nr_found);
        char trace[64];
        snprintf(trace, sizeof trace, "--pid %s trace.zst", line);
        json_t *own = report_load(folder, trace, 0);
        ck_assert_uint_eq(report_calls(own, "work"), 1000);
        json_decref(own);
    }
    json_decref(report);
}

END_TEST

START_TEST(killed_program_leaves_what_it_did)
{
    const char *folder = scratch_folder("runs/killed");
    program_build(folder, "endless.c");
    struct run run = run_shell(folder, "./program >done & sleep 1; kill -9 $!; wait; tail -n 1 done");
    uint64_t returned = strtoull(run.out, NULL, 10);
    ck_assert_uint_gt(returned, 0);
    /* The drain is another process: it needs a moment to write the rest. */
    run_ok(folder, "for i in $(seq 100); do \"$TRACEAN\" verify trace.zst >verify 2>&1 && exit 0; "
                   "grep -q unfinished verify || exit 0; sleep 0.1; done; exit 1");
    run_ok(folder, "zstd -q -t trace.zst");
    struct run json = run_shell(folder, "\"$TRACEAN\" report --format json trace.zst");
    ck_assert_msg(json.status == 0 || json.status == 3, "report: exit %d: %s", json.status, json.err);
    json_t *report = json_loads(json.out, 0, NULL);
    ck_assert_ptr_nonnull(report);
    ck_assert_uint_ge(report_calls(report, "work"), returned);
    ck_assert_uint_ge(report_fact(report, "open_frames"), 1);
    report_check_laws(report);
    json_decref(report);
}

END_TEST

START_TEST(program_killed_with_its_drain_leaves_what_it_did)
{
    const char *folder = scratch_folder("runs/killed-both");
    program_build(folder, "endless.c");
    struct run run = run_shell(folder, "./program >done & sleep 1; both=; for p in /proc/[0-9]*; do "
                                       "[ \"$(readlink $p/exe)\" != \"$PWD/program\" ] || both=\"$both ${p#/proc/}\"; "
                                       "done; kill -9 $both; wait; tail -n 1 done; echo $both >pids; wc -w <pids");
    char *rest = NULL;
    uint64_t returned = strtoull(run.out, &rest, 10);
    ck_assert_uint_gt(returned, 0);
    ck_assert_uint_eq(strtoull(rest, NULL, 10), 2);
    struct run json = run_shell(folder, "\"$TRACEAN\" report --format json trace.zst");
    ck_assert_msg(json.status == 0 || json.status == 3, "report: exit %d: %s", json.status, json.err);
    json_t *report = json_loads(json.out, 0, NULL);
    ck_assert_ptr_nonnull(report);
    ck_assert_uint_ge(report_calls(report, "work"), returned);
    report_check_laws(report);
    json_decref(report);
    run_ok(folder, "zstd -q -t trace.zst");
}

END_TEST

static const char *const storm_settings[] = {"", "TRACERT_BUFFER=128K", "TRACERT_FULL=drop TRACERT_BUFFER=128K"};

START_TEST(jumps_out_of_hooks_neither_hang_nor_hide)
{
    const char *folder = scratch_folder("runs/jumps-out-%d", _i);
    program_build(folder, "jump_out_of_hooks.c");
    struct run run = run_ok(folder, "%s timeout 30 ./program", storm_settings[_i]);
    run_ok(folder, "\"$TRACEAN\" verify -q trace.zst >verify 2>&1 || [ $? = 3 ]");
    struct run json = run_shell(folder, "\"$TRACEAN\" report --format json trace.zst");
    json_t *report = json_loads(json.out, 0, NULL);
    ck_assert_ptr_nonnull(report);
    ck_assert_uint_ge(report_calls(report, "work") + report_fact(report, "dropped_events"),
                      strtoull(run.out, NULL, 10));
    json_decref(report);
}

END_TEST

START_TEST(program_that_outlives_its_session_leaves_its_trace_alone)
{
    const char *folder = scratch_folder("runs/orphan");
    program_build(folder, "orphan.c");
    run_shell(folder, "./program");
    run_ok(folder, "for i in $(seq 50); do ls trace.*.zst >list 2>&1 && sleep 0.3 && exit 0; sleep 0.1; done; exit 1");
    json_t *report = report_load(folder, "trace.zst", 0);
    ck_assert_uint_eq(report_calls(report, "work"), 100);
    json_decref(report);
    report = report_load(folder, "trace.*.zst", 0);
    ck_assert_uint_eq(report_calls(report, "work"), 7);
    json_decref(report);
}

END_TEST

START_TEST(second_copy_of_the_library_stays_off)
{
    const char *folder = scratch_folder("runs/twice");
    run_ok(folder, "\"$GCC\" -g -finstrument-functions \"$PROGRAMS\"/deep.c \"$LIB\"/libtracert.a -lzstd -lpthread "
                   "-Wl,-u,__cyg_profile_func_enter -o twice");
    struct run run = run_ok(folder, "LD_PRELOAD=\"$LIB\"/libtracert.so timeout 30 ./twice");
    ck_assert_msg(strstr(run.err, "twice; the second copy records nothing") != NULL, "said: %s", run.err);
    ck_assert_uint_eq(count_lines(run.err), 1);
    trace_check_file(folder, "trace.zst");
}

END_TEST

START_TEST(dropping_is_counted)
{
    const char *folder = scratch_folder("runs/drop");
    program_build(folder, "thread_storm.c");
    run_ok(folder, "TRACERT_FULL=drop TRACERT_BUFFER=128K ./program");
    struct run json = run_shell(folder, "\"$TRACEAN\" report --format json trace.zst");
    json_t *report = json_loads(json.out, 0, NULL);
    ck_assert_ptr_nonnull(report);
    bool dropped = report_fact(report, "dropped_events") > 0;
    ck_assert_int_eq(json.status, dropped ? 3 : 0);
    ck_assert_int_eq(report_complete(report), !dropped);
    json_decref(report);
}

END_TEST

/* While the program runs, its only child, the drain, is looked at: it has the threads that it may have. */
START_TEST(drain_has_help)
{
    const char *folder = scratch_folder("runs/workers");
    program_build(folder, "busy_threads.c");
    struct run run = run_ok(
        folder, "TRACERT_WORKERS=3 TRACERT_BUFFER=128K ./program stay & most=0; while kill -0 $! 2>/dev/null; do "
                "for p in $(cat /proc/$!/task/*/children 2>/dev/null); do n=$(ls /proc/$p/task 2>/dev/null | wc -l); "
                "[ $n -le $most ] || most=$n; done; done; wait $!; echo $most");
    ck_assert_str_eq(run.out, "4\n");
    json_t *report = report_load(folder, "trace.zst", 0);
    program_expect("busy_threads.c", report);
    json_decref(report);
    run_ok(folder, "TRACERT_WORKERS=3 ./program");
    report = report_load(folder, "trace.zst", 0);
    program_expect("busy_threads.c", report);
    json_decref(report);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("runs");
    TCase *tcase = tcase_create("transparency");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_test(tcase, output_and_status_stay_the_same);
    tcase_add_test(tcase, start_off_records_nothing);
    tcase_add_loop_test(tcase, program_runs_untraced_when_it_must, 0, 2);
    tcase_add_loop_test(tcase, nobodys_file_is_overwritten, 0, (int)(sizeof occupied / sizeof *occupied));
    suite_add_tcase(suite, tcase);

    tcase = tcase_create("files");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_test(tcase, programs_started_at_once_keep_their_traces);
    tcase_add_test(tcase, later_run_leaves_a_running_one_alone);
    tcase_add_test(tcase, later_run_replaces_a_finished_one);
    tcase_add_test(tcase, pid_in_the_name);
    suite_add_tcase(suite, tcase);

    tcase = tcase_create("ends");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_test(tcase, children_are_in_the_trace_under_their_own_pids);
    tcase_add_test(tcase, killed_program_leaves_what_it_did);
    tcase_add_test(tcase, program_killed_with_its_drain_leaves_what_it_did);
    tcase_add_test(tcase, dropping_is_counted);
    tcase_add_loop_test(tcase, jumps_out_of_hooks_neither_hang_nor_hide, 0,
                        (int)(sizeof storm_settings / sizeof *storm_settings));
    tcase_add_test(tcase, program_that_outlives_its_session_leaves_its_trace_alone);
    tcase_add_test(tcase, second_copy_of_the_library_stays_off);
    tcase_add_test(tcase, drain_has_help);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
