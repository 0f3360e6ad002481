/*
 * Programs under valgrind's memcheck: it has nothing to say of the library, also where stacks are switched and
 * processes forked, the program behaves as ever, and the counts are exact.
 *
 * row: R49
 */
#include "expect.h"

#include <stdio.h>
#include <string.h>

/* What memcheck is unsure of: stacks that are switched, frames that end by other ways than a return, processes;
 * threads. */
static const char *const programs[] = {"coroutines.c", "forks.c",   "jumps.c",      "throws.cpp",    "allocas.c",
                                       "cancels.c",    "signals.c", "own_malloc.c", "thread_storm.c"};

enum { NR_PROGRAMS = (int)(sizeof programs / sizeof *programs), NR_QUICK = 4 };

/* Lines of memcheck's that are about itself: it does not know all of the kernel's newer calls. */
#define NOT_ITS_OWN                                                                      \
    "grep -v -e 'WARNING: unhandled amd64-linux syscall' -e 'You may be able to write' " \
    "-e 'README_MISSING' -e 'Nevertheless we consider' -e 'it at http'"

START_TEST(memcheck_is_content)
{
    const char *name = programs[_i];
    char path[512];
    struct expectations expectations;
    snprintf(path, sizeof path, "%s/tests/programs/%s", E2E_SOURCE, name);
    expectations_read(&expectations, path);
    const char *folder = scratch_folder("memcheck/%s", name);
    char source[sizeof path + 2];
    snprintf(source, sizeof source, "'%s'", path);
    build_program(&toolchains[1], folder, "program", source, "-w");
    struct run run =
        run_shell(folder, "exec env %s valgrind -q --log-file=said.%%p ./program", expectations.environment);
    ck_assert_msg(run.status == expectations.status, "%s: exit %d: %.500s", name, run.status, run.err);
    ck_assert_str_eq(run.err, "");
    struct run said = run_shell(folder, "cat said.* | " NOT_ITS_OWN);
    ck_assert_msg(said.out[0] == '\0', "%s: %.2000s", name, said.out);
    trace_await(folder, "trace.zst");
    json_t *report = report_load(folder, "trace.zst", 0);
    expectations_check(&expectations, report, run.out, false);
    report_check_laws(report);
    json_decref(report);
}

END_TEST

int main(int argc, char **argv)
{
    bool full = argc > 1 && strcmp(argv[1], "full") == 0;
    Suite *suite = suite_create("memcheck");
    TCase *tcase = tcase_create("programs");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    if (run_shell("/", "valgrind --version").status == 0)
        tcase_add_loop_test(tcase, memcheck_is_content, 0, full ? NR_PROGRAMS : NR_QUICK);
    else
        puts("no valgrind: left out");
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
