/*
 * Every program in tests/programs that says what it calls is built, linked and run in many ways. It must behave as it
 * does untraced, and its trace must tell exactly what it called (programs/README.md).
 *
 * usage: e2e_conformance [gcc|clang|foreign [PROGRAM]]     all ways with one compiler, of all programs or the one of
 *                                                          this name; without it a few with both
 *
 * row: R47 R49 R50
 */
#include "expect.h"

#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a program and the library come together. %s: compiler, level, source. */
static const struct link {
    const char *name;
    const char *flags; /* after the source */
    const char *run;   /* before ./program */
    bool is_static, has_sanitizer;
} links[] = {
    {"shared", "-L\"$LIB\" -Wl,-rpath,\"$LIB\" -ltracert", "", false, false},
    {"no-pie", "-fno-pie -no-pie -L\"$LIB\" -Wl,-rpath,\"$LIB\" -ltracert", "", false, false},
    {"static", "-static -Wl,-u,__cyg_profile_func_enter \"$LIB\"/libtracert.a -lzstd", "", true, false},
    {"archive", "-Wl,-u,__cyg_profile_func_enter \"$LIB\"/libtracert.a -lzstd", "", false, false},
    {"static-pie", "-static-pie -fPIE -Wl,-u,__cyg_profile_func_enter \"$LIB\"/libtracert.a -lzstd", "", true, false},
    {"lto", "-flto -L\"$LIB\" -Wl,-rpath,\"$LIB\" -Wl,--push-state,--no-as-needed -ltracert -Wl,--pop-state", "", false,
     false},
    {"static-lto", "-static -flto -Wl,-u,__cyg_profile_func_enter \"$LIB\"/libtracert.a -lzstd", "", true, false},
    {"preload", "", "LD_PRELOAD=\"$LIB\"/libtracert.so", false, false},
    {"fenced", "-L\"$LIB\" -Wl,-rpath,\"$LIB\" -ltracert", "TRACERT_FENCE=all", false, false},
    {"asan", "-fsanitize=address,undefined -L\"$LIB\" -Wl,-rpath,\"$LIB\" -ltracert", "", false, true},
    {"tsan", "-fsanitize=thread -L\"$LIB\" -Wl,-rpath,\"$LIB\" -ltracert", "", false, true},
    {"msan", "-fsanitize=memory -L\"$LIB\" -Wl,-rpath,\"$LIB\" -ltracert", "", false, true}, /* clang's alone */
};

enum { NR_LINKS = (int)(sizeof links / sizeof *links), NR_QUICK_LINKS = 9, NR_LEVELS = 4, PROGRAMS_MAX = 128 };

enum { NR_FOREIGN_LINKS = 7 }; /* without those that qemu, or its shell, stands in the way of */

enum { NR_LEVELLED = 3, NR_BUILDS = NR_LEVELLED * NR_LEVELS + NR_LINKS - NR_LEVELLED }; /* the others: -O2 only */

static const char *const levels[NR_LEVELS] = {"-O0", "-O2", "-O3", "-Os"};

struct build {
    const struct toolchain *toolchain; /* its level is not used */
    const char *level;
    const struct link *link;
};

static char *programs[PROGRAMS_MAX];
static int nr_programs;
static const char *only; /* compiler; NULL: the quick selection */

/* `name`: this one alone, or NULL. */
static void programs_find(const char *name)
{
    glob_t found;
    if (glob(E2E_SOURCE "/tests/programs/*.c*", 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc && nr_programs < PROGRAMS_MAX; i++) {
        struct expectations expectations;
        if (name != NULL && strcmp(strrchr(found.gl_pathv[i], '/') + 1, name) != 0)
            continue;
        expectations_read(&expectations, found.gl_pathv[i]);
        if (expectations.nr_functions > 0)
            programs[nr_programs++] = strdup(found.gl_pathv[i]);
    }
    globfree(&found);
}

static const struct toolchain *toolchain_of(bool is_clang)
{
    return &toolchains[is_clang ? nr_toolchains - 1 : 0];
}

static bool is_foreign(void)
{
    return only != NULL && strcmp(only, "foreign") == 0;
}

static int builds_per_program(void)
{
    return only == NULL ? 3 : is_foreign() ? NR_FOREIGN_LINKS : NR_BUILDS;
}

/* Build `number` of program `program`. The quick selection is each compiler once, and one more way to link; which, goes
 * round. */
static struct build build_choose(int program, int number)
{
    if (is_foreign())
        return (struct build){&foreign_toolchain, levels[number % 2], &links[number]};
    if (only != NULL) {
        bool levelled = number < NR_LEVELLED * NR_LEVELS;
        int link = levelled ? number / NR_LEVELS : number - NR_LEVELLED * (NR_LEVELS - 1);
        return (struct build){toolchain_of(strcmp(only, "clang") == 0), levels[levelled ? number % NR_LEVELS : 1],
                              &links[link]};
    }
    bool is_clang = (number + program) % 2 != 0;
    int link = number < 2 ? 0 : 1 + program % (NR_QUICK_LINKS - 1);
    return (struct build){toolchain_of(is_clang), levels[number == 0 ? 0 : 1], &links[link]};
}

/* `list`: words, of which those from an opening parenthesis on are a reason. */
static bool list_has(const char *list, const char *name)
{
    const char *end = list + strcspn(list, "(");
    size_t bytes = strlen(name);
    for (const char *word = list; word < end; word += strcspn(word, " "), word += strspn(word, " "))
        if (strcspn(word, " ") == bytes && strncmp(word, name, bytes) == 0)
            return true;
    return false;
}

static bool build_is_possible(const struct build *build, const struct expectations *expectations)
{
    bool needs_clang = expectations->needs_clang || strcmp(build->link->name, "msan") == 0;
    return !list_has(expectations->without, build->link->name) &&
           !(is_foreign() && list_has(expectations->without, "foreign")) &&
           !(needs_clang && !build->toolchain->is_clang) && !(expectations->needs_dynamic && build->link->is_static) &&
           !(expectations->needs_library && build->link->flags[0] == '\0') &&
           !(expectations->no_lto && strstr(build->link->name, "lto") != NULL) &&
           !(expectations->no_sanitizers && build->link->has_sanitizer);
}

static void build_make(const struct build *build, const char *folder, const char *path)
{
    const char *compiler = strstr(path, ".cpp") != NULL ? build->toolchain->cxx : build->toolchain->cc;
    const char *lld = build->toolchain->is_clang && strstr(build->link->name, "lto") != NULL ? "-fuse-ld=lld" : "";
    run_ok(folder,
           "%s %s -g -w -finstrument-functions -I\"$PREFIX/include\" '%s' %s %s -pthread -ldl -o "
           "program",
           compiler, build->level, path, lld, build->link->flags);
}

/* It does what it does when it is compiled without the flag. */
static void check_transparency(const struct build *build, const char *folder, const char *path, const struct run *run)
{
    const char *compiler = strstr(path, ".cpp") != NULL ? build->toolchain->cxx : build->toolchain->cc;
    run_ok(folder, "%s %s -w '%s' -pthread -ldl -o plain", compiler, build->level, path);
    struct run plain = run_shell(folder, "exec ./plain");
    ck_assert_msg(strcmp(run->out, plain.out) == 0, "prints %.500s", run->out);
    ck_assert_msg(strcmp(run->err, plain.err) == 0, "says %.500s", run->err);
    ck_assert_int_eq(run->status, plain.status);
}

START_TEST(program_is_traced_and_does_not_notice)
{
    const char *path = programs[_i / builds_per_program()];
    const struct build build = build_choose(_i / builds_per_program(), _i % builds_per_program());
    const char *name = basename(strdup(path));
    struct expectations expectations;
    expectations_read(&expectations, path);
    bool is_left_out = expectations.is_slow && only == NULL && _i % builds_per_program() != 1;
    if (is_left_out || !build_is_possible(&build, &expectations))
        return;
    const char *folder = scratch_folder("conformance/%s/%s%s-%s", name,
                                        is_foreign()                ? "foreign"
                                        : build.toolchain->is_clang ? "clang"
                                                                    : "gcc",
                                        build.level, build.link->name);
    fprintf(stderr, "%s\n", folder); /* for whoever reads of a failure */
    build_make(&build, folder, path);
    struct run run = run_shell(folder, "exec env %s %s ./program", expectations.environment, build.link->run);
    ck_assert_msg(run.status == expectations.status, "%s: exit %d: %.500s", name, run.status, run.err);
    ck_assert_msg(run.err[0] == '\0', "says %.500s", run.err);

    trace_await(folder, "trace.zst");
    run_ok(folder, "zstd -q -t trace.zst");
    run_ok(folder, "\"$TRACEAN\" verify -q trace.zst || [ $? = 3 ]");
    json_t *report = report_load(folder, "trace.zst", REPORT_ANY);
    expectations_check(&expectations, report, run.out, build.toolchain->is_clang);
    report_check_laws(report);
    json_decref(report);
    if (build.link == links && !expectations.varies && !expectations.needs_library)
        check_transparency(&build, folder, path, &run);
}

END_TEST

int main(int argc, char **argv)
{
    only = argc > 1 ? argv[1] : NULL;
    if (is_foreign() && getenv("FOREIGN_LIB") == NULL) {
        fprintf(stderr, "usage: tests/foreign/run.sh\n");
        return 1;
    }
    programs_find(argc > 2 ? argv[2] : NULL);
    Suite *suite = suite_create("conformance");
    TCase *tcase = tcase_create("programs");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_loop_test(tcase, program_is_traced_and_does_not_notice, 0, nr_programs * builds_per_program());
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
