/* Reading reports and traces: the part of the harness that knows tracean's JSON (tracean.1, JSON). */
#include "harness.h"

#include <string.h>

json_t *report_load(const char *folder, const char *traces, int status)
{
    struct run run = run_shell(folder, "\"$TRACEAN\" report --format json %s", traces);
    if (run.status != status && !(status == REPORT_ANY && (run.status == 0 || run.status == 3)))
        ck_abort_msg("report of %s in %s: exit %d instead of %d: %s", traces, folder, run.status, status, run.err);
    json_error_t error;
    json_t *report = json_loads(run.out, JSON_REJECT_DUPLICATES, &error);
    if (report == NULL)
        ck_abort_msg("report of %s in %s: line %d: %s", traces, folder, error.line, error.text);
    return report;
}

static uint64_t number_get(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value))
        ck_abort_msg("the report has no number \"%s\"", key);
    return (uint64_t)json_integer_value(value);
}

uint64_t report_fact(const json_t *report, const char *name)
{
    return number_get(json_object_get(report, "trace"), name);
}

bool report_complete(const json_t *report)
{
    const json_t *complete = json_object_get(json_object_get(report, "trace"), "complete");
    ck_assert_msg(json_is_boolean(complete), "the report does not say whether the trace is complete");
    return json_is_true(complete);
}

static bool is_named(const json_t *function, const char *name)
{
    const char *text = json_string_value(json_object_get(function, "name"));
    if (text == NULL)
        ck_abort_msg("a function without a name");
    return strcmp(text, name) == 0;
}

uint64_t report_calls(const json_t *report, const char *function)
{
    uint64_t calls = 0;
    const json_t *functions = json_object_get(report, "functions");
    for (size_t i = 0; i < json_array_size(functions); i++) {
        const json_t *entry = json_array_get(functions, i);
        if (is_named(entry, function))
            calls += number_get(entry, "calls");
    }
    return calls;
}

uint64_t report_calls_between(const json_t *report, const char *caller, const char *callee)
{
    uint64_t calls = 0;
    const json_t *functions = json_object_get(report, "functions");
    const json_t *edges = json_object_get(report, "edges");
    for (size_t i = 0; i < json_array_size(edges); i++) {
        const json_t *edge = json_array_get(edges, i);
        if (json_is_integer(json_object_get(edge, "caller")) &&
            is_named(json_array_get(functions, number_get(edge, "caller")), caller) &&
            is_named(json_array_get(functions, number_get(edge, "callee")), callee))
            calls += number_get(edge, "calls");
    }
    return calls;
}

uint64_t report_number(const json_t *report, const char *function, const char *key)
{
    const json_t *functions = json_object_get(report, "functions");
    for (size_t i = 0; i < json_array_size(functions); i++) {
        const json_t *entry = json_array_get(functions, i);
        if (is_named(entry, function))
            return number_get(entry, key);
    }
    ck_abort_msg("the report does not know %s", function);
    return 0;
}

static void check_function(const json_t *function)
{
    const char *name = json_string_value(json_object_get(function, "name"));
    uint64_t calls = number_get(function, "calls");
    uint64_t min_ns = number_get(function, "min_ns");
    uint64_t mean_ns = number_get(function, "mean_ns");
    uint64_t max_ns = number_get(function, "max_ns");
    uint64_t inclusive_ns = number_get(function, "inclusive_ns");
    ck_assert_msg(number_get(function, "exclusive_ns") <= inclusive_ns, "%s: exclusive above inclusive", name);
    ck_assert_msg(number_get(function, "exclusive_low_ns") <= number_get(function, "exclusive_ns") &&
                      number_get(function, "exclusive_ns") <= number_get(function, "exclusive_high_ns"),
                  "%s: not within its bounds", name);
    ck_assert_msg(min_ns <= mean_ns + 1, "%s: min above mean", name);
    ck_assert_msg(mean_ns <= max_ns + 1, "%s: mean above max", name);
    ck_assert_msg(calls == 0 || max_ns <= number_get(function, "raw_inclusive_ns"), "%s: one call longer than all",
                  name);
}

/* The totals, and that the time of the calls from outside (the edges without a caller) is all the time there is. */
static void check_totals(const json_t *report)
{
    uint64_t calls = 0, exclusive_ns = 0, roots_ns = 0;
    const json_t *functions = json_object_get(report, "functions");
    for (size_t i = 0; i < json_array_size(functions); i++) {
        const json_t *function = json_array_get(functions, i);
        exclusive_ns += number_get(function, "exclusive_ns");
        if (strcmp(json_string_value(json_object_get(function, "kind")), "region") != 0)
            calls += number_get(function, "calls"); /* measurements are no calls */
    }
    const json_t *edges = json_object_get(report, "edges");
    for (size_t i = 0; i < json_array_size(edges); i++)
        if (json_is_null(json_object_get(json_array_get(edges, i), "caller")))
            roots_ns += number_get(json_array_get(edges, i), "inclusive_ns");
    ck_assert_uint_eq(calls, report_fact(report, "calls"));
    ck_assert_uint_eq(exclusive_ns, roots_ns);
    ck_assert_uint_eq(report_fact(report, "events"),
                      2 * calls - report_fact(report, "open_frames") - report_fact(report, "unwound_frames"));
}

enum { NR_REACHED = 128 };

/* reached[a][b]: a calls b, directly or not. Only then can time be in two of a function's edges at once. */
static void reach_compute(const json_t *edges, size_t nr, bool reached[NR_REACHED][NR_REACHED])
{
    for (size_t i = 0; i < json_array_size(edges); i++) {
        const json_t *edge = json_array_get(edges, i);
        if (json_is_integer(json_object_get(edge, "caller")))
            reached[number_get(edge, "caller")][number_get(edge, "callee")] = true;
    }
    for (size_t middle = 0; middle < nr; middle++)
        for (size_t from = 0; from < nr; from++)
            for (size_t to = 0; to < nr; to++)
                reached[from][to] = reached[from][to] || (reached[from][middle] && reached[middle][to]);
}

/* A function's inclusive time holds that of its callees; that is all of it but the exclusive time. */
static void check_edges(const json_t *report)
{
    static bool reached[NR_REACHED][NR_REACHED];
    const json_t *functions = json_object_get(report, "functions");
    const json_t *edges = json_object_get(report, "edges");
    size_t nr = json_array_size(functions);
    if (nr > NR_REACHED)
        return;
    memset(reached, 0, sizeof reached);
    reach_compute(edges, nr, reached);
    for (size_t f = 0; f < nr; f++) {
        uint64_t callees_ns = 0;
        for (size_t i = 0; i < json_array_size(edges); i++) {
            const json_t *caller = json_object_get(json_array_get(edges, i), "caller");
            if (json_is_integer(caller) && (size_t)json_integer_value(caller) == f)
                callees_ns += number_get(json_array_get(edges, i), "inclusive_ns");
        }
        const json_t *function = json_array_get(functions, f);
        if (!reached[f][f])
            ck_assert_msg(number_get(function, "inclusive_ns") == callees_ns + number_get(function, "exclusive_ns"),
                          "%s: inclusive is not exclusive and callees",
                          json_string_value(json_object_get(function, "name")));
    }
}

void report_check_laws(const json_t *report)
{
    const json_t *functions = json_object_get(report, "functions");
    for (size_t i = 0; i < json_array_size(functions); i++)
        check_function(json_array_get(functions, i));
    check_totals(report);
    check_edges(report);
}

void trace_await(const char *folder, const char *trace)
{
    run_ok(folder, "flock -w 60 %s true", trace);
}

void trace_check_file(const char *folder, const char *trace)
{
    run_ok(folder, "zstd -q -t %s", trace);
    struct run run = run_ok(folder, "\"$TRACEAN\" verify %s", trace);
    ck_assert_str_eq(run.err, "");
}
