/*
 * Each allocation has its call path, however that is found: as the calls tell it (full), as the hooks keep it without
 * recording calls (lazy), or by frame pointers (fp). What the paths are is known from the program.
 */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRELOAD "LD_PRELOAD=\"$LIB/libtracert_memory.so\" "

/* The bytes of each path, sorted, from main or worker on, who allocate nothing but what starting a thread takes. */
#define FOLDED                                                                                               \
    "\"$TRACEAN\" export -q --weight bytes --format folded trace.zst | sed -E 's/^.*;(main|worker)/\\1/' | " \
    "grep -E '^(main|worker);' | LC_ALL=C sort"

/* What a program's comment says its paths are. */
#define EXPECTED(kinds) "sed -En 's/^ \\* (" kinds "): //p' \"$PROGRAMS\"/alloc_paths.c | LC_ALL=C sort"

/* Builds of one program: instrumented before and after inlining, by both compilers. */
static const struct build {
    const char *name, *command;
} builds[] = {
    {"gcc-O0", "\"$GCC\" -O0 -g -finstrument-functions"},
    {"gcc-O2", "\"$GCC\" -O2 -g -finstrument-functions"},
    {"clang-O2", "\"$CLANG\" -O2 -g -finstrument-functions"},
    {"clang-O2-after", "\"$CLANG\" -O2 -g -finstrument-functions-after-inlining"},
};

enum { NR_BUILDS = (int)(sizeof builds / sizeof *builds) };

static void build(const char *folder, const char *command, const char *source)
{
    run_ok(folder, "%s -pthread \"$PROGRAMS\"/%s -o program -L\"$LIB\" -ltracert -Wl,-rpath,\"$LIB\"", command, source);
}

/* Run ./program, whose trace must be whole and consistent. */
static void record(const char *folder, const char *memory)
{
    struct run run = run_ok(folder, "rm -f trace.zst; " PRELOAD "TRACERT_MEMORY=%s ./program", memory);
    ck_assert_str_eq(run.err, "");
    trace_check_file(folder, "trace.zst");
}

START_TEST(paths_are_those_of_the_program)
{
    const char *folder = scratch_folder("memory_paths/%s", builds[_i].name);
    build(folder, builds[_i].command, "alloc_paths.c");
    struct run expected = run_ok(folder, EXPECTED("path|hooks"));
    static const char *const modes[] = {"full", "lazy"};
    for (int i = 0; i < 2; i++) {
        record(folder, modes[i]);
        struct run run = run_ok(folder, FOLDED);
        ck_assert_msg(strcmp(run.out, expected.out) == 0, "%s, %s:\n%s\nand not\n%s", builds[_i].name, modes[i],
                      run.out, expected.out);
    }
    struct run run = run_ok(folder, "\"$TRACEAN\" report trace.zst");
    ck_assert_ptr_nonnull(strstr(run.out, "No calls were recorded"));
}

END_TEST

START_TEST(paths_are_found_by_frame_pointers)
{
    static const char *const commands[] = {"\"$GCC\" -O2 -g -fno-omit-frame-pointer -fno-optimize-sibling-calls",
                                           "\"$CLANG\" -O2 -g -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer "
                                           "-fno-optimize-sibling-calls"};
    const char *folder = scratch_folder("memory_paths/fp-%d", _i);
    build(folder, commands[_i], "alloc_paths.c");
    record(folder, "fp");
    struct run expected = run_ok(folder, EXPECTED("path"));
    struct run run = run_ok(folder, FOLDED " | grep -v handler | grep -v raises");
    ck_assert_msg(strcmp(run.out, expected.out) == 0, "%s\nand not\n%s", run.out, expected.out);
}

END_TEST

/* Whoever follows frame pointers where there are none is told how to have some. */
START_TEST(missing_frame_pointers_are_told)
{
    static const struct {
        const char *flags, *memory;
        bool told;
    } builds_of[] = {
        {"-O2 -fomit-frame-pointer", "fp", true},
        {"-O0 -fomit-frame-pointer", "fp", true},
        {"-O2 -fno-omit-frame-pointer", "fp", false},
        {"-O2 -fomit-frame-pointer", "events", false},
    };

    const char *folder = scratch_folder("memory_paths/told-%d", _i);
    run_ok(folder, "\"$GCC\" %s \"$PROGRAMS\"/wrappers.c -o program", builds_of[_i].flags);
    record(folder, builds_of[_i].memory);
    struct run run = run_ok(folder, "\"$TRACEAN\" report --memory trace.zst | grep -c -e -fno-omit-frame-pointer; :");
    ck_assert_str_eq(run.out, builds_of[_i].told ? "1\n" : "0\n");
}

END_TEST

/* Threads, exceptions, hooks that are jumped out of, stepped signals: with the stack alone as with all calls. */
static const char *const situations[] = {"allocates.cpp", "throws.cpp",          "thread_storm.c", "signals_async.c",
                                         "jumps.c",       "jump_out_of_hooks.c", "inlined.c",      "coroutines.c",
                                         "exec_chain.c",  "fork_storm.c"};

START_TEST(nothing_is_different_without_calls)
{
    const char *folder = scratch_folder("memory_paths/situation-%d", _i);
    char source[4096];
    snprintf(source, sizeof source, "\"$PROGRAMS\"/%s", situations[_i]);
    build_program(&toolchains[1], folder, "program", source, strstr(source, ".cpp") != NULL ? "-std=c++17" : "");
    struct run plain = run_shell(folder, "./program");
    struct run run = run_shell(folder, "rm -f trace.zst; " PRELOAD "TRACERT_MEMORY=lazy ./program");
    ck_assert_int_eq(run.status, plain.status);
    ck_assert_str_eq(run.err, plain.err);
    trace_check_file(folder, "trace.zst");
}

END_TEST

/* The Lua interpreter, which allocates everywhere: the bytes of every path, and of every function. */
START_TEST(paths_of_lua_are_the_same_without_calls)
{
    const char *folder = scratch_folder("memory_paths/lua-%d", _i);
    const char *lua = source_fetch("lua5.4");
    if (lua == NULL)
        return;
    run_ok(folder,
           "%s -DLUA_USE_LINUX $(ls '%s'/src/*.c | grep -v luac) -o program -lm -ldl -Wl,-E -L\"$LIB\" -ltracert "
           "-Wl,-rpath,\"$LIB\" && cp \"$PROGRAMS\"/allocates.lua .",
           _i == 0 ? "\"$GCC\" -O1 -finstrument-functions" : "\"$CLANG\" -O1 -finstrument-functions-after-inlining",
           lua);
    for (int i = 0; i < 2; i++)
        run_ok(
            folder,
            "TRACERT_OUTPUT=%s.zst TRACERT_MEMORY=%s " PRELOAD "./program allocates.lua >/dev/null && "
            "\"$TRACEAN\" verify -q %s.zst && for w in bytes allocs peak leaked; do "
            "\"$TRACEAN\" export -q --wrappers none --weight $w --format folded %s.zst | LC_ALL=C sort; done >%s.paths",
            i == 0 ? "full" : "lazy", i == 0 ? "full" : "lazy", i == 0 ? "full" : "lazy", i == 0 ? "full" : "lazy",
            i == 0 ? "full" : "lazy");
    run_ok(folder, "test -s full.paths && cmp full.paths lazy.paths");
}

END_TEST

/*
 * Each path of alloc_deep.c: N bytes, as many calls between main and bottom, left and right in turns; or as many frames
 * as half of a dictionary has entries, and where the 33rd innermost one would be the gap. (Of those with a gap all that
 * end alike are one path.)
 */
#define DEEP                                                                                                      \
    "\"$TRACEAN\" export -q --no-fold --wrappers none --weight bytes --format folded trace.zst | awk -v max=%d '" \
    "{ bytes = $NF; sub(/ [0-9]+$/, \"\"); n = split($0, frame, \";\"); deep = bytes + 2; whole = deep <= max; "  \
    "  good = n == (whole ? deep : max) && frame[1] == \"main\" && frame[n] == \"bottom\"; "                      \
    "  for (i = 2; i < n; i++) { "                                                                                \
    "    at = whole || i < max - 32 ? i : i + deep - n; "                                                         \
    "    good = good && frame[i] == (!whole && i == max - 32 ? \"(frames left out)\" : at %% 2 ? \"right\" : "    \
    "\"left\"); "                                                                                                 \
    "  } "                                                                                                        \
    "  print bytes, good ? \"good\" : \"bad: \" $0 }' | sort -n"

static const struct {
    const char *size;
    int frames; /* that a path has at most */
    const char *depths, *expected;
} deep[] = {
    {"128K", 256, "1 2 253 254 255 5000", "1 good\n2 good\n253 good\n254 good\n255 good\n5000 good\n"},
    {"1M", 1024, "3 300 1022 1023 20000", "3 good\n300 good\n1022 good\n1023 good\n20000 good\n"},
};

START_TEST(deep_paths_have_a_gap)
{
    int which = _i / NR_BUILDS;
    const struct build *of = &builds[_i % NR_BUILDS];
    const char *folder = scratch_folder("memory_paths/deep-%s-%s", deep[which].size, of->name);
    build(folder, of->command, "alloc_deep.c");
    run_ok(folder, "rm -f trace.zst; " PRELOAD "TRACERT_MEMORY=lazy TRACERT_BUFFER=%s ./program %s", deep[which].size,
           deep[which].depths);
    trace_check_file(folder, "trace.zst");
    struct run run = run_ok(folder, DEEP, deep[which].frames);
    ck_assert_str_eq(run.out, deep[which].expected);
}

END_TEST

/* Of paths that have nothing in common, hardly a dozen fit a segment of the smallest rings. */
START_TEST(deep_paths_may_all_differ)
{
    const char *folder = scratch_folder("memory_paths/mixed");
    build(folder, builds[1].command, "alloc_deep.c");
    run_ok(folder,
           "rm -f trace.zst; " PRELOAD "TRACERT_MEMORY=lazy TRACERT_BUFFER=128K ./program mixed $(seq 1000 3000)");
    trace_check_file(folder, "trace.zst");
    struct run run =
        run_ok(folder, "\"$TRACEAN\" export -q --wrappers none --weight allocs --format folded trace.zst | "
                       "awk '/;bottom [0-9]+$/ { sum += $NF } END { print sum }'");
    ck_assert_str_eq(run.out, "2001\n");
}

END_TEST

/* Functions and how much they allocated, and wrappers and how much they passed on, and why: a line each. */
static char *owners_of(const char *folder, const char *options)
{
    struct run run = run_ok(folder, "\"$TRACEAN\" report -q --memory %s --format json trace.zst", options);
    json_t *report = json_loads(run.out, 0, NULL);
    const json_t *functions = json_object_get(report, "functions"), *wrappers = json_object_get(report, "wrappers");
    char path[4096];
    snprintf(path, sizeof path, "%s/owners", folder);
    FILE *file = fopen(path, "w");
    ck_assert(file != NULL && wrappers != NULL);
    for (size_t i = 0; i < json_array_size(functions); i++) {
        const json_t *function = json_array_get(functions, i);
        json_int_t blocks = json_integer_value(json_object_get(json_object_get(function, "allocated"), "blocks"));
        if (blocks > 0)
            fprintf(file, "%s %lld\n", json_string_value(json_object_get(function, "name")), (long long)blocks);
    }
    for (size_t i = 0; i < json_array_size(wrappers); i++) {
        const json_t *wrapper = json_array_get(wrappers, i);
        fprintf(file, "%s passes %lld, by %s", json_string_value(json_object_get(wrapper, "name")),
                (long long)json_integer_value(json_object_get(wrapper, "allocations")),
                json_string_value(json_object_get(wrapper, "known_by")));
        if (json_object_get(wrapper, "callers") != NULL)
            fprintf(file, " %lld/%lld", (long long)json_integer_value(json_object_get(wrapper, "steady_callers")),
                    (long long)json_integer_value(json_object_get(wrapper, "callers")));
        fprintf(file, "\n");
    }
    fclose(file);
    json_decref(report);
    return run_ok(folder, "LC_ALL=C sort owners").out;
}

/* Whose the 20 allocations of each user in wrappers.c are: of the users, or of what they called. */
#define OF_EACH "filled 100\ngrab 200\nitem 100\npooled 14\nswap 100\ntext 100\n"

static const struct {
    const char *memory, *options, *owners;
} foldings[] = {
    {"full", "",
     "ant 60\nbee 60\ncat 60\ndog 60\neel 60\nfilled 100\ngrab passes 200, by use 4/6\n"
     "hand passes 100, by use 4/5\nitem 100\npooled 14\nswap passes 100, by use 4/5\ntext 100\n"},
    {"full", "--wrappers names", OF_EACH},
    {"full", "--wrappers none --alloc-fn '^swap$' --wrappers none", OF_EACH},
    {"full", "--alloc-fn '^swap$'",
     "ant 20\nbee 20\ncat 20\ndog 20\neel 20\nfilled 100\ngrab 200\nitem 100\npooled 14\n"
     "swap passes 100, by name\ntext 100\n"},
    {"lazy", "", OF_EACH}, /* four sizes are too few where nothing else is known */
};

START_TEST(wrappers_are_known_by_their_use)
{
    const char *folder = scratch_folder("memory_paths/wrappers-%d", _i);
    build(folder, "\"$GCC\" -O1 -g -finstrument-functions", "wrappers.c");
    record(folder, foldings[_i].memory);
    ck_assert_str_eq(owners_of(folder, foldings[_i].options), foldings[_i].owners);
    struct run run = run_ok(folder, "\"$TRACEAN\" report -q --memory %s trace.zst", foldings[_i].options);
    ck_assert_int_eq(strstr(run.out, "PASSED ON") != NULL, strstr(foldings[_i].owners, " by ") != NULL);
}

END_TEST

START_TEST(lost_frames_do_no_harm)
{
    const char *folder = scratch_folder("memory_paths/lost-%d", _i);
    run_ok(folder, "\"$GCC\" %s \"$PROGRAMS\"/lost_frames.c -o program", _i == 0 ? "-O0" : "-O2 -fomit-frame-pointer");
    struct run plain = run_ok(folder, "./program");
    struct run run = run_ok(folder, PRELOAD "TRACERT_MEMORY=fp ./program");
    ck_assert_str_eq(run.out, plain.out);
    ck_assert_str_eq(run.err, "");
    trace_check_file(folder, "trace.zst");
    run = run_ok(folder, "\"$TRACEAN\" export -q --weight allocs --format folded trace.zst | "
                         "awk '{ sum += $NF } END { print sum - 1 }'"); /* stdio's buffer */
    ck_assert_str_eq(run.out, plain.out);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("memory_paths");
    TCase *tcase = tcase_create("memory_paths");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_loop_test(tcase, paths_are_those_of_the_program, 0, NR_BUILDS);
    tcase_add_loop_test(tcase, paths_are_found_by_frame_pointers, 0, 2);
    tcase_add_loop_test(tcase, missing_frame_pointers_are_told, 0, 4);
    tcase_add_loop_test(tcase, nothing_is_different_without_calls, 0, (int)(sizeof situations / sizeof *situations));
    tcase_add_loop_test(tcase, paths_of_lua_are_the_same_without_calls, 0, 2);
    tcase_add_loop_test(tcase, deep_paths_have_a_gap, 0, (int)(sizeof deep / sizeof *deep) * NR_BUILDS);
    tcase_add_test(tcase, deep_paths_may_all_differ);
    tcase_add_loop_test(tcase, wrappers_are_known_by_their_use, 0, (int)(sizeof foldings / sizeof *foldings));
    tcase_add_loop_test(tcase, lost_frames_do_no_harm, 0, 2);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
