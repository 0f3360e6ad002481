/*
 * What libtracert_memory sees is what happened: the programs count what they allocate and release, and the trace says
 * the same, in every way to link, with every function that there is.
 */
#include "expect.h"
#include "heap.h"

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

/* The sum of `object.amount.unit` over an array of objects. */
static uint64_t sum_of(const json_t *array, const char *amount, const char *unit)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < json_array_size(array); i++)
        sum += number_of(json_object_get(json_array_get(array, i), amount), unit);
    return sum;
}

static uint64_t sum_of_numbers(const json_t *array)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < json_array_size(array); i++)
        sum += (uint64_t)json_integer_value(json_array_get(array, i));
    return sum;
}

/* What `tracean export --weight` adds up to. */
static uint64_t weight_of(const char *folder, const char *weight)
{
    struct run run = run_ok(folder,
                            "\"$TRACEAN\" export -q --weight %s --format folded trace.zst | "
                            "awk '{ sum += $NF } END { printf \"%%d\", sum }'",
                            weight);
    return strtoull(run.out, NULL, 10);
}

/* The highest point of the curve is the peak; no path has more than there is. */
static void over_time_check(const json_t *report)
{
    const json_t *over_time = json_object_get(report, "over_time"), *live = json_object_get(over_time, "live_bytes");
    const json_t *paths = json_object_get(over_time, "paths");
    uint64_t most = 0;
    for (size_t part = 0; part < json_array_size(live); part++) {
        uint64_t whole = (uint64_t)json_integer_value(json_array_get(live, part)), sum = 0;
        for (size_t i = 0; i < json_array_size(paths); i++)
            sum += (uint64_t)json_integer_value(
                json_array_get(json_object_get(json_array_get(paths, i), "live_bytes"), part));
        ck_assert_uint_le(sum, whole);
        if (json_array_size(paths) < 12) /* all of them are there */
            ck_assert_uint_eq(sum, whole);
        most = whole > most ? whole : most;
    }
    const json_t *memory = json_object_get(report, "memory");
    ck_assert_uint_eq(most, number_of(json_object_get(memory, "peak"), "bytes"));
    ck_assert_uint_eq(sum_of_numbers(json_object_get(over_time, "allocated_blocks")),
                      number_of(json_object_get(memory, "allocated"), "blocks"));
    ck_assert_uint_eq(sum_of_numbers(json_object_get(over_time, "allocated_bytes")),
                      number_of(json_object_get(memory, "allocated"), "bytes"));
}

/* Massif's highest snapshot is the peak, and so is the sum of what its tree begins with. */
static void exports_check(const char *folder, uint64_t peak_bytes)
{
    unsigned long long most, root, sum;
    struct run run = run_ok(folder, "\"$TRACEAN\" export -q --format massif trace.zst | awk '"
                                    "/^mem_heap_B=/ { sub(/.*=/, \"\"); most = $0 + 0 > most ? $0 + 0 : most }"
                                    "/^heap_tree=/ { in_peak = /peak/ }"
                                    "in_peak && /^n/ { root = $2 }"
                                    "in_peak && /^ n/ { sum += $2 }"
                                    "END { printf \"%%.0f %%.0f %%.0f\", most, root, sum }'");
    ck_assert_int_eq(sscanf(run.out, "%llu %llu %llu", &most, &root, &sum), 3);
    ck_assert_uint_eq(most, peak_bytes);
    ck_assert_uint_eq(root, peak_bytes);
    ck_assert_uint_eq(sum, peak_bytes);
}

/* The heap of the trace, after a look at all that must hold for it. */
static json_t *heap_load(const char *folder)
{
    struct run run = run_ok(folder, "\"$TRACEAN\" report -q --memory --format json trace.zst");
    json_t *report = json_loads(run.out, 0, NULL);
    const json_t *memory = json_object_get(report, "memory");
    const json_t *paths = json_object_get(report, "paths");
    static const char *const amounts[] = {"allocated", "peak", "live"};
    static const char *const units[] = {"bytes", "blocks"};
    ck_assert_ptr_nonnull(memory);
    for (int u = 0; u < 2; u++) {
        for (int a = 0; a < 3; a++)
            ck_assert_uint_eq(number_of(json_object_get(memory, amounts[a]), units[u]),
                              sum_of(paths, amounts[a], units[u]));
        uint64_t allocated = number_of(json_object_get(memory, "allocated"), units[u]);
        uint64_t released = number_of(json_object_get(memory, "released"), units[u]);
        ck_assert_uint_eq(allocated, released + number_of(json_object_get(memory, "live"), units[u]));
        const json_t *threads = json_object_get(report, "threads");
        ck_assert_uint_eq(sum_of(threads, "allocated", units[u]), allocated);
        ck_assert_uint_eq(sum_of(threads, "released", units[u]), released);
    }
    const json_t *empty = json_array_get(paths, 0); /* without a caller: nobody's */
    ck_assert_uint_eq(number_of(json_object_get(empty, "allocated"), "blocks"), 0);
    ck_assert_uint_eq(sum_of_numbers(json_object_get(memory, "sizes")),
                      number_of(json_object_get(memory, "allocated"), "blocks"));
    ck_assert_uint_eq(sum_of_numbers(json_object_get(memory, "lifetimes_ns")),
                      number_of(json_object_get(memory, "released"), "blocks"));
    ck_assert_uint_eq(weight_of(folder, "bytes"), number_of(json_object_get(memory, "allocated"), "bytes"));
    ck_assert_uint_eq(weight_of(folder, "peak"), number_of(json_object_get(memory, "peak"), "bytes"));
    ck_assert_uint_eq(weight_of(folder, "leaked"), number_of(json_object_get(memory, "live"), "bytes"));
    ck_assert_uint_eq(number_of(memory, "dropped_events"), 0);
    over_time_check(report);
    exports_check(folder, number_of(json_object_get(memory, "peak"), "bytes"));
    return report;
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
    json_t *report = heap_load(folder);
    const json_t *memory = json_object_get(report, "memory");
    ck_assert_uint_eq(number_of(json_object_get(memory, "allocated"), "blocks"), heap.allocs);
    ck_assert_uint_eq(number_of(json_object_get(memory, "allocated"), "bytes"), heap.bytes);
    ck_assert_uint_eq(number_of(json_object_get(memory, "released"), "blocks"), heap.releases);
    ck_assert_uint_eq(number_of(memory, "unknown_releases"), 0);
    json_decref(report);
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
    static const char *const modes[] = {"events", "full", "lazy", "fp"};
    const char *folder = scratch_folder("memory/storm-%d", _i);
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/allocation_storm.c", "-pthread");
    char command[200];
    snprintf(command, sizeof command, PRELOAD "TRACERT_BUFFER=128K TRACERT_MEMORY=%s ./program", modes[_i]);
    run_and_compare(folder, command, 3, 0); /* what pthread_create needs, three times */
}

END_TEST

/* What the recorder takes of the program's memory: 16 MB and 0.25 MB a thread at most, whatever the threads do. */
START_TEST(memory_of_the_recorder_is_bounded)
{
    static const char *const modes[] = {"events", "lazy", "fp"};
    static const int threads[] = {1, 6, 16, 40, 250};
    const char *folder = scratch_folder("memory/bounded-%d", _i);
    run_ok(folder, "\"$GCC\" -O1 -fno-omit-frame-pointer -pthread \"$PROGRAMS\"/allocating_threads.c -o program");
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        long plain_kb = atol(run_ok(folder, "./program %d", threads[i]).out);
        long traced_kb = atol(run_ok(folder, PRELOAD "TRACERT_MEMORY=%s ./program %d", modes[_i], threads[i]).out);
        ck_assert_msg(plain_kb > 0 && traced_kb - plain_kb > 1000, "%ld and %ld kB", plain_kb, traced_kb);
        ck_assert_msg(traced_kb - plain_kb <= (16 << 10) + (threads[i] << 8), "%d threads: %ld kB", threads[i],
                      traced_kb - plain_kb);
    }
}

END_TEST

/* ---- Valgrind as a witness -------------------------------------------------------------------------- */

/* The Lua interpreter, under DHAT and under the library: allocations and bytes, and what was live when most was. */
START_TEST(heap_is_what_valgrind_says)
{
    static const char *const modes[] = {"TRACERT_MEMORY=events", "TRACERT_MEMORY=full", "TRACERT_MEMORY=lazy",
                                        "TRACERT_MEMORY=fp"};
    const char *folder = scratch_folder("memory/lua-%d", _i);
    const char *lua = source_fetch("lua5.4");
    if (lua == NULL || run_shell("/", "command -v valgrind").status != 0) {
        printf("left out, for want of valgrind or of Lua's sources\n");
        return;
    }
    run_ok(
        folder,
        "\"$GCC\" -O1 -g -finstrument-functions -DLUA_USE_LINUX $(ls '%s'/src/*.c | grep -v luac) -o program -lm -ldl "
        "-Wl,-E && cp \"$PROGRAMS\"/allocates.lua .",
        lua);
    struct run witness = run_ok(folder, "valgrind --tool=dhat --dhat-out-file=/dev/null ./program allocates.lua 2>&1");
    run_ok(folder, "LD_PRELOAD=\"$LIB/libtracert.so $LIB/libtracert_memory.so\" %s ./program allocates.lua", modes[_i]);
    trace_check_file(folder, "trace.zst");
    json_t *report = heap_load(folder);
    const json_t *memory = json_object_get(report, "memory");
    const json_t *allocated = json_object_get(memory, "allocated"), *peak = json_object_get(memory, "peak");
    ck_assert_uint_eq(number_of(allocated, "bytes"), witness_number(witness.out, "Total:", " bytes"));
    ck_assert_uint_eq(number_of(allocated, "blocks"), witness_number(witness.out, "Total:", " blocks"));
    ck_assert_uint_eq(number_of(peak, "bytes"), witness_number(witness.out, "At t-gmax:", " bytes"));
    ck_assert_uint_eq(number_of(peak, "blocks"), witness_number(witness.out, "At t-gmax:", " blocks"));
    ck_assert_uint_eq(number_of(memory, "unknown_releases"), 0);
    json_decref(report);
}

END_TEST

START_TEST(heap_is_refused_where_there_is_none)
{
    const char *folder = scratch_folder("memory/refused");
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/allocates.c", "");
    run_ok(folder, "./program");
    struct run run = run_shell(folder, "\"$TRACEAN\" report --memory trace.zst");
    ck_assert_int_eq(run.status, 1);
    ck_assert_msg(count_lines(run.err) == 1 && strstr(run.err, "TRACERT_MEMORY=full") != NULL, "%s", run.err);
    run_ok(folder, PRELOAD "TRACERT_MEMORY=full ./program");
    static const char *const wrong[] = {"report --memory --thread 1",
                                        "report --memory --function main",
                                        "report --memory --format csv",
                                        "report --memory --at never",
                                        "flamegraph --weight much",
                                        "report --memory --alloc-fn '('",
                                        "report --memory --at 2s..1s",
                                        "export --memory --format folds",
                                        "export --weight grown --at 1s",
                                        "export --weight live",
                                        "flamegraph --at 1s",
                                        "report --at 1s --redact"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        run = run_shell(folder, "\"$TRACEAN\" %s trace.zst", wrong[i]);
        ck_assert_msg(run.status == 1 && count_lines(run.err) == 1, "%s: %d, %s", wrong[i], run.status, run.err);
    }
}

END_TEST

/* What each function asked for: those of allocates.c, and wrappers as it is said. */
START_TEST(functions_own_what_they_asked_for)
{
    static const char *const options[] = {"", "--alloc-fn '^resize$'"};
    const char *folder = scratch_folder("memory/owners-%d", _i);
    build_program(&toolchains[0], folder, "program", "\"$PROGRAMS\"/allocates.c", "");
    run_ok(folder, PRELOAD "TRACERT_MEMORY=full ./program");
    struct run run = run_ok(folder, "\"$TRACEAN\" report --memory --format json %s trace.zst", options[_i]);
    json_t *report = json_loads(run.out, 0, NULL);
    const json_t *functions = json_object_get(report, "functions");
    uint64_t of_resize = 0, of_main = 0;
    for (size_t i = 0; i < json_array_size(functions); i++) {
        const json_t *function = json_array_get(functions, i);
        const char *name = json_string_value(json_object_get(function, "name"));
        uint64_t bytes = number_of(json_object_get(function, "allocated"), "bytes");
        of_resize += strcmp(name, "resize") == 0 ? bytes : 0;
        of_main += strcmp(name, "main") == 0 ? bytes : 0;
    }
    ck_assert_uint_eq(of_resize, _i == 0 ? 100 + 5000 + 21 + 17 : 0);
    ck_assert_uint_eq(of_main, _i == 0 ? 14222 - 5138 : 14222 - 10); /* strdup is none of the wrappers then */
    ;
    run = run_ok(folder, "\"$TRACEAN\" report --memory --at 10s trace.zst");
    ck_assert_msg(strstr(run.out, "live: 9.08 kB (9,077 bytes) in 11 blocks at 10.0 s") != NULL, "%s", run.out);
    run_ok(folder, "\"$TRACEAN\" flamegraph --weight leaked trace.zst -o leaked.svg && grep -q bytes leaked.svg");
    run = run_ok(folder, "\"$TRACEAN\" report --memory --at 0s..10s trace.zst");
    ck_assert_msg(strstr(run.out, "GREW: call paths with more live at 10.0 s than at 0 ns") != NULL, "%s", run.out);
    ck_assert_msg(strstr(run.out, "+9,077") != NULL, "%s", run.out);
    run = run_ok(folder, "\"$TRACEAN\" export --weight grown --at 0s..10s trace.zst");
    ck_assert_msg(strstr(run.out, "main 9077\n") != NULL, "%s", run.out);
    json_decref(report);
}

END_TEST

static const struct {
    const char *arguments;
    bool is_found;
} sawtooths[] = {{"", true}, {"grows", false}, {"wanders", false}};

/* A path that fills and empties is named, with its place, its height and how often; what nearly does is not. */
START_TEST(sawtooth_is_found_where_it_is)
{
    const char *folder = scratch_folder("memory/sawtooth-%d", _i);
    build_program(&toolchains[0], folder, "program", "\"$PROGRAMS\"/pattern_sawtooth.c", "-g");
    run_ok(folder, PRELOAD "TRACERT_MEMORY=full ./program %s", sawtooths[_i].arguments);
    json_t *report = heap_load(folder);
    const json_t *finding = json_array_get(json_object_get(report, "findings"), 0);
    struct run run = run_ok(folder, "\"$TRACEAN\" report --memory trace.zst");
    const char *found = strstr(run.out, "sawtooth");
    ck_assert_int_eq(finding != NULL, sawtooths[_i].is_found);
    ck_assert_int_eq(found != NULL, sawtooths[_i].is_found);
    if (found != NULL) {
        ck_assert_str_eq(json_string_value(json_object_get(finding, "kind")), "sawtooth");
        ck_assert_uint_eq(number_of(finding, "count"), 40);
        ck_assert_uint_eq(number_of(finding, "bytes"), 20000);
        ck_assert_uint_eq(number_of(finding, "low_bytes"), 0);
        ck_assert_uint_le(number_of(finding, "shortest_ns"), number_of(finding, "period_ns"));
        ck_assert_uint_le(number_of(finding, "period_ns"), number_of(finding, "longest_ns"));
        ck_assert_ptr_nonnull(strstr(found, "entry_add (pattern_sawtooth.c:"));
        ck_assert_ptr_nonnull(strstr(found, "from fills_and_empties < main"));
    }
    json_decref(report);
}

END_TEST

/* Others' tools read what is exported, and find what the report says. */
START_TEST(others_read_it)
{
    const char *folder = scratch_folder("memory/exports");
    build_program(&toolchains[0], folder, "program", "\"$PROGRAMS\"/allocates.c", "-g");
    run_ok(folder, PRELOAD "TRACERT_MEMORY=full ./program");
    run_ok(folder,
           "\"$TRACEAN\" export trace.zst -o out.massif && \"$TRACEAN\" export --memory trace.zst -o out.pprof && "
           "\"$TRACEAN\" export trace.zst -o cpu.pb && \"$TRACEAN\" report --memory trace.zst -o out.svg");
    run_ok(folder, "\"$TRACEAN\" html trace.zst -o out.html && grep -q 'id=\"heap-picture\"' out.html && "
                   "grep -q '\"label\":\"main\",\"peak_bytes\":9077' out.html");
    struct run run = run_ok(folder, "if command -v ms_print >/dev/null; then ms_print out.massif; fi");
    if (run.out[0] != '\0') {
        ck_assert_ptr_nonnull(strstr(run.out, "(peak)"));
        ck_assert_ptr_nonnull(strstr(run.out, "->64.48% (9,077B) 0x0: main (allocates.c:"));
        ck_assert_ptr_nonnull(strstr(run.out, "->35.52% (5,000B) 0x0: resize (allocates.c:"));
        ck_assert_ptr_nonnull(strstr(run.out, "14,077 "));
    }
    run = run_ok(folder,
                 "if command -v protoc >/dev/null; then protoc --decode_raw <out.pprof; protoc --decode_raw <cpu.pb "
                 ">/dev/null; fi");
    if (run.out[0] != '\0')
        ck_assert_ptr_nonnull(strstr(run.out, "6: \"inuse_space\""));
    run_ok(folder,
           "if command -v xmllint >/dev/null; then xmllint --noout out.svg; fi; grep -q 'peak: 14.1 kB' out.svg");
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
    /* Said, or dropped and counted: none is missing. */
    unsigned long long allocs, bytes, releases;
    struct run said = run_ok(folder, "cat said");
    ck_assert_int_eq(sscanf(said.out, "%llu %llu %llu", &allocs, &bytes, &releases), 3);
    struct run run = run_shell(folder, "\"$TRACEAN\" report -q --memory --format json trace.zst");
    json_t *report = json_loads(run.out, 0, NULL);
    struct heap heap = heap_dumped(folder);
    uint64_t dropped = number_of(json_object_get(report, "memory"), "dropped_events");
    ck_assert_int_eq(run.status, dropped > 0 ? 3 : 0);
    ck_assert_uint_eq(heap.allocs + heap.releases + dropped, allocs + releases + 3);
    json_decref(report);
}

END_TEST

static const struct {
    const char *environment, *says;
} silent[] = {
    {"TRACERT_MEMORY=full ./program", "only what tracert_alloc() tells will be seen"},
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

/* Another allocator: behind the library it is seen as any other; before it, what it lacks must not come from elsewhere.
 */
START_TEST(other_allocators_are_seen_or_left_alone)
{
    const char *folder = scratch_folder("memory/allocator");
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/allocates.c", "");
    run_ok(folder, "\"$GCC\" -O2 -fPIC -shared -fno-builtin \"$PROGRAMS\"/other_malloc.c -o other_malloc.so");
    run_and_compare(folder, "TRACERT_MEMORY=full LD_PRELOAD=\"$LIB/libtracert_memory.so ./other_malloc.so\" ./program",
                    0, 0);
    struct run run =
        run_ok(folder, "TRACERT_MEMORY=full LD_PRELOAD=\"./other_malloc.so $LIB/libtracert_memory.so\" ./program");
    ck_assert_str_eq(run.out, "16 14222 5\n");
    ck_assert_msg(count_lines(run.err) == 1 && strstr(run.err, "malloc is that of ./other_malloc.so") != NULL, "%s",
                  run.err);
}

END_TEST

/* A pool's blocks, with and without those that it lies in. */
START_TEST(pools_tell_of_themselves)
{
    const char *folder = scratch_folder("memory/pools");
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/pools.c", "-I\"$PREFIX/include\"");
    run_and_compare(folder, PRELOAD "TRACERT_MEMORY=full ./program", 0, 0);
    struct run run = run_ok(folder, "rm trace.zst; TRACERT_MEMORY=full ./program");
    ck_assert_uint_eq(count_lines(run.err), 1);
    struct heap heap = heap_dumped(folder);
    ck_assert(heap.allocs == 1003 && heap.bytes == 24096 && heap.releases == 503);
    json_decref(heap_load(folder));
    run_ok(folder, "rm trace.zst; ./program");
    ck_assert_uint_eq(heap_dumped(folder).allocs, 0);
}

END_TEST

/* What is mapped without files; and what malloc keeps of a heap full of holes, which is no leak. */
START_TEST(what_lies_beside_the_heap_is_told)
{
    const char *folder = scratch_folder("memory/beside");
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/maps.c", "");
    struct run run = run_ok(folder, PRELOAD "TRACERT_MEMORY=full ./program");
    unsigned long long mapped, peak, live;
    ck_assert_int_eq(sscanf(run.out, "%llu %llu %llu", &mapped, &peak, &live), 3);
    trace_check_file(folder, "trace.zst");
    json_t *report = heap_load(folder);
    const json_t *memory = json_object_get(report, "memory");
    const json_t *beside = json_object_get(memory, "mapped"), *allocator = json_object_get(memory, "allocator");
    ck_assert_uint_eq(number_of(beside, "bytes"), mapped);
    ck_assert_uint_eq(number_of(beside, "peak"), peak);
    ck_assert_uint_eq(number_of(beside, "live"), live);
    ck_assert_uint_eq(number_of(beside, "unmapped"), mapped - live);
    /* One block of 1,000 bytes is left, and keeps those below it from going back. */
    uint64_t left = number_of(json_object_get(memory, "live"), "bytes");
    ck_assert(left >= 1000 && left < 10000);
    ck_assert(number_of(allocator, "in_use") >= left && number_of(allocator, "in_use") < 100000);
    ck_assert_uint_ge(number_of(allocator, "free"), 1900000);
    json_decref(report);
    run = run_ok(folder, "\"$TRACEAN\" report --memory trace.zst");
    ck_assert_msg(strstr(run.out, "  allocator: ") != NULL && strstr(run.out, "  mapped beside it") != NULL, "%s",
                  run.out);
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
    json_decref(heap_load(folder));
}

END_TEST

/* Threads, forks, signals, jumps, what is executed: with memory among the calls both are as they should be. */
static const char *const situations[] = {"forks.c",        "fork_storm.c", "vforks.c",          "exec_chain.c",
                                         "thread_storm.c", "signals.c",    "jumps.c",           "late.c",
                                         "constructors.c", "quick_exit.c", "threads_raw_exit.c"};

START_TEST(calls_count_as_they_do_without)
{
    const char *folder = scratch_folder("memory/situation-%d", _i);
    char source[4096];
    snprintf(source, sizeof source, "\"$PROGRAMS\"/%s", situations[_i]);
    build_program(&toolchains[1], folder, "program", source, "-pthread");
    struct run run = run_shell(folder, PRELOAD "TRACERT_MEMORY=full ./program");
    trace_check_file(folder, "trace.zst");
    snprintf(source, sizeof source, E2E_SOURCE "/tests/programs/%s", situations[_i]);
    struct expectations expectations;
    expectations_read(&expectations, source);
    json_t *report = report_load(folder, "trace.zst", 0);
    expectations_check(&expectations, report, run.out, false);
    json_decref(report);
    report = heap_load(folder);
    ck_assert_uint_eq(number_of(json_object_get(report, "memory"), "reordered"), 0);
    json_decref(report);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *tcase = tcase_create("memory");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_loop_test(tcase, every_function_is_seen, 0, (int)(sizeof ways / sizeof *ways));
    tcase_add_loop_test(tcase, every_operator_new_is_seen, 0, nr_toolchains);
    tcase_add_loop_test(tcase, threads_that_release_each_others_blocks, 0, 4);
    tcase_add_loop_test(tcase, memory_of_the_recorder_is_bounded, 0, 3);
    tcase_add_test(tcase, what_is_dropped_is_counted);
    tcase_add_loop_test(tcase, heap_is_what_valgrind_says, 0, 4);
    tcase_add_test(tcase, heap_is_refused_where_there_is_none);
    tcase_add_loop_test(tcase, functions_own_what_they_asked_for, 0, 2);
    tcase_add_test(tcase, others_read_it);
    tcase_add_loop_test(tcase, sawtooth_is_found_where_it_is, 0, (int)(sizeof sawtooths / sizeof *sawtooths));
    tcase_add_loop_test(tcase, nothing_is_seen_and_one_line_says_why, 0, (int)(sizeof silent / sizeof *silent));
    tcase_add_test(tcase, pools_tell_of_themselves);
    tcase_add_test(tcase, what_lies_beside_the_heap_is_told);
    tcase_add_test(tcase, nobody_else_defines_malloc);
    tcase_add_test(tcase, other_allocators_are_seen_or_left_alone);
    tcase_add_loop_test(tcase, programs_do_not_notice, 0, (int)(sizeof programs / sizeof *programs));
    tcase_add_loop_test(tcase, calls_count_as_they_do_without, 0, (int)(sizeof situations / sizeof *situations));
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
