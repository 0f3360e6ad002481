/*
 * Each example, built as its README says with the CMake package, by both compilers, unoptimised and optimised: it
 * prints what the README shows, and its trace tells what its source expects.
 *
 * row: R4 R5 R52
 */
#include "expect.h"

#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *examples[64]; /* paths of the folders */
static int nr_examples;

static void examples_find(void)
{
    glob_t found;
    if (glob(E2E_SOURCE "/examples/*/CMakeLists.txt", 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc && nr_examples < 64; i++)
        examples[nr_examples++] = strdup(dirname(found.gl_pathv[i]));
    globfree(&found);
}

/* The source that is named like its folder holds the expectations. */
static void example_expectations(struct expectations *expectations, const char *path, const char *name)
{
    char pattern[4096];
    snprintf(pattern, sizeof pattern, "%s/%s.c*", path, name);
    glob_t found;
    ck_assert_msg(glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc == 1, "one %s is needed", pattern);
    expectations_read(expectations, found.gl_pathv[0]);
    ck_assert_msg(expectations->nr_functions > 0, "%s expects nothing", found.gl_pathv[0]);
    globfree(&found);
}

static void readme_check(const char *path, const char *output)
{
    const char *readme = file_read(path, "README.md");
    char *lines = strdup(output);
    for (char *line = strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n"))
        ck_assert_msg(strstr(readme, line) != NULL, "%s/README.md does not show \"%s\"", path, line);
    free(lines);
}

/* All of them as one project: to configure a build takes longer than to build and run an example. */
static const char *examples_build(const struct toolchain *toolchain)
{
    const char *folder = scratch_folder("examples/%s", toolchain->name);
    run_ok(folder, "cat >CMakeLists.txt <<'END'\n"
                   "cmake_minimum_required(VERSION 3.18)\nproject(examples LANGUAGES C CXX)\n"
                   "file(GLOB examples ${SOURCE}/examples/*/CMakeLists.txt)\nforeach(example IN LISTS examples)\n"
                   "  get_filename_component(folder ${example} DIRECTORY)\n"
                   "  get_filename_component(name ${folder} NAME)\n"
                   "  add_subdirectory(${folder} ${name})\nendforeach()\nEND\n");
    run_ok(folder,
           "'%s' -S . -B . -G Ninja -DSOURCE=\"$SOURCE\" -DCMAKE_PREFIX_PATH=\"$PREFIX\" -DCMAKE_C_COMPILER=%s "
           "-DCMAKE_CXX_COMPILER=%s -DCMAKE_C_FLAGS=%s -DCMAKE_CXX_FLAGS=%s && '%s' --build .",
           E2E_CMAKE, toolchain->cc, toolchain->cxx, toolchain->level, toolchain->level, E2E_CMAKE);
    return folder;
}

static void example_check(const char *path, const char *build, bool is_clang)
{
    const char *name = basename(strdup(path));
    struct expectations expectations;
    example_expectations(&expectations, path, name);
    struct run run = run_ok(build, "cd %s && ./%s", name, name);
    ck_assert_msg(run.err[0] == '\0', "%s: on stderr: %s", name, run.err);
    readme_check(path, run.out);

    char folder[4096];
    snprintf(folder, sizeof folder, "%s/%s", build, name);
    trace_check_file(folder, "trace.zst");
    json_t *report = report_load(folder, "trace.zst", 0);
    expectations_check(&expectations, report, NULL, is_clang);
    report_check_laws(report);
    json_decref(report);
}

START_TEST(examples_are_as_described)
{
    const char *build = examples_build(&toolchains[_i]);
    for (int i = 0; i < nr_examples; i++)
        example_check(examples[i], build, toolchains[_i].is_clang);
}

END_TEST

/* The command that each README gives for a plain compiler works too. */
START_TEST(command_of_the_readme_works)
{
    const char *path = examples[_i];
    const char *name = basename(strdup(path));
    const char *folder = scratch_folder("examples/%s-readme", name);
    struct expectations expectations;
    example_expectations(&expectations, path, name);
    run_ok(folder,
           "cp '%s'/* . && export PKG_CONFIG_PATH=\"$LIB/pkgconfig\" LD_LIBRARY_PATH=\"$LIB\" && "
           "sed -n 's/^    \\(c[c+][+]* .*\\)/\\1/p' README.md >commands && test -s commands && . ./commands && ./%s",
           path, name);
    json_t *report = report_load(folder, "trace.zst", 0);
    expectations_check(&expectations, report, NULL, false);
    json_decref(report);
}

END_TEST

int main(void)
{
    examples_find();
    Suite *suite = suite_create("examples");
    TCase *tcase = tcase_create("examples");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_loop_test(tcase, examples_are_as_described, 0, nr_toolchains);
    tcase_add_loop_test(tcase, command_of_the_readme_works, 0, nr_examples);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
