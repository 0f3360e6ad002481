/*
 * Allocations are seen in every documented way to link what sees them, under the sanitizers, and with other allocators;
 * where they cannot be, one line says so.
 */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSTALLED                                                                               \
    "export LIBRARY_PATH=\"$LIB\" C_INCLUDE_PATH=\"$PREFIX/include\" LD_LIBRARY_PATH=\"$LIB\" " \
    "PKG_CONFIG_PATH=\"$LIB/pkgconfig\"; "

/* What the trace says of allocations on paths through a function: "ALLOCATIONS BYTES". */
static struct run allocated_below(const char *folder, const char *function)
{
    return run_ok(folder,
                  "for w in allocs bytes; do \"$TRACEAN\" export -q --weight $w --format folded trace.zst | "
                  "grep -E '(^|;)%s(;| )' | grep -v search_object | awk '{ sum += $NF } END { printf \"%%d \", sum }'; "
                  "done",
                  function);
}

/* Run a program of which it is known what main() allocates. */
static void run_and_expect(const char *folder, const char *command, const char *function, const char *expected)
{
    struct run run = run_ok(folder, "rm -f trace.zst; " INSTALLED "%s", command);
    ck_assert_msg(run.err[0] == '\0', "%s: on stderr: %s", command, run.err);
    trace_check_file(folder, "trace.zst");
    run = allocated_below(folder, function);
    ck_assert_msg(strncmp(run.out, expected, strlen(expected)) == 0, "%s: %s, and not %s", command, run.out, expected);
}

static const struct way {
    const char *name, *build, *expected;
} ways[] = {
    {"shared", "\"$GCC\" -O1 \"$PROGRAMS\"/allocates.c $(pkg-config --cflags --libs tracert-memory)", "16 14222 "},
    {"shared, as needed",
     "\"$CLANG\" -O1 -Wl,--as-needed \"$PROGRAMS\"/allocates.c $(pkg-config --cflags --libs tracert-memory)",
     "16 14222 "},
    {"static",
     "\"$GCC\" -static -O1 \"$PROGRAMS\"/allocates.c $(pkg-config --static --cflags --libs tracert-memory-static)",
     "16 14222 "},
    {"static-pie",
     "\"$GCC\" -static-pie -fPIE -O1 \"$PROGRAMS\"/allocates.c "
     "$(pkg-config --static --cflags --libs tracert-memory-static)",
     "16 14222 "},
    /* Beside what it says: three exceptions, of whatever size, and the text of one. */
    {"static, C++",
     "\"$GXX\" -static -std=c++17 -fsized-deallocation \"$PROGRAMS\"/allocates.cpp "
     "$(pkg-config --static --cflags --libs tracert-memory-static)",
     "16 "},
};

START_TEST(way_to_link_sees_all)
{
    const char *folder = scratch_folder("memory_links/way-%d", _i);
    run_ok(folder, INSTALLED "%s -o program", ways[_i].build);
    run_and_expect(folder, "TRACERT_MEMORY=full ./program", "main", ways[_i].expected);
    run_and_expect(folder, "TRACERT_MEMORY=lazy ./program", "main", ways[_i].expected);
}

END_TEST

START_TEST(cmake_targets_see_all)
{
    const char *folder = scratch_folder("memory_links/cmake");
    run_ok(folder, "mkdir project && cat >project/CMakeLists.txt <<'END'\n"
                   "cmake_minimum_required(VERSION 3.18)\nproject(heap LANGUAGES C)\n"
                   "find_package(tracert REQUIRED COMPONENTS memory memory_static)\n"
                   "add_executable(shared $ENV{PROGRAMS}/allocates.c)\n"
                   "target_link_libraries(shared PRIVATE tracert::memory)\n"
                   "add_executable(fixed $ENV{PROGRAMS}/allocates.c)\n"
                   "target_link_libraries(fixed PRIVATE tracert::memory_static)\n"
                   "target_link_options(fixed PRIVATE -static)\nEND\n");
    run_ok(folder,
           "PROGRAMS=\"$PROGRAMS\" '%s' -S project -B build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo "
           "-DCMAKE_C_COMPILER=\"$GCC\" -DCMAKE_PREFIX_PATH=\"$PREFIX\" && "
           "'%s' --build build",
           E2E_CMAKE, E2E_CMAKE);
    run_and_expect(folder, "TRACERT_MEMORY=full build/shared", "main", "16 14222 ");
    run_and_expect(folder, "TRACERT_MEMORY=full build/fixed", "main", "16 14222 ");
}

END_TEST

/* Their malloc comes before any other; they tell who asks them to. */
static const char *const sanitizers[] = {"\"$GCC\" -fsanitize=address", "\"$CLANG\" -fsanitize=address",
                                         "\"$GCC\" -fsanitize=leak", "\"$CLANG\" -fsanitize=leak"};

START_TEST(sanitizers_tell)
{
    const char *folder = scratch_folder("memory_links/sanitizer-%d", _i);
    run_ok(folder,
           "%s -O1 -finstrument-functions -I\"$PREFIX/include\" \"$PROGRAMS\"/alloc_paths.c -pthread -L\"$LIB\" "
           "-ltracert -Wl,-rpath,\"$LIB\" -o program",
           sanitizers[_i]);
    run_ok(folder, "ASAN_OPTIONS=detect_leaks=0 LSAN_OPTIONS=detect_leaks=0 TRACERT_MEMORY=full ./program");
    trace_check_file(folder, "trace.zst");
    struct run run = allocated_below(folder, "ping");
    ck_assert_str_eq(run.out, "1 11 ");
    run = allocated_below(folder, "down");
    ck_assert_str_eq(run.out, "10 330 ");
    run = allocated_below(folder, "worker");
    ck_assert_str_eq(run.out, "2 33 ");
}

END_TEST

/* Behind ours they are seen as the C library's is; linked into the program in front of it they are named. */
static const char *const allocators[] = {"libjemalloc.so.2", "libtcmalloc_minimal.so.4", "libmimalloc.so.2"};

START_TEST(other_allocators_are_seen)
{
    const char *folder = scratch_folder("memory_links/allocator-%d", _i), *name = allocators[_i];
    run_ok(folder, INSTALLED "\"$GCC\" -O1 -finstrument-functions \"$PROGRAMS\"/allocation_storm.c -pthread -ltracert "
                             "-o program");
    if (run_shell(folder, "\"$GCC\" \"$PROGRAMS\"/allocation_storm.c -pthread -l:%s -o behind", name).status != 0) {
        printf("left out: %s is not installed\n", name);
        return;
    }
    struct run run =
        run_ok(folder,
               INSTALLED "LD_PRELOAD=\"$LIB/libtracert_memory.so $(ldd ./behind | awk '/%s/ { print $3 }')\" "
                         "TRACERT_MEMORY=full ./program",
               name);
    ck_assert_str_eq(run.err, "");
    trace_check_file(folder, "trace.zst");
    unsigned long long allocs, bytes, releases;
    ck_assert_int_eq(sscanf(run.out, "%llu %llu %llu", &allocs, &bytes, &releases), 3);
    char expected[64];
    snprintf(expected, sizeof expected, "%llu %llu ", allocs, bytes);
    run = allocated_below(folder, "storm");
    ck_assert_str_eq(run.out, expected);
    run = run_ok(folder, "rm trace.zst; LD_PRELOAD=\"$LIB/libtracert_memory.so\" TRACERT_MEMORY=events ./behind");
    ck_assert_str_eq(run.err, "");
    trace_check_file(folder, "trace.zst");
    run = run_ok(folder,
                 "rm trace.zst; LD_PRELOAD=\"$(ldd ./behind | awk '/%s/ { print $3 }') $LIB/libtracert_memory.so\" "
                 "TRACERT_MEMORY=events ./behind",
                 name);
    ck_assert_msg(count_lines(run.err) == 1 && strstr(run.err, name) != NULL, "%s", run.err);
}

END_TEST

/* Never a heap that is silently empty. */
START_TEST(static_program_without_it_says_so)
{
    const char *folder = scratch_folder("memory_links/silent");
    run_ok(folder, INSTALLED
           "\"$GCC\" -static \"$PROGRAMS\"/allocates.c $(pkg-config --static --cflags --libs tracert) -o program");
    struct run run = run_ok(folder, "TRACERT_MEMORY=full ./program");
    ck_assert_msg(count_lines(run.err) == 1 && strstr(run.err, "only what tracert_alloc() tells will be seen") != NULL,
                  "%s", run.err);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("memory_links");
    TCase *tcase = tcase_create("memory_links");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_loop_test(tcase, way_to_link_sees_all, 0, (int)(sizeof ways / sizeof *ways));
    tcase_add_test(tcase, cmake_targets_see_all);
    tcase_add_loop_test(tcase, sanitizers_tell, 0, (int)(sizeof sanitizers / sizeof *sanitizers));
    tcase_add_loop_test(tcase, other_allocators_are_seen, 0, (int)(sizeof allocators / sizeof *allocators));
    tcase_add_test(tcase, static_program_without_it_says_so);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
