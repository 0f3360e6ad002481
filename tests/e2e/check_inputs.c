/*
 * Wrong and damaged inputs: one clear line each, the right exit status, and as much of a report as the data allow.
 */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const verbs[] = {"report",
                                    "tree",
                                    "peek main",
                                    "hist main",
                                    "list main",
                                    "outliers work --slowest 1",
                                    "threads",
                                    "modules",
                                    "info",
                                    "dump",
                                    "verify",
                                    "calls",
                                    "flamegraph",
                                    "html",
                                    "export --format folded",
                                    "repair -o repaired.zst",
                                    "pack -o packed.zst"};

enum { NR_VERBS = (int)(sizeof verbs / sizeof *verbs) };

static const struct wrong {
    const char *name;
    const char *prepare;
} wrong[] = {
    {"a missing file", "true"},
    {"a directory", "mkdir trace"},
    {"an empty file", ": >trace"},
    {"a text file", "echo 'no trace' >trace"},
    {"a compressed text", "echo 'no trace' | zstd -q -o trace"},
    {"a long file of zeros", "head -c 100000 /dev/zero >trace"},
    {"a file of ten gigabytes", "truncate -s 10G trace"},
};

enum { NR_WRONG = (int)(sizeof wrong / sizeof *wrong) };

START_TEST(wrong_input_is_refused)
{
    const struct wrong *input = &wrong[_i / NR_VERBS];
    const char *verb = verbs[_i % NR_VERBS];
    const char *folder = scratch_folder("inputs/wrong-%d", _i);
    run_ok(folder, "%s", input->prepare);
    struct run run = run_shell(folder, "\"$TRACEAN\" %s trace", verb);
    ck_assert_msg(run.status == 2, "%s of %s: exit %d", verb, input->name, run.status);
    ck_assert_msg(count_lines(run.err) == 1 && strncmp(run.err, "tracean: ", 9) == 0, "%s of %s: on stderr: %s", verb,
                  input->name, run.err);
    ck_assert_msg(strcmp(run.out, "") == 0 || strcmp(verb, "verify") == 0, "%s of %s: printed %s", verb, input->name,
                  run.out);
}

END_TEST

/* A folder with `program` and its trace, of 100,000 calls and more. */
static const char *trace_make(const char *name)
{
    const char *folder = scratch_folder("inputs/%s", name);
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/quick_exit.c", "");
    struct run run = run_shell(folder, "./program");
    ck_assert_int_eq(run.status, 9);
    json_t *report = report_load(folder, "trace.zst", 0);
    ck_assert_uint_eq(report_calls(report, "work"), 100000);
    json_decref(report);
    return folder;
}

START_TEST(truncated_trace_is_read_as_far_as_it_goes)
{
    const char *folder = trace_make("truncated");
    run_ok(folder, "head -c -1 trace.zst >without-end.zst");
    json_t *report = report_load(folder, "without-end.zst", 3);
    ck_assert(!report_complete(report));
    ck_assert_uint_eq(report_calls(report, "work"), 100000);
    json_decref(report);

    run_ok(folder, "head -c $(($(wc -c <trace.zst) * 6 / 10)) trace.zst >cut.zst");
    report = report_load(folder, "cut.zst", 3);
    ck_assert(!report_complete(report));
    ck_assert_uint_le(report_calls(report, "work"), 100000);
    json_decref(report);
    struct run run = run_shell(folder, "\"$TRACEAN\" report cut.zst");
    ck_assert_int_eq(run.status, 3);
    ck_assert_msg(count_lines(run.err) == 1, "on stderr: %s", run.err);
    run = run_shell(folder, "\"$TRACEAN\" verify cut.zst");
    ck_assert_int_eq(run.status, 3);
}

END_TEST

START_TEST(damaged_trace_is_read_everywhere_else)
{
    const char *folder = trace_make("damaged");
    for (int i = 1; i < 10; i++) {
        run_ok(folder,
               "cp trace.zst hurt.zst && printf '\\377\\000\\377\\000' | "
               "dd of=hurt.zst bs=1 conv=notrunc seek=$(($(wc -c <trace.zst) * %d / 10)) 2>/dev/null",
               i);
        struct run run = run_shell(folder, "\"$TRACEAN\" report --format json hurt.zst");
        ck_assert_msg(run.status == 3 || run.status == 2, "hurt at %d0 %%: exit %d: %s", i, run.status, run.err);
        run = run_shell(folder, "\"$TRACEAN\" verify hurt.zst");
        ck_assert_msg(run.status == 3 || run.status == 2, "hurt at %d0 %%: verify says %d", i, run.status);
    }
}

END_TEST

/* What is saved is a finished trace that says what is missing; one that is whole stays as it is. */
START_TEST(damaged_trace_is_repaired)
{
    const char *folder = trace_make("repaired");
    struct run run = run_ok(folder, "\"$TRACEAN\" repair trace.zst -o same.zst");
    ck_assert_str_eq(run.err, "");
    trace_check_file(folder, "same.zst");
    run_ok(folder, "\"$TRACEAN\" report --format csv trace.zst >before && "
                   "\"$TRACEAN\" report --format csv same.zst >after && cmp before after");
    for (int i = 1; i < 10; i++) {
        run_ok(folder,
               "head -c $(($(wc -c <trace.zst) * %d / 10)) trace.zst >cut.zst && cp trace.zst hurt.zst && "
               "printf '\\377\\000\\377\\000' | "
               "dd of=hurt.zst bs=1 conv=notrunc seek=$(($(wc -c <trace.zst) * %d / 10)) 2>/dev/null",
               i, i);
        for (int hurt = 0; hurt < 2; hurt++) {
            run = run_shell(folder, "\"$TRACEAN\" repair %s -o good.zst", hurt ? "hurt.zst" : "cut.zst");
            ck_assert_msg(run.status == 3, "at %d0 %%: exit %d: %s", i, run.status, run.err);
            run_ok(folder, "zstd -q -t good.zst && \"$TRACEAN\" verify -q good.zst");
            run = run_shell(folder, "\"$TRACEAN\" report good.zst");
            ck_assert_int_eq(run.status, 3);
            ck_assert_ptr_nonnull(strstr(run.out, "INCOMPLETE"));
        }
    }
    run = run_shell(folder, "\"$TRACEAN\" repair cut.zst");
    ck_assert_int_eq(run.status, 1);
    run_ok(folder, "! ls -a | grep tmp$");
}

END_TEST

/* The counts are right, and no name is a lie: what cannot be known is shown as a place in the file. */
static void report_without_names(const char *folder)
{
    struct run run = run_shell(folder, "\"$TRACEAN\" report --format json trace.zst");
    ck_assert_msg(run.status == 0, "exit %d: %s", run.status, run.err);
    ck_assert_msg(count_lines(run.err) == 1, "on stderr: %s", run.err);
    ck_assert_ptr_nonnull(strstr(run.err, "program"));
    json_t *report = json_loads(run.out, 0, NULL);
    ck_assert_ptr_nonnull(report);
    ck_assert_uint_eq(report_calls(report, "work"), 0);
    ck_assert_uint_eq(report_fact(report, "calls"), 100002);
    ck_assert(report_complete(report));
    report_check_laws(report);
    json_decref(report);
}

START_TEST(program_that_is_gone)
{
    const char *folder = trace_make("gone");
    run_ok(folder, "rm program");
    report_without_names(folder);
}

END_TEST

START_TEST(program_that_was_rebuilt)
{
    const char *folder = trace_make("rebuilt");
    build_program(&toolchains[0], folder, "program", "\"$PROGRAMS\"/deep.c", "");
    report_without_names(folder);
    run_ok(folder, "\"$TRACEAN\" report -q --force-symbols trace.zst");
}

END_TEST

START_TEST(program_without_symbols)
{
    const char *folder = trace_make("stripped");
    run_ok(folder, "strip program");
    struct run run = run_ok(folder, "\"$TRACEAN\" report trace.zst");
    ck_assert_ptr_nonnull(strstr(run.out, "program+0x"));
}

END_TEST

START_TEST(full_disk_is_an_error)
{
    const char *folder = trace_make("full");
    for (int i = 0; i < NR_VERBS; i++) {
        struct run run = run_shell(folder, "\"$TRACEAN\" %s trace.zst >/dev/full", verbs[i]);
        ck_assert_msg(run.status == 4, "%s: exit %d", verbs[i], run.status);
        ck_assert_msg(count_lines(run.err) == 1, "%s: on stderr: %s", verbs[i], run.err);
    }
    struct run run = run_shell(folder, "\"$TRACEAN\" flamegraph trace.zst -o none/flame.svg");
    ck_assert_int_eq(run.status, 4);
    ck_assert_uint_eq(count_lines(run.err), 1);
}

END_TEST

START_TEST(closed_pipe_is_none)
{
    const char *folder = trace_make("pipe");
    struct run run = run_shell(folder, "{ \"$TRACEAN\" dump trace.zst; echo $? >status; } | head -n 1");
    ck_assert_str_eq(run.err, "");
    ck_assert_str_eq(file_read(folder, "status"), "0\n");
}

END_TEST

/* Through a pipe, and as a file: what is shown of the trace itself is shown. */
START_TEST(standard_input_is_read_as_a_file_is)
{
    const char *folder = scratch_folder("inputs/standard-%d", _i);
    const char *verb = verbs[_i];
    build_program(&toolchains[1], folder, "program", "\"$SOURCE\"/examples/threads/threads.c", "-pthread");
    run_ok(folder, "TRACERT_OUTPUT=standard\\ input ./program >/dev/null");
    run_ok(folder, "mkdir -p kept; \"$TRACEAN\" %s -q standard\\ input >file.out; echo $? >>file.out", verb);
    run_ok(folder, "cat standard\\ input | TMPDIR=kept \"$TRACEAN\" %s -q - >pipe.out; echo $? >>pipe.out", verb);
    run_ok(folder, "\"$TRACEAN\" %s -q - <standard\\ input >direct.out; echo $? >>direct.out", verb);
    run_ok(folder,
           "sed -i -e '/^next:/,/flamegraph/d' -e '/^$/d' *.out; cmp file.out pipe.out && cmp file.out direct.out");
    run_ok(folder, "test -z \"$(ls kept)\"");
}

END_TEST

static const struct {
    const char *line, *says;
    int status;
} wrong_input[] = {
    {"\"$TRACEAN\" report", "tracean: no trace is named, and there is no ./trace.zst: was the program linked", 2},
    {"\"$TRACEAN\" verify", "tracean: no trace is named, and there is no ./trace.zst: was the program linked", 2},
    {"\"$TRACEAN\" info", "tracean: no trace is named, and there is no ./trace.zst: was the program linked", 2},
    {": | \"$TRACEAN\" report -", "tracean: standard input: is empty\n", 2},
    {"echo no trace | \"$TRACEAN\" report -", "tracean: standard input: is not a trace", 2},
    {"echo x | TMPDIR=/nonexistent \"$TRACEAN\" report -",
     "tracean: standard input: cannot be kept in /nonexistent (TMPDIR names another folder): No such file", 2},
    {"head -c 100000 /dev/zero | (ulimit -f 8; TMPDIR=. \"$TRACEAN\" report -)",
     "tracean: standard input: cannot be kept in . (TMPDIR names another folder): File too large\n", 2},
    {"\"$TRACEAN\" report - <&-", "tracean: standard input: is empty\n", 2},
    {"echo x | \"$TRACEAN\" pack -", "tracean: pack of standard input needs -o FILE", 1},
    {"script -qec '\"$TRACEAN\" report -' /dev/null >&2", "tracean: standard input is a terminal: name a file", 0},
};

START_TEST(input_that_is_no_trace)
{
    const char *folder = scratch_folder("inputs/standard-wrong-%d", _i);
    struct run run = run_shell(folder, "trap '' XFSZ; %s", wrong_input[_i].line);
    ck_assert_msg(strncmp(run.err, wrong_input[_i].says, strlen(wrong_input[_i].says)) == 0, "%s", run.err);
    ck_assert(count_lines(run.err) == 1);
    ck_assert(wrong_input[_i].status == 0 || run.status == wrong_input[_i].status);
}

END_TEST

START_TEST(several_traces_are_merged)
{
    const char *folder = trace_make("merged");
    run_shell(folder, "TRACERT_OUTPUT=again.zst ./program");
    json_t *report = report_load(folder, "trace.zst again.zst", 0);
    ck_assert_uint_eq(report_calls(report, "work"), 200000);
    ck_assert_uint_eq(report_fact(report, "open_frames"), 4);
    report_check_laws(report);
    json_decref(report);
}

END_TEST

static const char *const misuse[] = {"", "nonsense", "report --nonsense", "report --format nonsense trace.zst",
                                     "report --thread x trace.zst"};

START_TEST(misuse_is_told)
{
    const char *folder = scratch_folder("inputs/misuse-%d", _i);
    struct run run = run_shell(folder, "\"$TRACEAN\" %s", misuse[_i]);
    ck_assert_msg(run.status == 1, "tracean %s: exit %d", misuse[_i], run.status);
    ck_assert_str_eq(run.out, "");
    ck_assert_msg(strlen(run.err) > 0, "tracean %s says nothing", misuse[_i]);
}

END_TEST

START_TEST(help_is_given)
{
    const char *folder = scratch_folder("inputs/help");
    struct run all = run_ok(folder, "\"$TRACEAN\" --help");
    for (int i = 0; i < NR_VERBS; i++) {
        char verb[32];
        snprintf(verb, sizeof verb, "%.*s", (int)strcspn(verbs[i], " "), verbs[i]);
        ck_assert_msg(strstr(all.out, verb) != NULL, "--help does not name %s", verb);
        struct run one = run_ok(folder, "\"$TRACEAN\" %s --help", verb);
        ck_assert_msg(strstr(one.out, verb) != NULL && one.err[0] == '\0', "%s --help: %s", verb, one.err);
    }
    run_ok(folder, "\"$TRACEAN\" --version");
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("inputs");
    TCase *tcase = tcase_create("inputs");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_loop_test(tcase, wrong_input_is_refused, 0, NR_WRONG * NR_VERBS);
    tcase_add_test(tcase, truncated_trace_is_read_as_far_as_it_goes);
    tcase_add_test(tcase, damaged_trace_is_read_everywhere_else);
    tcase_add_test(tcase, damaged_trace_is_repaired);
    tcase_add_test(tcase, program_that_is_gone);
    tcase_add_test(tcase, program_that_was_rebuilt);
    tcase_add_test(tcase, program_without_symbols);
    tcase_add_test(tcase, full_disk_is_an_error);
    tcase_add_test(tcase, closed_pipe_is_none);
    tcase_add_loop_test(tcase, standard_input_is_read_as_a_file_is, 0, NR_VERBS);
    tcase_add_loop_test(tcase, input_that_is_no_trace, 0, (int)(sizeof wrong_input / sizeof *wrong_input));
    tcase_add_test(tcase, several_traces_are_merged);
    tcase_add_loop_test(tcase, misuse_is_told, 0, (int)(sizeof misuse / sizeof *misuse));
    tcase_add_test(tcase, help_is_given);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
