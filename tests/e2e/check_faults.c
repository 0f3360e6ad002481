/*
 * Each allocation, each read and each write of the analyzer fails once: it says so, exits as it should, and leaves no
 * output file behind that is not whole. What the child that reads the binaries cannot do costs names, and that is said.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const commands[] = {
    "report trace.zst",
    "report --format csv --function work --time 0..1s trace.zst",
    "report run.tprof",
    "flamegraph trace.zst -o out",
    "calls -n 50 trace.zst",
    "dump -n 50 trace.zst",
    "info --format json trace.zst",
    "verify trace.zst",
    "repair hurt.zst -o out",
    "pack trace.zst -o out",
    "merge run.tprof run.tprof -o out",
    "report --memory memory.zst",
    "report --memory --format svg -o out memory.zst",
    "export --memory --format pprof -o out memory.zst",
    "export --format massif -o out memory.zst",
    "heap memory.2-after.heap",
    "heap --format json memory.2-after.heap",
    "heap --format heapsnapshot -o out memory.2-after.heap",
    "heap --format heapprofile -o out memory.2-after.heap",
    "heap --diff memory.1-before.heap memory.2-after.heap",
};

static const char *const calls[] = {"memory", "read", "write"};

enum { NR_COMMANDS = (int)(sizeof commands / sizeof *commands), NR_CALLS = 3, POINTS_MAX = 5000 };

/* A folder with a trace, a damaged one, a profile, and the library that lets calls fail. */
static const char *faults_prepare(int number)
{
    const char *folder = scratch_folder("faults/%d", number);
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/names/one.c \"$PROGRAMS\"/names/two.c", "");
    run_ok(folder, "./program && \"$GCC\" -O1 -shared -fPIC -D_GNU_SOURCE \"$PROGRAMS\"/failing_calls.c -o failing.so");
    build_program(&toolchains[1], folder, "grows", "\"$PROGRAMS\"/grows.c", "");
    run_ok(folder, "TRACERT_OUTPUT=memory.zst TRACERT_MEMORY=full LD_PRELOAD=\"$LIB/libtracert_memory.so\" ./grows");
    run_ok(folder, "\"$TRACEAN\" profile trace.zst -o run.tprof && head -c -10 trace.zst >hurt.zst");
    return folder;
}

/* True when nothing was left undone but names. */
static bool is_fine(const char *folder, const struct run *run, const struct run *whole)
{
    static const char *const said[] = {"symbols of", "without lines", "shown as addresses", "cannot be read",
                                       "no memory to say it"};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (strstr(run->out, said[i]) != NULL || strstr(run->err, said[i]) != NULL)
            return true;
    return strcmp(run->out, whole->out) == 0 &&
           (!file_exists(folder, "whole") || run_shell(folder, "cmp whole out").status == 0);
}

static void point_check(const char *folder, const char *call, int at, const char *command, const struct run *whole)
{
    struct run run = run_shell(folder, "FAIL_CALL=%s FAIL_AT=%d FAIL_MARK=mark LD_PRELOAD=./failing.so \"$TRACEAN\" %s",
                               call, at, command);
    if (run.status == whole->status)
        ck_assert_msg(is_fine(folder, &run, whole), "%s %d of %s: exit %d, and something else: %s%s", call, at, command,
                      run.status, run.out, run.err);
    else
        ck_assert_msg((run.status == 2 || run.status == 4 || strstr(run.err, "is a profile") != NULL) &&
                          strncmp(run.err, "tracean: ", 9) == 0 &&
                          (!file_exists(folder, "out") || is_fine(folder, &run, &run)),
                      "%s %d of %s: exit %d: %s", call, at, command, run.status, run.err);
    ck_assert_msg(run_shell(folder, "ls -a | grep tmp$").status == 1, "%s %d of %s leaves a file", call, at, command);
}

START_TEST(every_call_fails_once)
{
    const char *command = commands[_i / NR_CALLS], *call = calls[_i % NR_CALLS];
    const char *folder = faults_prepare(_i);
    struct run whole = run_shell(folder, "\"$TRACEAN\" %s", command);
    ck_assert_msg(whole.status == 0 || whole.status == 3, "%s: exit %d", command, whole.status);
    run_shell(folder, "mv out whole");
    int at = 0;
    do {
        run_shell(folder, "rm -f mark out");
        point_check(folder, call, ++at, command, &whole);
    } while (file_exists(folder, "mark") && at < POINTS_MAX);
    ck_assert_msg(at > 1 && at < POINTS_MAX, "%s of %s: %d", call, command, at);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("faults");
    TCase *tcase = tcase_create("faults");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_loop_test(tcase, every_call_fails_once, 0, NR_COMMANDS * NR_CALLS);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
