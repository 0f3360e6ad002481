#include "view/views.h"

#include "base/escape.h"
#include "profile/edges.h"
#include "profile/findings.h"

/* A member of an object: ,"name":value (the first one without the comma). */
static void member_name(struct out *out, bool first, const char *name)
{
    out_format(out, "%s\"%s\":", first ? "" : ",", name);
}

static void member_text(struct out *out, const char *name, const char *text)
{
    member_name(out, false, name);
    escape_json(out, text);
}

static void member_number(struct out *out, const char *name, uint64_t number)
{
    member_name(out, false, name);
    out_format(out, "%llu", (unsigned long long)number);
}

static void trace_write(const struct profile *profile, struct out *out)
{
    const struct profile_facts *facts = &profile->facts;
    out_text(out, "\"trace\":{\"source\":");
    escape_json(out, facts->source);
    member_text(out, "command", facts->command);
    member_text(out, "host", facts->host);
    member_name(out, false, "complete");
    out_text(out, facts->complete ? "true" : "false");
    member_name(out, false, "corrected");
    out_text(out, facts->is_corrected ? "true" : "false");

    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"dropped_events", facts->dropped_events},
        {"events", facts->nr_events},
        {"calls", facts->nr_calls},
        {"threads", facts->nr_threads},
        {"processes", facts->nr_processes},
        {"traces", facts->nr_traces},
        {"functions", profile->nr_functions},
        {"open_frames", facts->open_frames},
        {"unwound_frames", facts->unwound_frames},
        {"inherited_exits", facts->inherited_exits},
        {"orphan_exits", facts->orphan_exits},
        {"wall_ns", facts->wall_ns},
        {"clock_step_ps", facts->clock_step_ps},
        {"hook_inside_ps", facts->hook_inside_ps},
        {"hook_outside_ps", facts->hook_outside_ps},
        {"start_realtime_ns", facts->realtime_ns},
        {"trace_bytes", facts->trace_bytes},
        {"max_depth", facts->max_depth},
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        member_number(out, numbers[i].name, numbers[i].value);
    out_text(out, ",\"notices\":[");
    for (uint32_t i = 0; i < profile->nr_notices; i++) {
        out_text(out, i > 0 ? "," : "");
        escape_json(out, profile->notices[i]);
    }
    out_text(out, "]}");
}

static void function_write(const struct profile_function *function, struct out *out)
{
    out_text(out, "{\"name\":");
    escape_json(out, function->name);
    member_text(out, "label", function->label);
    member_text(out, "module", function->module);
    member_text(out, "file", function->file);
    member_number(out, "line", function->line);
    member_text(out, "kind", function_kind_name(function->kind));
    member_number(out, "calls", function->calls);
    member_number(out, "inlined_calls", function->inlined_calls);
    member_number(out, "inclusive_ns", function->inclusive_ns);
    member_number(out, "exclusive_ns", function->exclusive_ns);
    member_name(out, false, "timed");
    out_text(out, function_is_timed(function) ? "true" : "false");
    member_number(out, "exclusive_low_ns", function_low_ns(function));
    member_number(out, "exclusive_high_ns", function_high_ns(function));
    member_number(out, "raw_inclusive_ns", function->raw_inclusive_ns);
    member_number(out, "raw_exclusive_ns", function->raw_exclusive_ns);
    member_number(out, "min_ns", function->min_ns);
    member_number(out, "mean_ns", function_mean_ns(function));

    static const struct {
        const char *name;
        uint32_t permille;
    } quantiles[] = {{"p50_ns", 500}, {"p90_ns", 900}, {"p99_ns", 990}};

    for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
        member_name(out, false, quantiles[i].name);
        if (function->durations.nr > 0)
            out_format(out, "%llu", (unsigned long long)function_quantile_ns(function, quantiles[i].permille));
        else
            out_text(out, "null");
    }
    member_number(out, "max_ns", function->max_ns);
    out_char(out, '}');
}

/* An edge is written when the functions at its ends are in the list. */
static void edges_write(const struct edges *edges, uint32_t nr_functions, struct out *out)
{
    bool first = true;
    for (size_t i = 0; i < edges->nr; i++) {
        const struct edge *edge = &edges->edges[i];
        bool has_caller = edge->caller != EDGE_NO_CALLER;
        if (edge->callee >= nr_functions || (has_caller && edge->caller >= nr_functions))
            continue;
        out_text(out, first ? "\n{" : ",\n{");
        first = false;
        if (has_caller)
            out_format(out, "\"caller\":%u", edge->caller);
        else
            out_text(out, "\"caller\":null");
        member_number(out, "callee", edge->callee);
        member_number(out, "calls", edge->calls);
        member_number(out, "inclusive_ns", edge->inclusive_ns);
        out_char(out, '}');
    }
}

static void thread_write(const struct profile_thread *thread, struct out *out)
{
    out_format(out, "{\"pid\":%u", thread->pid);
    member_number(out, "tid", thread->tid);
    member_number(out, "trace", thread->trace);
    member_text(out, "name", thread->name);
    member_number(out, "events", thread->nr_events);
    member_number(out, "calls", thread->nr_calls);
    member_number(out, "hook_calls", thread->hook_calls);
    member_number(out, "dropped_events", thread->dropped_events);
    member_number(out, "torn_events", thread->torn_events);
    member_number(out, "orphan_exits", thread->orphan_exits);
    member_number(out, "stalled_ns", thread->stalled_ns);
    member_number(out, "start_ns", thread->start_ns);
    member_number(out, "end_ns", thread->end_ns);
    out_char(out, '}');
}

static int findings_write(const struct profile *profile, uint32_t nr_functions, struct out *out, struct err *err)
{
    struct findings findings;
    bool first = true;
    if (findings_make(&findings, profile, err) != 0)
        return -1;
    for (uint32_t i = 0; i < findings.nr; i++) {
        const struct finding *finding = &findings.list[i];
        if (finding->function >= nr_functions)
            continue;
        out_format(out, "%s{\"kind\":\"%s\"", first ? "\n" : ",\n", finding_kind_name(finding->kind));
        first = false;
        member_number(out, "function", finding->function);
        member_number(out, "time_ns", finding->time_ns);
        member_number(out, "calls", finding->calls);
        member_number(out, "number", finding->number);
        member_text(out, "text", finding->text);
        member_text(out, "advice", finding->advice ? finding->advice : "");
        out_char(out, '}');
    }
    findings_release(&findings);
    return 0;
}

int report_json(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    struct edges edges;
    if (edges_make(&edges, profile, err) != 0)
        return -1;
    uint32_t nr = options->top > 0 && options->top < profile->nr_functions ? options->top : profile->nr_functions;
    out_text(out, "{\"schema_version\":1,\n");
    trace_write(profile, out);
    out_text(out, ",\n\"functions\":[");
    for (uint32_t i = 0; i < nr; i++) {
        out_text(out, i > 0 ? ",\n" : "\n");
        function_write(&profile->functions[i], out);
    }
    out_text(out, "],\n\"edges\":[");
    edges_write(&edges, nr, out);
    out_text(out, "],\n\"thread_list\":[");
    for (uint32_t i = 0; i < profile->nr_threads; i++) {
        out_text(out, i > 0 ? ",\n" : "\n");
        thread_write(&profile->threads[i], out);
    }
    out_text(out, "],\n\"findings\":[");
    edges_release(&edges);
    if (findings_write(profile, nr, out, err) != 0)
        return -1;
    out_text(out, "]}\n");
    return 0;
}
