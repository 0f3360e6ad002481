/*
 * Every documented way to build with the library gives a whole trace: plain -ltracert, pkg-config, the CMake package,
 * static, link-time optimisation, preloading. (glibc has empty hooks, so a wrong way would link, run and record
 * nothing.)
 *
 * row: R48
 */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run_and_check(const char *folder, const char *command, const char *source, bool is_clang)
{
    struct run run = run_shell(folder, "rm -f trace.zst; %s", command);
    ck_assert_msg(run.err[0] == '\0', "%s: on stderr: %s", command, run.err);
    ck_assert_msg(file_exists(folder, "trace.zst"), "%s: no trace", command);
    trace_check_file(folder, "trace.zst");
    char path[4096];
    snprintf(path, sizeof path, E2E_SOURCE "/tests/programs/%s", source);
    struct expectations expectations;
    expectations_read(&expectations, path);
    json_t *report = report_load(folder, "trace.zst", 0);
    expectations_check(&expectations, report, NULL, is_clang);
    json_decref(report);
}

/* Shell lines that make ./program of deep.c, in an environment as if the project were installed in the system. */
static const struct way {
    const char *name;
    const char *build;
    bool needs_clang; /* for its messages only */
} ways[] = {
    {"plain", "\"$GCC\" -finstrument-functions -O2 -g \"$PROGRAMS\"/deep.c -ltracert -o program", false},
    {"plain, clang", "\"$CLANG\" -finstrument-functions -O2 -g \"$PROGRAMS\"/deep.c -ltracert -o program", true},
    {"plain, as needed",
     "\"$GCC\" -finstrument-functions -O2 -g -Wl,--as-needed \"$PROGRAMS\"/deep.c -ltracert -o program", false},
    {"pkg-config", "\"$GCC\" -O2 -g \"$PROGRAMS\"/deep.c $(pkg-config --cflags --libs tracert) -o program", false},
    {"pkg-config, clang", "\"$CLANG\" -O2 -g \"$PROGRAMS\"/deep.c $(pkg-config --cflags --libs tracert) -o program",
     true},
    {"pkg-config, lto",
     "\"$GCC\" -flto -O2 -g -Wl,--as-needed \"$PROGRAMS\"/deep.c $(pkg-config --cflags --libs tracert) -o program",
     false},
    {"pkg-config, static",
     "\"$GCC\" -static -O2 -g \"$PROGRAMS\"/deep.c $(pkg-config --static --cflags --libs tracert) -o program", false},
    {"pkg-config, static-pie",
     "\"$GCC\" -static-pie -fPIE -O2 -g \"$PROGRAMS\"/deep.c $(pkg-config --static --cflags --libs tracert) -o program",
     false},
    {"pkg-config, static, lto",
     "\"$GCC\" -static -flto -O2 -g \"$PROGRAMS\"/deep.c $(pkg-config --static --cflags --libs tracert) -o program",
     false},
    {"static library in a dynamic program",
     "\"$GCC\" -O2 -g -finstrument-functions \"$PROGRAMS\"/deep.c -l:libtracert.a -lzstd -o program", false},
};

enum { NR_WAYS = (int)(sizeof ways / sizeof *ways) };

#define INSTALLED                                                                               \
    "export LIBRARY_PATH=\"$LIB\" C_INCLUDE_PATH=\"$PREFIX/include\" LD_LIBRARY_PATH=\"$LIB\" " \
    "PKG_CONFIG_PATH=\"$LIB/pkgconfig\"; "

START_TEST(way_to_link_works)
{
    const struct way *way = &ways[_i];
    const char *folder = scratch_folder("linking/way-%d", _i);
    run_ok(folder, INSTALLED "%s", way->build);
    run_and_check(folder, INSTALLED "./program", "deep.c", way->needs_clang);
}

END_TEST

START_TEST(preloading_works)
{
    const char *folder = scratch_folder("linking/preload-%d", _i);
    const struct toolchain *toolchain = &toolchains[_i];
    run_ok(folder, "%s %s -g -finstrument-functions \"$PROGRAMS\"/deep.c -o program", toolchain->cc, toolchain->level);
    run_and_check(folder, "LD_PRELOAD=\"$LIB/libtracert.so\" ./program", "deep.c", toolchain->is_clang);
}

END_TEST

/* Compiler, with or without link-time optimisation; clang's needs a linker that not every system has. */
static const struct consumer {
    const char *cc, *cxx, *lto;
    bool is_clang;
} consumers[] = {
    {E2E_GCC, E2E_GXX, "OFF", false},
    {E2E_GCC, E2E_GXX, "ON", false},
    {E2E_CLANG, E2E_CLANGXX, "OFF", true},
};

START_TEST(cmake_package_works)
{
    const struct consumer *consumer = &consumers[_i];
    const char *folder = scratch_folder("linking/cmake-%d", _i);
    run_ok(folder,
           "'%s' -S \"$PROGRAMS\"/consumer -B . -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DLTO=%s "
           "-DCMAKE_C_COMPILER='%s' -DCMAKE_CXX_COMPILER='%s' -DCMAKE_PREFIX_PATH=\"$PREFIX\" "
           "-DCMAKE_EXE_LINKER_FLAGS=-Wl,--as-needed && '%s' --build .",
           E2E_CMAKE, consumer->lto, consumer->cc, consumer->cxx, E2E_CMAKE);
    static const char *const kinds[] = {"tracert", "shared", "static"};
    for (int i = 0; i < 3; i++) {
        char command[64];
        snprintf(command, sizeof command, "./c_%s", kinds[i]);
        run_and_check(folder, command, "deep.c", consumer->is_clang);
        snprintf(command, sizeof command, "./cxx_%s", kinds[i]);
        run_and_check(folder, command, "throws.cpp", consumer->is_clang);
    }
}

END_TEST

/* The CMake package finds its files from where it lies. */
START_TEST(package_can_move)
{
    const char *folder = scratch_folder("linking/moved");
    run_ok(folder, "cp -a \"$PREFIX\" 'another place'");
    run_ok(
        folder,
        "'%s' -S \"$PROGRAMS\"/consumer -B build -G Ninja -DLTO=OFF -DCMAKE_PREFIX_PATH=\"$PWD/another place\" && "
        "'%s' --build build && grep -q 'another place/' build/build.ninja && ! grep -q \"$PREFIX/\" build/build.ninja",
        E2E_CMAKE, E2E_CMAKE);
    run_and_check(folder, "build/c_shared", "deep.c", false);
}

END_TEST

START_TEST(system_headers_are_left_out)
{
    const char *folder = scratch_folder("linking/headers");
    run_ok(folder, "mkdir project && cat >project/CMakeLists.txt <<'END'\n"
                   "cmake_minimum_required(VERSION 3.18)\nproject(headers LANGUAGES CXX)\n"
                   "find_package(tracert REQUIRED)\nadd_executable(program main.cpp)\n"
                   "target_link_libraries(program PRIVATE tracert::tracert)\nEND\n"
                   "cat >project/main.cpp <<'END'\n#include <algorithm>\n#include <vector>\n"
                   "int main()\n{\n    std::vector<int> v{3, 1, 2};\n    std::sort(v.begin(), v.end());\n"
                   "    return v[0] - 1;\n}\nEND\n");
    run_ok(folder,
           "'%s' -S project -B build -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER=\"$GXX\" "
           "-DCMAKE_PREFIX_PATH=\"$PREFIX\" && '%s' --build build && build/program",
           E2E_CMAKE, E2E_CMAKE);
    json_t *report = report_load(folder, "trace.zst", 0);
    ck_assert_uint_eq(report_fact(report, "calls"), 1);
    json_decref(report);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("linking");
    TCase *tcase = tcase_create("linking");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_loop_test(tcase, way_to_link_works, 0, NR_WAYS);
    tcase_add_loop_test(tcase, preloading_works, 0, nr_toolchains);
    tcase_add_loop_test(tcase, cmake_package_works, 0, (int)(sizeof consumers / sizeof *consumers));
    tcase_add_test(tcase, package_can_move);
    tcase_add_test(tcase, system_headers_are_left_out);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
