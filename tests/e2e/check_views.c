/*
 * What people see: every view of a real trace in every format; what the slow calls of a program do; patterns, each in
 * a program that shows it by construction, and not in one that nearly does.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct pattern {
    const char *program, *kind, *function; /* NULL: whichever */
} patterns[] = {
    {"pattern_wide", "wide frame", "decide"}, {"pattern_flat", "flat top", "burn"},
    {"pattern_tall", "tall stack", "climb"},  {"pattern_climbing", "sawtooth", "look_up"},
    {"pattern_beat", "lock-step", "put"},     {"pattern_together", "lock-step", "serve"},
    {"pattern_tiny", "tiny calls", NULL},
};

enum { NR_PATTERNS = (int)(sizeof patterns / sizeof *patterns) };

/* True when the report has that finding about that function. */
static bool report_finds(const json_t *report, const struct pattern *pattern)
{
    const json_t *findings = json_object_get(report, "findings"), *functions = json_object_get(report, "functions");
    ck_assert(json_is_array(findings));
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *finding = json_array_get(findings, i);
        size_t number = (size_t)json_integer_value(json_object_get(finding, "function"));
        const char *kind = json_string_value(json_object_get(finding, "kind"));
        const char *name = json_string_value(json_object_get(json_array_get(functions, number), "name"));
        ck_assert(kind != NULL && name != NULL);
        if (strcmp(kind, pattern->kind) == 0 && (pattern->function == NULL || strcmp(name, pattern->function) == 0))
            return true;
    }
    return false;
}

/* What else the machine does can look like a pattern, or hide one, but not again and again. */
#define TRIES 6

static bool program_shows(const char *folder, const struct pattern *pattern, const char *argument)
{
    run_ok(folder, "rm -f trace.zst && ./program %s", argument);
    json_t *report = report_load(folder, "trace.zst", 0);
    report_check_laws(report);
    bool found = report_finds(report, pattern);
    json_decref(report);
    struct run run = run_ok(folder, "\"$TRACEAN\" report trace.zst");
    ck_assert(!found || (strstr(run.out, "\nFINDINGS\n") != NULL && strstr(run.out, pattern->kind) != NULL));
    return found;
}

START_TEST(pattern_is_found_where_it_is)
{
    const struct pattern *pattern = &patterns[_i];
    char source[128];
    const char *folder = scratch_folder("findings/%s", pattern->program);
    snprintf(source, sizeof(source), "\"$PROGRAMS\"/%s.c", pattern->program);
    build_program(&toolchains[1], folder, "program", source, "-g");
    int shown = 0, hidden = 0;
    for (int i = 0; i < TRIES && (shown == 0 || hidden == 0); i++) {
        shown += shown == 0 && program_shows(folder, pattern, "");
        hidden += hidden == 0 && !program_shows(folder, pattern, "nearly");
    }
    ck_assert_msg(shown > 0, "%s is not found in %s", pattern->kind, pattern->program);
    ck_assert_msg(hidden > 0, "%s is found where it is only nearly", pattern->kind);
}

END_TEST

static const char *folder_with_trace(const char *name)
{
    const char *folder = scratch_folder("views/%s", name);
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/slow_calls.c", "-g");
    run_ok(folder, "./program");
    return folder;
}

START_TEST(every_view_in_every_format)
{
    static const char *const verbs[] = {"report",         "tree",       "peek serve", "hist serve",
                                        "outliers serve", "list serve", "threads",    "modules"};
    const char *folder = folder_with_trace("formats"), *verb = verbs[_i];
    struct run run = run_ok(folder, "\"$TRACEAN\" %s", verb);
    ck_assert_uint_gt(count_lines(run.out), 1);
    ck_assert_ptr_null(strchr(run.out, 0x1b)); /* no terminal, no colour */
    run = run_ok(folder, "\"$TRACEAN\" %s --color=always", verb);
    ck_assert_ptr_nonnull(strchr(run.out, 0x1b));
    run_ok(folder, "\"$TRACEAN\" %s --format markdown | grep -q '^| ---'", verb);
    run_ok(folder, "\"$TRACEAN\" %s -o view.html && grep -q '</html>' view.html", verb);
    run = run_ok(folder, "\"$TRACEAN\" %s --format csv", verb);
    ck_assert_uint_gt(count_lines(run.out), 1);
    run = run_ok(folder, "\"$TRACEAN\" %s --format json", verb);
    json_error_t error;
    json_t *json = json_loads(run.out, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(json != NULL, "%s: line %d: %s", verb, error.line, error.text);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "schema_version")), 1);
    json_decref(json);
}

END_TEST

/* flamegraph.pl's options that change how wide and how much stacks are. */
static const char *const handed_out[] = {"report",
                                         "report --format json",
                                         "report --format html",
                                         "tree --format json",
                                         "peek main",
                                         "hist main",
                                         "threads --format json",
                                         "modules --format json",
                                         "flamegraph",
                                         "flamegraph --time-order",
                                         "html",
                                         "export",
                                         "export --format pprof",
                                         "profile",
                                         "merge"};

/* The folder, the argument and the host are in the trace, in the names of files, and nowhere else. */
START_TEST(what_is_redacted_tells_no_place)
{
    const char *verb = handed_out[_i];
    const char *folder = scratch_folder("views/buriedplace-%d", _i);
    build_program(&toolchains[1], folder, "program", "\"$SOURCE\"/examples/threads/threads.c", "-pthread");
    run_ok(folder, "./program buriedword >/dev/null");
    run_ok(folder, "\"$TRACEAN\" report --format json >all && grep -q buriedplace all && grep -q buriedword all");
    run_ok(folder,
           "\"$TRACEAN\" %s --redact trace.zst >shown 2>said; zstd -q -d -c -f shown >plain 2>/dev/null || gzip -d -c "
           "-f <shown >plain",
           verb);
    run_ok(folder,
           "test -s plain && ! grep -a 'buried\\|/examples' plain said && ! grep -a \"\\\"$(uname -n)\\\"\" plain");
    if (strcmp(verb, "profile") == 0)
        run_ok(folder,
               "mv shown x.tprof && \"$TRACEAN\" verify x.tprof && \"$TRACEAN\" report x.tprof | grep -q threads.c");
}

END_TEST

START_TEST(what_cannot_be_redacted_is_refused)
{
    static const char *const lines[] = {"report --memory", "html --source", "export --format massif",
                                        "flamegraph --weight peak", "list main"};
    const char *folder = scratch_folder("views/not-redacted");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct run run = run_shell(folder, "\"$TRACEAN\" %s --redact", lines[i]);
        ck_assert_msg(run.status == 1 && strstr(run.err, "--redact") != NULL, "%s: %s", lines[i], run.err);
    }
}

END_TEST

START_TEST(stacks_are_scaled)
{
    const char *folder = scratch_folder("views/scaled");
    run_ok(folder, "printf 'main;a 10\nmain;b 30\n' >stacks");
    struct run run = run_ok(folder, "\"$TRACEAN\" flamegraph --total 80 stacks | grep -c 'width=\"50%%\"'");
    ck_assert_str_eq(run.out, "2\n"); /* the root, and main */
    run = run_ok(folder, "\"$TRACEAN\" flamegraph --factor 2.5 stacks | grep -c '75 samples, 75.0%%'");
    ck_assert_str_eq(run.out, "1\n");
    ck_assert_int_eq(run_shell(folder, "\"$TRACEAN\" flamegraph --factor 0 stacks").status, 1);
}

END_TEST

/* The program's slow calls wait for something that the others do not. */
START_TEST(outliers_name_the_cause)
{
    const char *folder = folder_with_trace("outliers");
    struct run run = run_ok(folder, "\"$TRACEAN\" outliers serve --slowest 3 --format json");
    json_t *json = json_loads(run.out, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(json);
    const json_t *nodes = json_object_get(json, "nodes");
    long long cause_ns = 0, all_ns = 0;
    for (size_t i = 0; i < json_array_size(nodes); i++) {
        const json_t *node = json_array_get(nodes, i);
        long long own_ns = json_integer_value(json_object_get(node, "own_difference_ns"));
        all_ns += own_ns;
        if (strcmp(json_string_value(json_object_get(node, "name")), "refill") == 0)
            cause_ns += own_ns;
    }
    ck_assert_msg(cause_ns * 10 > all_ns * 6 && all_ns > 30000000, "refill: %lld of %lld ns", cause_ns, all_ns);
    const json_t *calls = json_object_get(json, "calls");
    ck_assert_uint_eq(json_array_size(calls), 3);
    bool refilled = false; /* in one of them: a call that the machine made slow can be another */
    for (size_t i = 0; i < 3; i++) {
        run = run_ok(folder, "\"$TRACEAN\" calls --call %s",
                     json_string_value(json_object_get(json_array_get(calls, i), "id")));
        ck_assert_ptr_nonnull(strstr(run.out, "serve() {"));
        refilled = refilled || strstr(run.out, "refill();") != NULL;
    }
    ck_assert(refilled);
    run_ok(folder, "\"$TRACEAN\" outliers serve -o slow.svg && grep -q refill slow.svg");
    json_decref(json);
}

END_TEST

/* The number behind "calls: " in the comment of a line of the program; 0 when there is none. */
static long long calls_expected(const char *source, long long line)
{
    while (--line > 0 && source != NULL)
        source = strchr(source, '\n') == NULL ? NULL : strchr(source, '\n') + 1;
    const char *said = source == NULL ? NULL : strstr(source, "calls: ");
    return said != NULL && said < strchr(source, '\n') ? strtoll(said + strlen("calls: "), NULL, 10) : 0;
}

static json_t *diff_of(const char *folder, const char *before, const char *after)
{
    struct run run = run_ok(folder, "\"$TRACEAN\" diff --format json %s %s", before, after);
    json_t *diff = json_loads(run.out, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(diff);
    return diff;
}

/* What the report of a difference says of a function; "" when it is not in there. */
static const char *change_of(const json_t *diff, const char *function, const json_t **row)
{
    const json_t *changes = json_object_get(diff, "changes");
    for (size_t i = 0; i < json_array_size(changes); i++) {
        *row = json_array_get(changes, i);
        if (strcmp(json_string_value(json_object_get(*row, "function")), function) == 0)
            return json_string_value(json_object_get(*row, "what"));
    }
    *row = NULL;
    return "";
}

START_TEST(what_changed_is_said)
{
    static const struct {
        const char *function, *what;
        int base_calls, calls;
    } wanted[] = {{"doubled", "more calls", 50, 100},
                  {"slowed", "slower", 20, 20},
                  {"removed", "gone", 1, 0},
                  {"added", "new", 0, 1}};

    const char *folder = scratch_folder("views/diff");
    const json_t *row;
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/changes.c", "-g");
    run_ok(folder, "TRACERT_OUTPUT=before.zst ./program; TRACERT_OUTPUT=after.zst ./program later");
    trace_await(folder, "before.zst");
    trace_await(folder, "after.zst");
    run_ok(folder, "\"$TRACEAN\" profile before.zst -o before.tprof"); /* a profile is as good */
    json_t *diff = diff_of(folder, "before.tprof", "after.zst");
    for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
        const char *what = change_of(diff, wanted[i].function, &row);
        ck_assert_msg(strcmp(what, wanted[i].what) == 0, "%s: %s", wanted[i].function, what);
        ck_assert_int_eq(json_integer_value(json_object_get(row, "base_calls")), wanted[i].base_calls);
        ck_assert_int_eq(json_integer_value(json_object_get(row, "calls")), wanted[i].calls);
    }
    const char *steady = change_of(diff, "steady", &row);
    ck_assert_msg(steady[0] == '\0' || strcmp(steady, "within doubt") == 0, "steady: %s", steady);
    json_decref(diff);

    /* What has not changed has not changed; and back again is the other way round. */
    diff = diff_of(folder, "after.zst", "after.zst");
    ck_assert_uint_eq(json_array_size(json_object_get(diff, "changes")), 0);
    json_decref(diff);
    diff = diff_of(folder, "after.zst", "before.zst");
    ck_assert_str_eq(change_of(diff, "doubled", &row), "fewer calls");
    ck_assert_str_eq(change_of(diff, "slowed", &row), "faster");
    json_decref(diff);
    struct run run = run_ok(folder, "for format in text csv markdown html; do \"$TRACEAN\" diff before.zst after.zst "
                                    "--format $format | grep -c slowed; done");
    ck_assert_str_eq(run.out, "1\n1\n1\n1\n");
    static const char *const wrong[] = {"before.zst", "--at 1s before.zst", "--memory before.zst after.zst"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        run = run_shell(folder, "\"$TRACEAN\" diff %s", wrong[i]);
        ck_assert_int_eq(run.status, 1);
        ck_assert_uint_eq(count_lines(run.err), 1);
    }
}

END_TEST

START_TEST(lines_say_what_they_call)
{
    const char *folder = scratch_folder("views/lines-%s", toolchains[_i].name);
    build_program(&toolchains[_i], folder, "program", "\"$PROGRAMS\"/call_lines.c", "-g");
    run_ok(folder, "./program");
    struct run run = run_ok(folder, "\"$TRACEAN\" list dispatch --format json");
    const char *source = run_ok(folder, "cat \"$PROGRAMS\"/call_lines.c").out;
    json_t *json = json_loads(run.out, JSON_REJECT_DUPLICATES, NULL);
    const json_t *lines = json_object_get(json, "lines");
    ck_assert_uint_eq(json_array_size(lines), 3);
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        long long number = json_integer_value(json_object_get(line, "line"));
        long long calls = json_integer_value(json_object_get(line, "calls"));
        ck_assert_msg(calls > 0 && calls == calls_expected(source, number), "%lld calls in line %lld", calls, number);
    }
    run = run_ok(folder, "\"$TRACEAN\" list dispatch");
    ck_assert_ptr_nonnull(strstr(run.out, "read_all(); /* calls: 5 */"));
    json_decref(json);
}

END_TEST

static bool is_paged(const char *folder, unsigned rows, const char *option)
{
    struct run run = run_ok(folder,
                            "TRACEAN_PAGER='sed s/^/paged:/' script -qec "
                            "'stty rows %u cols 80; \"$TRACEAN\" report %s' /dev/null",
                            rows, option);
    ck_assert_ptr_nonnull(strstr(run.out, "serve"));
    return strstr(run.out, "paged:") != NULL;
}

START_TEST(a_tall_text_is_paged)
{
    const char *folder = folder_with_trace("pager");
    if (run_shell(folder, "command -v script").status != 0)
        return;
    ck_assert(is_paged(folder, 5, ""));
    ck_assert(!is_paged(folder, 500, ""));
    ck_assert(!is_paged(folder, 5, "--no-pager"));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("views");
    TCase *tests = tcase_create("views");
    tcase_set_timeout(tests, E2E_TIMEOUT_S);
    tcase_add_loop_test(tests, pattern_is_found_where_it_is, 0, NR_PATTERNS);
    tcase_add_loop_test(tests, every_view_in_every_format, 0, 8);
    tcase_add_loop_test(tests, what_is_redacted_tells_no_place, 0, (int)(sizeof handed_out / sizeof *handed_out));
    tcase_add_test(tests, what_cannot_be_redacted_is_refused);
    tcase_add_test(tests, stacks_are_scaled);
    tcase_add_test(tests, outliers_name_the_cause);
    tcase_add_test(tests, what_changed_is_said);
    tcase_add_loop_test(tests, lines_say_what_they_call, 0, nr_toolchains);
    tcase_add_test(tests, a_tall_text_is_paged);
    suite_add_tcase(suite, tests);
    return harness_main(suite);
}
