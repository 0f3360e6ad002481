/*
 * Every function has the name, the file and the line that its source gives it, however the program was built, linked
 * and stripped afterwards; and what has no name is shown as a place.
 *
 * row: R52 R53
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct toolchain *gcc_o2 = &toolchains[1];

#define NAMES "\"$PROGRAMS\"/names/"
/* Not in place: the process that wrote the trace may still be about to exit, and is the program. */
#define STRIP   "strip -o stripped program"
#define DYNAMIC "-L\"$LIB\" -Wl,-rpath,\"$LIB\" -ltracert -ldl"
#define STATIC  "-Wl,-u,__cyg_profile_func_enter \"$LIB\"/libtracert.a -lzstd -ldl -lpthread 2>warnings"

/* The function of a report with this label; fails the test when there is none. */
static const json_t *function_get(const json_t *report, const char *label)
{
    size_t i;
    const json_t *function;
    json_array_foreach(json_object_get(report, "functions"), i, function)
    {
        if (strcmp(json_string_value(json_object_get(function, "label")), label) == 0)
            return function;
    }
    char *text = json_dumps(json_object_get(report, "functions"), 0);
    ck_abort_msg("no function \"%s\" in %s", label, text);
    return NULL;
}

static const char *text_get(const json_t *function, const char *key)
{
    return json_string_value(json_object_get(function, key));
}

static void function_check(const json_t *report, const char *label, uint64_t calls, const char *file)
{
    const json_t *function = function_get(report, label);
    const char *place = text_get(function, "file");
    ck_assert_uint_eq((uint64_t)json_integer_value(json_object_get(function, "calls")), calls);
    size_t bytes = strlen(place), suffix = strlen(file);
    ck_assert_msg(bytes >= suffix && strcmp(place + bytes - suffix, file) == 0, "%s is in %s", label, place);
}

enum { LINES = 1, NAMELESS = 2 };

/* How the program is built, what is done to it after its run, and what the report needs to be told. */
static const struct {
    const char *name, *compiler, *libraries, *afterwards, *option;
    unsigned expect;
} builds[] = {
    {"pie", "\"$GCC\" -pie -fPIE", DYNAMIC, "true", "", LINES},
    {"non-pie", "\"$GCC\" -no-pie -fno-pie", DYNAMIC, "true", "", LINES},
    {"static", "\"$GCC\" -static", STATIC, "true", "", LINES},
    {"static-pie", "\"$GCC\" -static-pie -fPIE", STATIC, "true", "", LINES},
    {"clang", "\"$CLANG\" -gdwarf-5", DYNAMIC, "true", "", LINES},
    {"split", "\"$GCC\" -gsplit-dwarf", DYNAMIC, "true", "", LINES},
    {"debuglink", "\"$GCC\"", DYNAMIC,
     "objcopy --only-keep-debug program program.debug && " STRIP
     " && objcopy --add-gnu-debuglink=program.debug stripped && mv stripped program",
     "", LINES},
    {"build-id", "\"$GCC\" -Wl,--build-id=0x0123456789abcdef", DYNAMIC,
     "mkdir -p debug/.build-id/01 && objcopy --only-keep-debug program debug/.build-id/01/23456789abcdef.debug "
     "&& " STRIP " && mv stripped program",
     "--debug-dir debug", LINES},
    {"no-debug", "\"$GCC\"", "-g0 " DYNAMIC, "true", "", 0},
    {"stripped", "\"$GCC\"", DYNAMIC, STRIP " && mv stripped program", "", NAMELESS},
};

enum { NR_BUILDS = (int)(sizeof builds / sizeof *builds) };

static json_t *report_with(const char *folder, const char *option)
{
    struct run run = run_ok(folder, "\"$TRACEAN\" report -q --format json --top 0 %s trace.zst", option);
    json_t *report = json_loads(run.out, 0, NULL);
    ck_assert_ptr_nonnull(report);
    return report;
}

START_TEST(functions_are_named)
{
    const char *folder = scratch_folder("names/%s", builds[_i].name);
    run_ok(folder, "%s -O1 -g -finstrument-functions " NAMES "one.c " NAMES "two.c -o program %s && ./program && %s",
           builds[_i].compiler, builds[_i].libraries, builds[_i].afterwards);
    trace_check_file(folder, "trace.zst");
    json_t *report = report_with(folder, builds[_i].option);
    report_check_laws(report);
    bool lines = builds[_i].expect & LINES;
    if (builds[_i].expect & NAMELESS) {
        size_t i;
        const json_t *function;
        json_array_foreach(json_object_get(report, "functions"), i, function)
            ck_assert_ptr_nonnull(strstr(text_get(function, "name"), "0x"));
    } else {
        function_check(report, lines ? "twin (one.c:21)" : "twin (one.c)", 3, "one.c");
        function_check(report, lines ? "twin (two.c:4)" : "twin (two.c)", 5, "two.c");
        function_check(report, "inlined", 7, "one.c");
        function_check(report, "fast", 1, "one.c");
        function_check(report, "second", 1, lines ? "two.c" : "");
        ck_assert_uint_eq(report_number(report, "inlined", "inlined_calls"), 7);
    }
    json_decref(report);
}

END_TEST

/* Code of a compiler that writes it in memory has an address; the kernel's page has a name, and no file. */
START_TEST(code_without_a_file_is_a_place)
{
    const char *folder = scratch_folder("names/places");
    build_program(gcc_o2, folder, "program", NAMES "one.c " NAMES "two.c", "");
    run_ok(folder, "./program");
    struct run run = run_ok(folder, "\"$TRACEAN\" report --format csv trace.zst");
    ck_assert_str_eq(run.err, "");
    ck_assert_ptr_nonnull(strstr(run.out, "linux-vdso.so.1+0x10,linux-vdso.so.1+0x10,linux-vdso.so.1,,0,unknown,1,"));
    ck_assert_ptr_nonnull(strstr(run.out, "\n0x"));
}

END_TEST

/* A second plugin at the address of the first: each has its own name, wherever the report is made. */
START_TEST(plugins_at_one_address)
{
    const char *folder = scratch_folder("names/plugins");
    build_program(gcc_o2, folder, "program", NAMES "one.c " NAMES "two.c", "");
    build_program(gcc_o2, folder, "red.so", NAMES "plugin.c", "-shared -fPIC -DNAME=red");
    build_program(gcc_o2, folder, "blue.so", NAMES "plugin.c", "-shared -fPIC -DNAME=blue");
    run_ok(folder, "./program ./red.so ./blue.so ./red.so >addresses && test $(sort -u addresses | wc -l) = 1");
    run_ok(folder, "mkdir elsewhere && mv trace.zst elsewhere");
    char elsewhere[4096];
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", folder);
    json_t *report = report_load(elsewhere, "trace.zst", 0);
    function_check(report, "red", 2, "plugin.c");
    function_check(report, "blue", 1, "plugin.c");
    json_decref(report);
}

END_TEST

/* Who asks for memory has a name there too, though nothing of it was instrumented. */
START_TEST(packed_heap_needs_no_binaries)
{
    const char *folder = scratch_folder("names/heap");
    run_ok(folder, "printf '%%s\\n' '#include <stdlib.h>' 'static void *make(int n) { return malloc(n); }' "
                   "'int main(void) { return make(100) == 0 || make(200) == 0; }' >heap.c && "
                   "\"$GCC\" -g heap.c -o program");
    run_ok(folder, "TRACERT_MEMORY=events LD_PRELOAD=\"$LIB\"/libtracert_memory.so ./program && "
                   "\"$TRACEAN\" pack -q && \"$TRACEAN\" report --memory >here && rm program && "
                   "\"$TRACEAN\" report --memory >there && grep -q make there && cmp here there");
}

END_TEST

START_TEST(cpp_names_are_as_long_as_wanted)
{
    static const char *const forms[][2] = {{"yes", "shape::box<int>::area(int, char const*) const"},
                                           {"short", "shape::box<int>::area"},
                                           {"no", "_ZNK5shape3boxIiE4areaEiPKc"}};
    const char *folder = scratch_folder("names/cpp");
    build_program(gcc_o2, folder, "program", NAMES "names.cpp", "");
    run_ok(folder, "./program");
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char option[32];
        snprintf(option, sizeof option, "--demangle %s", forms[i][0]);
        json_t *report = report_with(folder, option);
        function_check(report, forms[i][1], 1, "names.cpp");
        json_decref(report);
    }
}

END_TEST

/* What is printed of a trace in several ways, one after the other, and what is said on stderr. */
static void everything_print(const char *folder, const char *trace, const char *file)
{
    static const char *const verbs[] = {"report --top 0",
                                        "report --format json",
                                        "report --top 0 --format csv --demangle short",
                                        "report --demangle no",
                                        "flamegraph --title t",
                                        "export --format folded",
                                        "calls",
                                        "calls --function twin",
                                        "report --function inlined"};
    run_ok(folder, ": >%s", file);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        run_shell(folder, "\"$TRACEAN\" %s %s >>%s 2>&1", verbs[i], trace, file);
}

/* Whatever is done to the binaries before and after, a packed trace tells what it told when it was packed. */
static const char *const befores[] = {"true", "strip -o stripped program && mv stripped program", "rm red.so"};

START_TEST(packed_trace_needs_no_binaries)
{
    const char *folder = scratch_folder("names/packed-%d", _i);
    build_program(gcc_o2, folder, "program", NAMES "one.c " NAMES "two.c", "");
    build_program(gcc_o2, folder, "red.so", NAMES "plugin.c", "-shared -fPIC -DNAME=red");
    run_ok(folder, "./program ./red.so >addresses && %s && cp trace.zst plain.zst", befores[_i]);
    struct run run = run_ok(folder, "\"$TRACEAN\" pack");
    ck_assert_uint_eq(count_lines(run.err), _i == 0 ? 0 : 1);
    run_ok(folder, "test $(stat -c %%a trace.zst) = $(stat -c %%a plain.zst)");
    trace_check_file(folder, "trace.zst");
    run_ok(folder, "mkdir other && cp trace.zst other && mv plain.zst other/unpacked.zst");
    char other[4096];
    snprintf(other, sizeof other, "%s/other", folder);
    everything_print(folder, "trace.zst", "here");
    run_ok(other, "\"$TRACEAN\" report -q --top 0 --format csv unpacked.zst >plain.csv");
    run_ok(folder, "rm -f program red.so");
    everything_print(other, "trace.zst", "there");
    run_ok(other, "cmp ../here there");
    run_ok(other, "\"$TRACEAN\" report -q --top 0 --format csv trace.zst >packed.csv && cmp plain.csv packed.csv");
    run_ok(other, "\"$TRACEAN\" pack -q -o again.zst trace.zst && cmp trace.zst again.zst");
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("names");
    TCase *tcase = tcase_create("names");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_loop_test(tcase, functions_are_named, 0, NR_BUILDS);
    tcase_add_test(tcase, code_without_a_file_is_a_place);
    tcase_add_test(tcase, plugins_at_one_address);
    tcase_add_loop_test(tcase, packed_trace_needs_no_binaries, 0, (int)(sizeof befores / sizeof *befores));
    tcase_add_test(tcase, packed_heap_needs_no_binaries);
    tcase_add_test(tcase, cpp_names_are_as_long_as_wanted);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
