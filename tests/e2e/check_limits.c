/*
 * Limits of memory, descriptors and file size: a traced program behaves under each as it does untraced, with at most
 * one line more on stderr, and what there is of a trace is whole.
 *
 * row: R37
 */
#include "expect.h"

#include <stdlib.h>
#include <string.h>

/* For the shell's ulimit, from what is too little for anything of ours to what is plenty. */
static const char *const limits[] = {
    "-v 5000",   "-v 8000",   "-v 12000",  "-v 20000",   "-v 60000",   "-v 200000", "-v 540000", "-v 560000",
    "-v 590000", "-v 620000", "-v 800000", "-v 1500000", "-v 4000000", "-s 64",     "-s 256",    "-n 3",
    "-n 4",      "-n 5",      "-n 6",      "-n 8",       "-n 12",      "-n 20",     "-f 0",      "-f 1",
    "-f 4",      "-f 1000",   "-l 0",      "-l 64",      "-l 1000",    "-l 40000",  "-l 700000", "-c 0",
};

/* Not more than one line beside those of the program, and that one is ours. */
static void stderr_check(const char *limit, const struct run *plain, const struct run *traced)
{
    unsigned more = count_lines(traced->err) - count_lines(plain->err);
    const char *ours = strstr(traced->err, "tracert: ");
    ck_assert_msg(more <= 1 && (more == 0) == (ours == NULL), "ulimit %s: on stderr: %s", limit, traced->err);
}

START_TEST(limits_change_nothing)
{
    const char *const limit = limits[_i], *folder = scratch_folder("limits/%d", _i);
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/polite.c", "");
    struct run plain = run_shell(folder, "ulimit %s; TRACERT_START=off exec ./program one", limit);
    struct run traced = run_shell(folder, "ulimit %s; exec ./program one", limit);
    ck_assert_msg(traced.status == plain.status, "ulimit %s: %d, not %d: %s", limit, traced.status, plain.status,
                  traced.err);
    ck_assert_str_eq(traced.out, plain.out);
    stderr_check(limit, &plain, &traced);
    if (traced.status != 7 || strstr(traced.err, "tracert: ") != NULL)
        return; /* not started at all, or said to be untraced or cut */
    trace_check_file(folder, "trace.zst");
}

END_TEST

/* Every call is in the trace, or counted there. No trace, or less of one: a line says so. */
static void trace_check_calls(const char *folder, const char *limit, const struct run *traced)
{
    const char *called = strstr(traced->out, "called: ");
    ck_assert_msg(called != NULL, "ulimit %s: printed %s", limit, traced->out);
    bool is_told = strstr(traced->err, "tracert: ") != NULL;
    if (!file_exists(folder, "trace.zst")) {
        ck_assert_msg(is_told, "ulimit %s: no trace, and not a word", limit);
        return;
    }
    run_ok(folder, "zstd -q -t trace.zst && { \"$TRACEAN\" verify -q trace.zst >verify 2>&1 || [ $? = 3 ]; }");
    json_t *report = report_load(folder, "trace.zst", REPORT_ANY);
    uint64_t told = report_fact(report, "events") + report_fact(report, "dropped_events");
    uint64_t happened = 2 * strtoull(called + strlen("called: "), NULL, 10);
    ck_assert_msg(told == happened || (is_told && told < happened), "ulimit %s: %u of %u events", limit, (unsigned)told,
                  (unsigned)happened);
    ck_assert_msg(report_complete(report) || is_told || report_fact(report, "dropped_events") > 0, "ulimit %s", limit);
    report_check_laws(report);
    json_decref(report);
}

/* Under each limit, also of what may be locked, by one who may not exceed it. */
START_TEST(what_is_called_is_recorded)
{
    const char *const limit = limits[_i], *folder = scratch_folder("limits/calls-%d", _i);
    const char *const who = "[ $(id -u) != 0 ] || mortal='setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock'";
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/limited.c", "-pthread");
    struct run plain =
        run_shell(folder, "%s; TRACERT_START=off exec $mortal sh -c 'ulimit %s; exec ./program'", who, limit);
    struct run traced = run_shell(folder, "%s; exec $mortal sh -c 'ulimit %s; exec ./program'", who, limit);
    ck_assert_msg(traced.status == plain.status, "ulimit %s: %d, not %d: %s", limit, traced.status, plain.status,
                  traced.err);
    stderr_check(limit, &plain, &traced);
    ck_assert_str_eq(traced.out, plain.out);
    if (plain.status == 0)
        trace_check_calls(folder, limit, &traced);
}

END_TEST

/* More than fits is recorded: the program does not get SIGXFSZ, nor does it wait for ever. */
START_TEST(file_that_may_grow_no_more_is_no_reason_to_end)
{
    static const char *const blocks[] = {"4", "100000"};
    const char *folder = scratch_folder("limits/file-%d", _i);
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/deep.c", "");
    struct run plain = run_shell(folder, "TRACERT_START=off ./program");
    struct run traced = run_shell(folder, "ulimit -f %s; ./program", blocks[_i]);
    ck_assert_int_eq(traced.status, plain.status);
    ck_assert_str_eq(traced.out, plain.out);
    ck_assert_uint_eq(count_lines(traced.err), 1);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("limits");
    TCase *cases = tcase_create("limits");
    tcase_set_timeout(cases, E2E_TIMEOUT_S);
    tcase_add_loop_test(cases, limits_change_nothing, 0, (int)(sizeof limits / sizeof *limits));
    tcase_add_loop_test(cases, what_is_called_is_recorded, 0, (int)(sizeof limits / sizeof *limits));
    tcase_add_loop_test(cases, file_that_may_grow_no_more_is_no_reason_to_end, 0, 2);
    suite_add_tcase(suite, cases);
    return harness_main(suite);
}
