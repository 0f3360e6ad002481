/*
 * A real program, the Lua interpreter, under two witnesses: the library, and a counting hook that knows nothing of it.
 * The same executable runs the same script under each, and every function's calls must be equal, exactly.
 *
 * Lua hashes strings by their addresses in places; the runs are alike because the executable is at a fixed address, the
 * stack and the heap are not randomised, and both environments have the same length.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LUA E2E_SCRATCH "/../lua"

static bool have_lua;

static void sources_fetch(void)
{
    if (!file_exists(LUA, "src/lua.c")) {
        struct run run = run_shell("/", "\"$SOURCE\"/cmake/fetch-source.sh lua5.4 '%s'", LUA);
        if (run.status != 0)
            printf("left out, for want of Lua's sources: %s", run.err);
    }
    have_lua = file_exists(LUA, "src/lua.c");
}

/* The function names and files of the counting hook's addresses, as addr2line sees them; totals by "name file". */
static json_t *counts_load(const char *folder)
{
    struct run run = run_ok(folder, "cut -d' ' -f1 counts | addr2line -f -s -e program | paste -d' ' - - | "
                                    "sed 's/:[0-9?]*\\( (discriminator [0-9]*)\\)\\?$//' | paste -d' ' counts - | "
                                    "awk '{ sub(/\\..*/, \"\", $3); calls[$3 \" \" $4] += $2 } "
                                    "END { for (f in calls) print calls[f], f }'");
    json_t *counts = json_object();
    for (char *line = strtok(run.out, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char *end = NULL;
        unsigned long long calls = strtoull(line, &end, 10);
        json_object_set_new(counts, end + 1, json_integer((json_int_t)calls));
    }
    return counts;
}

/* The same of a report. "?? ??" is what lies outside the program: clang records inlined functions of libc as libc's. */
static json_t *report_counts(const json_t *report)
{
    json_t *counts = json_object();
    const json_t *functions = json_object_get(report, "functions");
    for (size_t i = 0; i < json_array_size(functions); i++) {
        const json_t *function = json_array_get(functions, i);
        char *name = strdup(json_string_value(json_object_get(function, "name")));
        name[strcspn(name, ". ")] = '\0';
        const char *file = json_string_value(json_object_get(function, "file"));
        const char *slash = strrchr(file, '/');
        char key[512];
        snprintf(key, sizeof key, "%s %s", name, slash != NULL ? slash + 1 : file);
        const char *module = json_string_value(json_object_get(function, "module"));
        if (strlen(module) < 8 || strcmp(module + strlen(module) - 8, "/program") != 0)
            strcpy(key, "?? ??");
        json_int_t calls = json_integer_value(json_object_get(function, "calls"));
        calls += json_integer_value(json_object_get(counts, key));
        json_object_set_new(counts, key, json_integer(calls));
        free(name);
    }
    return counts;
}

static void counts_compare(json_t *witness, json_t *ours)
{
    ck_assert_uint_gt(json_object_size(witness), 200);
    const char *key;
    json_t *value;
    uint64_t total = 0;
    for (void *i = json_object_iter(witness); i != NULL; i = json_object_iter_next(witness, i)) {
        key = json_object_iter_key(i);
        value = json_object_iter_value(i);
        total += (uint64_t)json_integer_value(value);
        json_int_t calls = json_integer_value(json_object_get(ours, key));
        ck_assert_msg(calls == json_integer_value(value), "%s: %lld calls instead of %lld", key, (long long)calls,
                      (long long)json_integer_value(value));
    }
    ck_assert_uint_eq(json_object_size(ours), json_object_size(witness));
    ck_assert_uint_gt(total, 1000000);
}

START_TEST(counts_equal_the_witness)
{
    const struct toolchain *toolchain = &toolchains[_i];
    const char *folder = scratch_folder("lua/%s", toolchain->name);
    run_ok(folder,
           "%s %s -g -no-pie -finstrument-functions '-Dluai_makeseed(L)=42' $(ls '%s'/src/*.c | grep -v /luac.c) "
           "-L\"$LIB\" -ltracert -lm -o program",
           toolchain->cc, toolchain->level, LUA);
    run_ok(folder, "mkdir ours none && cp -P \"$LIB\"/libtracert.so* ours && \"$GCC\" -O2 -shared -fPIC "
                   "-Wl,-soname,$(basename \"$LIB\"/libtracert.so.[0-9]) \"$PROGRAMS\"/counting_hook.c "
                   "-o none/$(basename \"$LIB\"/libtracert.so.[0-9])");
    struct run witness = run_ok(folder, "COUNTS=counts LD_LIBRARY_PATH=none setarch -R ./program "
                                        "\"$SOURCE\"/examples/quickstart.lua");
    struct run ours = run_ok(folder, "COUNTS=counts LD_LIBRARY_PATH=ours setarch -R ./program "
                                     "\"$SOURCE\"/examples/quickstart.lua");
    ck_assert_str_eq(ours.out, witness.out);
    ck_assert_str_eq(ours.err, "");
    trace_check_file(folder, "trace.zst");

    json_t *report = report_load(folder, "trace.zst", 0);
    ck_assert(report_complete(report));
    report_check_laws(report);
    ck_assert_uint_eq(report_fact(report, "orphan_exits"), 0);
    ck_assert_uint_eq(report_fact(report, "unwound_frames"), 0); /* the script raises no error */
    json_t *counted = counts_load(folder);
    json_t *reported = report_counts(report);
    counts_compare(counted, reported);
    json_decref(report);
    json_decref(counted);
    json_decref(reported);
}

END_TEST

int main(void)
{
    sources_fetch();
    Suite *suite = suite_create("lua");
    TCase *tcase = tcase_create("lua");
    tcase_set_timeout(tcase, 5 * E2E_TIMEOUT_S);
    if (have_lua)
        tcase_add_loop_test(tcase, counts_equal_the_witness, 0, nr_toolchains);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
