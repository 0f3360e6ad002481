/*
 * Counts are exact: every program in tests/programs that says what it calls is built by both compilers, unoptimised and
 * optimised, run, and its trace must tell the same.
 */
#include "expect.h"

#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *programs[64];
static int nr_programs;

static void programs_find(void)
{
    glob_t found;
    if (glob(E2E_SOURCE "/tests/programs/*.c*", 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc && nr_programs < 64; i++) {
        struct expectations expectations;
        expectations_read(&expectations, found.gl_pathv[i]);
        if (expectations.nr_functions > 0)
            programs[nr_programs++] = strdup(found.gl_pathv[i]);
    }
    globfree(&found);
}

START_TEST(counts_are_exact)
{
    const char *path = programs[_i / nr_toolchains];
    const struct toolchain *toolchain = &toolchains[_i % nr_toolchains];
    char *name = basename(strdup(path));
    const char *folder = scratch_folder("counts/%s-%s", name, toolchain->name);
    struct expectations expectations;
    expectations_read(&expectations, path);

    char *source = NULL;
    ck_assert(asprintf(&source, "'%s'", path) > 0);
    build_program(toolchain, folder, "program", source, "");
    struct run run = run_shell(folder, "./program");
    ck_assert_msg(run.status < 126, "%s died: %d %s", name, run.status, run.err);
    ck_assert_str_eq(run.err, "");

    trace_check_file(folder, "trace.zst");
    json_t *report = report_load(folder, "trace.zst", 0);
    expectations_check(&expectations, report, toolchain->is_clang);
    report_check_laws(report);
    json_decref(report);
}

END_TEST

int main(void)
{
    programs_find();
    Suite *suite = suite_create("counts");
    TCase *tcase = tcase_create("programs");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_loop_test(tcase, counts_are_exact, 0, nr_programs * nr_toolchains);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
