/*
 * What libtracert_memory sees is what happened: the programs count what they allocate and release, and the trace says
 * the same, in every way to link, with every function that there is.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A program run with TRACERT_MEMORY, and what it must print on stderr: nothing. */
#define PRELOAD "LD_PRELOAD=\"$LIB/libtracert_memory.so\" "

struct heap {
    uint64_t allocs, bytes, releases;
};

/* What the trace says, line by line of its dump. A block that could not be resized was never released. */
static struct heap heap_dumped(const char *folder)
{
    unsigned long long allocs, bytes, releases;
    struct run run = run_ok(folder, "\"$TRACEAN\" dump trace.zst | awk '"
                                    "$3 == \"alloc\" && $8 != \"restored\" { allocs++; bytes += $5 }"
                                    "$3 == \"free\" || $3 == \"realloc\" { releases++ }"
                                    "$3 == \"alloc\" && $8 == \"restored\" { releases-- }"
                                    "END { printf \"%%d %%d %%d\", allocs, bytes, releases }'");
    ck_assert_int_eq(sscanf(run.out, "%llu %llu %llu", &allocs, &bytes, &releases), 3);
    return (struct heap){allocs, bytes, releases};
}

/* Run ./program; what it says it did, and what the trace says, is the same; but for what others do in it: so many
 * allocations, which they keep, and so many, which they release. */
static void run_and_compare(const char *folder, const char *command, uint64_t nr_kept, uint64_t nr_released)
{
    uint64_t others = nr_kept + nr_released;
    struct run run = run_ok(folder, "rm -f trace.zst; %s", command);
    ck_assert_msg(run.err[0] == '\0', "%s: on stderr: %s", command, run.err);
    unsigned long long allocs, bytes, releases;
    ck_assert_int_eq(sscanf(run.out, "%llu %llu %llu", &allocs, &bytes, &releases), 3);
    trace_check_file(folder, "trace.zst");
    struct heap heap = heap_dumped(folder);
    ck_assert_msg(heap.allocs == allocs + others && heap.releases == releases + nr_released &&
                      (others > 0 || heap.bytes == bytes),
                  "%s: %lu allocations of %lu bytes, %lu releases, and not %llu, %llu, %llu", command,
                  (unsigned long)heap.allocs, (unsigned long)heap.bytes, (unsigned long)heap.releases, allocs, bytes,
                  releases);
}

static const struct way {
    const char *name, *build, *run;
} ways[] = {
    {"preloaded, instrumented, without functions",
     "\"$GCC\" -O1 -finstrument-functions \"$PROGRAMS\"/allocates.c -L\"$LIB\" -ltracert -Wl,-rpath,\"$LIB\" -o "
     "program",
     PRELOAD "TRACERT_MEMORY=events ./program"},
    {"preloaded, instrumented",
     "\"$GCC\" -O1 -finstrument-functions \"$PROGRAMS\"/allocates.c -L\"$LIB\" -ltracert -Wl,-rpath,\"$LIB\" -o "
     "program",
     PRELOAD "TRACERT_MEMORY=full ./program"},
    {"preloaded, any program", "\"$GCC\" -O1 \"$PROGRAMS\"/allocates.c -o program",
     PRELOAD "TRACERT_MEMORY=events ./program"},
    {"linked",
     "\"$CLANG\" -O1 -finstrument-functions \"$PROGRAMS\"/allocates.c -L\"$LIB\" -ltracert_memory -ltracert "
     "-Wl,-rpath,\"$LIB\" -o program",
     "TRACERT_MEMORY=full ./program"},
    {"linked and preloaded",
     "\"$GCC\" -O1 -finstrument-functions \"$PROGRAMS\"/allocates.c -L\"$LIB\" -ltracert_memory -ltracert "
     "-Wl,-rpath,\"$LIB\" -o program",
     PRELOAD "TRACERT_MEMORY=full ./program"},
    {"static library in a dynamic program",
     "\"$GCC\" -O1 -finstrument-functions \"$PROGRAMS\"/allocates.c -L\"$LIB\" -l:libtracert_memory.a -l:libtracert.a "
     "-lzstd -o program",
     "TRACERT_MEMORY=full ./program"},
    {"the loader resolves late", "\"$GCC\" -O1 \"$PROGRAMS\"/allocates.c -Wl,-z,lazy -o program",
     PRELOAD "TRACERT_MEMORY=events ./program"},
    {"not a position independent program", "\"$GCC\" -O1 -no-pie \"$PROGRAMS\"/allocates.c -o program",
     PRELOAD "TRACERT_MEMORY=full ./program"},
    {"without a fast clock", "\"$GCC\" -O1 \"$PROGRAMS\"/allocates.c -o program",
     PRELOAD "TRACERT_MEMORY=events TRACERT_BUFFER=128K ./program"},
};

START_TEST(every_function_is_seen)
{
    const char *folder = scratch_folder("memory/way-%d", _i);
    run_ok(folder, "%s", ways[_i].build);
    run_and_compare(folder, ways[_i].run, 0, 0);
}

END_TEST

START_TEST(every_operator_new_is_seen)
{
    const struct toolchain *toolchain = &toolchains[_i];
    const char *folder = scratch_folder("memory/new-%s", toolchain->name);
    build_program(toolchain, folder, "program", "\"$PROGRAMS\"/allocates.cpp", "-std=c++17 -fsized-deallocation");
    /* The C++ library's own pool for exceptions; three exceptions that are thrown, and the text of one. */
    run_and_compare(folder, PRELOAD "TRACERT_MEMORY=full ./program", 1, 4);
}

END_TEST

START_TEST(threads_that_release_each_others_blocks)
{
    static const char *const modes[] = {"events", "full"};
    const char *folder = scratch_folder("memory/storm-%d", _i);
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/allocation_storm.c", "-pthread");
    char command[200];
    snprintf(command, sizeof command, PRELOAD "TRACERT_BUFFER=128K TRACERT_MEMORY=%s ./program", modes[_i]);
    run_and_compare(folder, command, 3, 0); /* what pthread_create needs, three times */
}

END_TEST

/* What has no room is counted. */
START_TEST(what_is_dropped_is_counted)
{
    const char *folder = scratch_folder("memory/dropped");
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/allocation_storm.c", "-pthread");
    run_ok(folder,
           PRELOAD "TRACERT_FULL=drop TRACERT_BUFFER=128K TRACERT_LEVEL=19 TRACERT_MEMORY=full ./program >said");
    run_ok(folder, "\"$TRACEAN\" verify -q trace.zst || test $? = 3");
}

END_TEST

static const struct {
    const char *environment, *says;
} silent[] = {
    {"TRACERT_MEMORY=full ./program", "libtracert_memory is not in this program"},
    {"TRACERT_MEMORY=some ./program", "TRACERT_MEMORY has a value that makes no sense"},
    {PRELOAD "TRACERT_MEMORY=off ./program", NULL},
    {PRELOAD "./program", NULL},
    {PRELOAD "TRACERT_START=off TRACERT_MEMORY=full ./program", NULL},
};

START_TEST(nothing_is_seen_and_one_line_says_why)
{
    const char *folder = scratch_folder("memory/silent-%d", _i);
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/allocates.c", "");
    struct run run = run_ok(folder, "%s", silent[_i].environment);
    if (silent[_i].says == NULL)
        ck_assert_str_eq(run.err, "");
    else
        ck_assert_msg(count_lines(run.err) == 1 && strstr(run.err, silent[_i].says) != NULL, "%s", run.err);
    if (file_exists(folder, "trace.zst"))
        ck_assert_uint_eq(heap_dumped(folder).allocs, 0);
}

END_TEST

/* Without the library nothing of ours lies in a program's way to its memory. */
START_TEST(nobody_else_defines_malloc)
{
    const char *folder = scratch_folder("memory/symbols");
    run_ok(folder, "! nm -D --defined-only \"$LIB/libtracert.so\" | grep -w malloc");
    run_ok(folder, "! nm --defined-only \"$LIB/libtracert.a\" | grep -w malloc");
}

END_TEST

static const char *const programs[] = {
    "ls -l /usr/lib",
    "sort -r /etc/passwd",
    "sh -c 'ls / | wc; (echo one; exec cat /etc/passwd) | sort'",
    "\"$GCC\" -O2 -c \"$PROGRAMS\"/deep.c -o deep.o",
    "\"$CLANG\" -O2 -c \"$PROGRAMS\"/throws.cpp -o throws.o",
    "grep -c root /etc/passwd",
};

START_TEST(programs_do_not_notice)
{
    const char *folder = scratch_folder("memory/programs-%d", _i);
    struct run plain = run_ok(folder, "%s", programs[_i]);
    struct run seen = run_ok(folder, "export " PRELOAD "TRACERT_MEMORY=events; %s", programs[_i]);
    ck_assert_str_eq(seen.out, plain.out);
    ck_assert_str_eq(seen.err, plain.err);
    trace_check_file(folder, "trace.zst");
    ck_assert_uint_gt(heap_dumped(folder).allocs, 0);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *tcase = tcase_create("memory");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_loop_test(tcase, every_function_is_seen, 0, (int)(sizeof ways / sizeof *ways));
    tcase_add_loop_test(tcase, every_operator_new_is_seen, 0, nr_toolchains);
    tcase_add_loop_test(tcase, threads_that_release_each_others_blocks, 0, 2);
    tcase_add_test(tcase, what_is_dropped_is_counted);
    tcase_add_loop_test(tcase, nothing_is_seen_and_one_line_says_why, 0, (int)(sizeof silent / sizeof *silent));
    tcase_add_test(tcase, nobody_else_defines_malloc);
    tcase_add_loop_test(tcase, programs_do_not_notice, 0, (int)(sizeof programs / sizeof *programs));
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
