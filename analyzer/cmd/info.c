/*
 * The facts of a trace: gathered once, written as text or as JSON. Functions are counted, not named, so that this works
 * on a machine without the binaries.
 */
#include "cmd/input.h"

#include "base/escape.h"
#include "base/number.h"
#include "profile/compensate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char about[] =
    "What a trace holds: what ran, when and where, its clock, processes, threads and modules, its size, what is "
    "missing\n"
    "from it, and how many of the calls were to functions that exist only inlined in their callers (such calls cost\n"
    "the same as others, and their number can be brought down at build time). Formats: text, json.";

static const char examples[] = "  tracean info\n"
                               "  tracean info --format json trace.zst | jq .calls";

enum { THREADS_SHOWN = 20, MODULES_SHOWN = 50 };

/* What is not in the trace struct itself. */
struct totals {
    uint64_t nr_events, nr_calls, open_frames, unwound_frames, inherited_exits, orphan_exits;
    uint64_t dropped_full, torn, lost, stalled_ns;
    uint64_t packed_bytes, raw_bytes;                     /* of chunks */
    uint64_t nr_inline_only_functions, inline_only_calls; /* functions all of whose calls are inlined */
    uint64_t nr_functions;
};

struct info {
    const struct trace *trace;
    const struct replay *replay;
    struct totals totals;
    struct out *out;
};

/* ---- Gathering ------------------------------------------------------------------------------------ */

static int inlined_count(const struct replay *replay, struct totals *totals, struct err *err)
{
    struct counts {
        uint64_t calls, inlined;
    } *counts = calloc((size_t)replay->functions.nr + 1, sizeof(*counts));

    if (counts == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = 1; i < replay->tree.nr_nodes; i++) {
        const struct calltree_node *node = &replay->tree.nodes[i];
        counts[node->function].calls += node->calls;
        counts[node->function].inlined += node->inlined_calls;
    }
    for (uint32_t i = 0; i < replay->functions.nr; i++) {
        bool called = counts[i].calls > 0 && replay->functions.ids[i].region == NULL;
        totals->nr_functions += called;
        if (called && counts[i].calls == counts[i].inlined) {
            totals->nr_inline_only_functions++;
            totals->inline_only_calls += counts[i].calls;
        }
    }
    free(counts);
    return 0;
}

static void totals_gather(const struct trace *trace, const struct replay *replay, struct totals *totals)
{
    for (uint32_t i = 0; i < trace->nr_threads; i++) {
        const struct replay_thread *thread = &replay->threads[i];
        totals->nr_calls += thread->nr_calls;
        totals->nr_events += thread->nr_calls + thread->nr_exits;
        totals->open_frames += thread->open_frames;
        totals->unwound_frames += thread->unwound_frames;
        totals->inherited_exits += thread->inherited_exits;
        totals->orphan_exits += thread->orphan_exits;
        totals->dropped_full += thread->dropped_full;
        totals->torn += thread->torn;
        totals->stalled_ns += clock_duration_ns(&trace->clock, thread->stalled_ticks);
    }
    for (uint32_t i = 0; i < trace->nr_chunks; i++) {
        totals->packed_bytes += TF_HEADER_BYTES + trace->chunks[i].payload_bytes;
        totals->raw_bytes += trace->chunks[i].raw_bytes;
    }
    totals->lost = replay_dropped(replay) - totals->dropped_full - totals->torn - trace->dropped_no_ring;
}

static const char *clock_name(const struct trace *trace)
{
    switch (trace->clock_kind) {
    case TF_CLOCK_MONOTONIC:
        return "CLOCK_MONOTONIC";
    case TF_CLOCK_TSC:
        return "x86 time stamp counter";
    case TF_CLOCK_CNTVCT:
        return "aarch64 virtual counter";
    default:
        return "unknown";
    }
}

/* NULL: not known. */
static const char *clock_why(const struct trace *trace)
{
    static const char *const reasons[] = {[TF_CLOCK_FIT] = "it runs at one rate",
                                          [TF_CLOCK_ORDERED] = "as ordered",
                                          [TF_CLOCK_UNEVEN] = "the processor's counter may change its rate",
                                          [TF_CLOCK_SHUNNED] = "the kernel does not rely on the processor's counter"};
    return trace->clock_reason < sizeof(reasons) / sizeof(reasons[0]) ? reasons[trace->clock_reason] : NULL;
}

static const char *ending_name(const struct trace *trace)
{
    if (trace->being_written)
        return "being written";
    return trace->ending == TRACE_FINISHED ? "finished" : trace->ending == TRACE_FAILED ? "failed" : "unfinished";
}

static const char *origin_name(const struct trace_process *process)
{
    return process->origin == TF_ORIGIN_FORK ? "forked" : process->origin == TF_ORIGIN_EXEC ? "executed" : "started";
}

/* A processor's counter may have steps of less than a ns. */
static const char *step_text(const struct trace *trace, char text[NUMBER_BYTES])
{
    uint64_t step_ps = trace_clock_step_ps(trace);
    if (step_ps == 0)
        return "unknown";
    if (step_ps >= 1000)
        return number_time(text, step_ps / 1000);
    snprintf(text, NUMBER_BYTES, "0.%03u ns", (unsigned)step_ps);
    return text;
}

static void build_id_text(const struct trace_object *object, char text[2 * 64 + 1])
{
    size_t nr = object->build_id_bytes < 64 ? object->build_id_bytes : 64;
    text[0] = '\0';
    for (size_t i = 0; i < nr; i++)
        snprintf(text + 2 * i, 3, "%02x", object->build_id[i]);
}

/* ---- Text ----------------------------------------------------------------------------------------- */

static void label(const struct info *info, const char *name)
{
    out_format(info->out, "%-12s", name);
}

static void name_out(const struct info *info, const char *name)
{
    escape_terminal(info->out, name, strlen(name));
}

static void line_text(const struct info *info, const char *name, const char *value)
{
    if (value[0] == '\0')
        return;
    label(info, name);
    name_out(info, value);
    out_char(info->out, '\n');
}

static void line_count(const struct info *info, const char *name, uint64_t count)
{
    char number[NUMBER_BYTES];
    label(info, name);
    out_format(info->out, "%s\n", number_grouped(number, count));
}

static void command_text(const struct info *info, const struct trace_process *process)
{
    size_t at = 0;
    while (at < process->command_bytes) {
        size_t bytes = strnlen(process->command + at, process->command_bytes - at);
        out_text(info->out, at > 0 ? " " : "");
        escape_terminal(info->out, process->command + at, bytes);
        at += bytes + 1;
    }
}

static void head_text(const struct info *info)
{
    const struct trace *trace = info->trace;
    char number[NUMBER_BYTES];
    line_text(info, "trace", trace->path);
    label(info, "state");
    out_format(info->out, "%s%s\n", ending_name(trace), trace_is_complete(trace) ? ", complete" : "");
    if (trace->realtime_ns != 0) {
        time_t seconds = (time_t)(trace->realtime_ns / 1000000000);
        struct tm tm;
        char date[64] = "";
        if (gmtime_r(&seconds, &tm) != NULL)
            strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm);
        line_text(info, "when", date);
    }
    label(info, "duration");
    out_format(info->out, "%s\n", number_time(number, trace_duration_ns(trace)));
    line_text(info, "host", trace->host);
    line_text(info, "kernel", trace->kernel);
    line_text(info, "runtime", trace->runtime_version);
    label(info, "clock");
    out_format(info->out, "%s, step %s%s", clock_name(trace), step_text(trace, number),
               trace->clock_is_known ? "" : ", rate unknown");
    if (clock_why(trace) != NULL)
        out_format(info->out, " (%s)", clock_why(trace));
    out_char(info->out, '\n');
    struct hook_cost cost = hook_cost_of(trace);
    label(info, "hooks");
    if (cost.is_known)
        out_format(info->out, "%.1f ns in each short call, %.1f ns around it; %.1f and %.1f ns of a long one\n",
                   cost.short_inside, cost.short_outside, cost.long_inside, cost.long_outside);
    else
        out_text(info->out, "not measured: the run was too short\n");
}

static void counts_text(const struct info *info)
{
    const struct totals *totals = &info->totals;
    const struct trace *trace = info->trace;
    char number[NUMBER_BYTES], other[NUMBER_BYTES];
    line_count(info, "calls", totals->nr_calls);
    line_count(info, "events", totals->nr_events);
    line_count(info, "functions", totals->nr_functions);
    line_count(info, "open", totals->open_frames);
    line_count(info, "unwound", totals->unwound_frames);
    if (totals->inherited_exits > 0)
        line_count(info, "inherited", totals->inherited_exits);
    if (totals->orphan_exits > 0)
        line_count(info, "orphans", totals->orphan_exits);
    label(info, "dropped");
    out_format(info->out, "%s", number_grouped(number, replay_dropped(info->replay)));
    out_format(info->out, " (ring full %" PRIu64 ", no ring %" PRIu64 ", torn %" PRIu64 ", lost blocks %" PRIu64 ")\n",
               totals->dropped_full, trace->dropped_no_ring, totals->torn, totals->lost);
    label(info, "waited");
    out_format(info->out, "%s for the recorder\n", number_time(number, totals->stalled_ns));
    label(info, "size");
    out_format(info->out, "%s in %" PRIu64 " blocks", number_bytes(number, trace->file_bytes), trace->nr_blocks);
    if (totals->nr_events > 0)
        out_format(info->out, ", %.2f bytes an event", (double)trace->file_bytes / (double)totals->nr_events);
    out_format(info->out, " (chunks: %" PRIu32 ", decompressed %s)\n", trace->nr_chunks,
               number_bytes(other, totals->raw_bytes));
    label(info, "inlined");
    out_format(info->out, "%s calls (%s %%) to %" PRIu64 " functions that exist only inlined\n",
               number_grouped(number, totals->inline_only_calls),
               number_percent(other, totals->inline_only_calls, totals->nr_calls), totals->nr_inline_only_functions);
    if (totals->inline_only_calls > 0)
        out_format(info->out,
                   "%-12sto avoid their cost: clang -finstrument-functions-after-inlining,\n%-12sgcc "
                   "-finstrument-functions-exclude-file-list=HEADER,…\n",
                   "", "");
}

static void processes_text(const struct info *info)
{
    const struct trace *trace = info->trace;
    uint32_t shown = trace->nr_processes < THREADS_SHOWN ? trace->nr_processes : THREADS_SHOWN;
    out_format(info->out, "\nPROCESSES (%" PRIu32 ")\n", trace->nr_processes);
    for (uint32_t i = 0; i < shown; i++) {
        const struct trace_process *process = &trace->processes[i];
        out_format(info->out, "%8" PRIu32 "  %-8s  ", process->pid, origin_name(process));
        command_text(info, process);
        out_text(info->out, "\n");
    }
    if (shown < trace->nr_processes)
        out_format(info->out, "          and %" PRIu32 " more\n", trace->nr_processes - shown);
}

static void threads_text(const struct info *info)
{
    const struct trace *trace = info->trace;
    uint32_t shown = trace->nr_threads < THREADS_SHOWN ? trace->nr_threads : THREADS_SHOWN;
    out_format(info->out, "\nTHREADS (%" PRIu32 ")\n%8s %14s %12s %12s %12s  %s\n", trace->nr_threads, "TID", "CALLS",
               "BEGIN", "END", "WAITED", "NAME");
    for (uint32_t i = 0; i < shown; i++) {
        const struct replay_thread *thread = &info->replay->threads[i];
        char number[4][NUMBER_BYTES];
        out_format(info->out, "%8" PRIu32 " %14s %12s %12s %12s  ", trace->threads[i].tid,
                   number_grouped(number[0], thread->nr_calls),
                   number_time(number[1], clock_ns(&trace->clock, thread->first_ticks)),
                   number_time(number[2], clock_ns(&trace->clock, thread->last_ticks)),
                   number_time(number[3], clock_duration_ns(&trace->clock, thread->stalled_ticks)));
        name_out(info, trace->threads[i].name);
        out_char(info->out, '\n');
    }
    if (shown < trace->nr_threads)
        out_format(info->out, "         and %" PRIu32 " more\n", trace->nr_threads - shown);
}

static void modules_text(const struct info *info)
{
    const struct trace *trace = info->trace;
    uint32_t shown = trace->nr_objects < MODULES_SHOWN ? trace->nr_objects : MODULES_SHOWN;
    out_format(info->out, "\nMODULES (%" PRIu32 ")\n", trace->nr_objects);
    for (uint32_t i = 0; i < shown; i++) {
        char build_id[2 * 64 + 1];
        build_id_text(&trace->objects[i], build_id);
        out_format(info->out, "  %-40s  ", build_id[0] != '\0' ? build_id : "no build-id");
        name_out(info, trace->objects[i].path[0] != '\0' ? trace->objects[i].path : "(no file)");
        out_char(info->out, '\n');
    }
    if (shown < trace->nr_objects)
        out_format(info->out, "  and %" PRIu32 " more\n", trace->nr_objects - shown);
}

static void info_text(const struct info *info)
{
    head_text(info);
    counts_text(info);
    processes_text(info);
    threads_text(info);
    modules_text(info);
}

/* ---- JSON ----------------------------------------------------------------------------------------- */

struct json_number {
    const char *name;
    uint64_t value;
};

static void json_text(const struct info *info, const char *name, const char *value)
{
    out_format(info->out, "\"%s\":", name);
    escape_json(info->out, value);
    out_char(info->out, ',');
}

/* "name":1,"name":2 */
static void json_numbers(const struct info *info, const struct json_number *numbers, size_t nr)
{
    for (size_t i = 0; i < nr; i++)
        out_format(info->out, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", numbers[i].name, numbers[i].value);
}

static void head_json(const struct info *info)
{
    const struct trace *trace = info->trace;
    const struct totals *totals = &info->totals;
    const struct json_number numbers[] = {{"start_realtime_ns", trace->realtime_ns},
                                          {"duration_ns", trace_duration_ns(trace)},
                                          {"clock_step_ps", trace_clock_step_ps(trace)},
                                          {"calls", totals->nr_calls},
                                          {"events", totals->nr_events},
                                          {"functions", totals->nr_functions},
                                          {"open_frames", totals->open_frames},
                                          {"unwound_frames", totals->unwound_frames},
                                          {"inherited_exits", totals->inherited_exits},
                                          {"orphan_exits", totals->orphan_exits},
                                          {"dropped_events", replay_dropped(info->replay)},
                                          {"dropped_ring_full", totals->dropped_full},
                                          {"dropped_no_ring", trace->dropped_no_ring},
                                          {"torn_events", totals->torn},
                                          {"lost_events", totals->lost},
                                          {"stalled_ns", totals->stalled_ns},
                                          {"file_bytes", trace->file_bytes},
                                          {"chunk_bytes", totals->packed_bytes},
                                          {"chunk_raw_bytes", totals->raw_bytes},
                                          {"blocks", trace->nr_blocks},
                                          {"chunks", trace->nr_chunks},
                                          {"damaged_blocks", trace->nr_damaged},
                                          {"missing_blocks", trace->nr_lost_blocks},
                                          {"inline_only_functions", totals->nr_inline_only_functions},
                                          {"inline_only_calls", totals->inline_only_calls}};
    json_text(info, "source", trace->path);
    json_text(info, "state", ending_name(trace));
    out_format(info->out, "\"complete\":%s,",
               trace_is_complete(trace) && replay_dropped(info->replay) == 0 ? "true" : "false");
    out_format(info->out, "\"recovered\":%s,\"session\":\"%016" PRIx64 "\",", trace->recovered ? "true" : "false",
               trace->session);
    json_text(info, "host", trace->host);
    json_text(info, "kernel", trace->kernel);
    json_text(info, "runtime", trace->runtime_version);
    json_text(info, "clock", clock_name(trace));
    json_text(info, "clock_reason", clock_why(trace) == NULL ? "" : clock_why(trace));
    json_numbers(info, numbers, sizeof(numbers) / sizeof(numbers[0]));
}

static void process_json(const struct info *info, const struct trace_process *process)
{
    const struct json_number numbers[] = {{"pid", process->pid},
                                          {"start_ns", clock_ns(&info->trace->clock, process->start_ticks)}};
    out_char(info->out, '{');
    json_text(info, "executable", process->executable);
    json_text(info, "directory", process->directory);
    json_text(info, "origin", origin_name(process));
    out_text(info->out, "\"arguments\":[");
    for (size_t at = 0; at < process->command_bytes; at += strlen(process->command + at) + 1) {
        out_text(info->out, at > 0 ? "," : "");
        escape_json(info->out, process->command + at);
    }
    out_text(info->out, "],");
    json_numbers(info, numbers, sizeof(numbers) / sizeof(numbers[0]));
    out_char(info->out, '}');
}

static void thread_json(const struct info *info, uint32_t number)
{
    const struct trace *trace = info->trace;
    const struct replay_thread *thread = &info->replay->threads[number];
    const struct trace_process *process = trace_process_find(trace, thread->process);
    const struct json_number numbers[] = {{"pid", process == NULL ? 0 : process->pid},
                                          {"tid", trace->threads[number].tid},
                                          {"calls", thread->nr_calls},
                                          {"events", thread->nr_calls + thread->nr_exits},
                                          {"hook_calls", thread->hook_calls},
                                          {"dropped_events", thread->dropped_full},
                                          {"torn_events", thread->torn},
                                          {"orphan_exits", thread->orphan_exits},
                                          {"stalled_ns", clock_duration_ns(&trace->clock, thread->stalled_ticks)},
                                          {"start_ns", clock_ns(&trace->clock, thread->first_ticks)},
                                          {"end_ns", clock_ns(&trace->clock, thread->last_ticks)}};
    out_char(info->out, '{');
    json_text(info, "name", trace->threads[number].name);
    json_numbers(info, numbers, sizeof(numbers) / sizeof(numbers[0]));
    out_char(info->out, '}');
}

static void module_json(const struct info *info, const struct trace_object *object)
{
    char build_id[2 * 64 + 1];
    build_id_text(object, build_id);
    out_char(info->out, '{');
    json_text(info, "path", object->path);
    out_format(info->out, "\"build_id\":\"%s\"}", build_id);
}

static void info_json(const struct info *info)
{
    const struct trace *trace = info->trace;
    out_char(info->out, '{');
    head_json(info);
    out_text(info->out, ",\n\"processes\":[");
    for (uint32_t i = 0; i < trace->nr_processes; i++) {
        out_text(info->out, i > 0 ? ",\n" : "\n");
        process_json(info, &trace->processes[i]);
    }
    out_text(info->out, "],\n\"threads\":[");
    for (uint32_t i = 0; i < trace->nr_threads; i++) {
        out_text(info->out, i > 0 ? ",\n" : "\n");
        thread_json(info, i);
    }
    out_text(info->out, "],\n\"modules\":[");
    for (uint32_t i = 0; i < trace->nr_objects; i++) {
        out_text(info->out, i > 0 ? ",\n" : "\n");
        module_json(info, &trace->objects[i]);
    }
    out_text(info->out, "],\n\"notices\":[");
    for (uint32_t i = 0; i < trace->nr_notices; i++) {
        out_text(info->out, i > 0 ? "," : "");
        escape_json(info->out, trace->notices[i]);
    }
    out_text(info->out, "]}\n");
}

/* ---- The verb ------------------------------------------------------------------------------------- */

static int info_write(const struct options *options, struct info *info, struct err *err)
{
    bool json = options->format != NULL && strcmp(options->format, "json") == 0;
    if (options->format != NULL && !json && strcmp(options->format, "text") != 0)
        return err_set(err, ERR_USAGE, "info cannot write the format \"%s\", only: text, json", options->format);
    totals_gather(info->trace, info->replay, &info->totals);
    if (inlined_count(info->replay, &info->totals, err) != 0)
        return -1;
    info->out = out_open(options->output, err);
    if (info->out == NULL)
        return -1;
    if (json)
        info_json(info);
    else
        info_text(info);
    return out_close(info->out, err);
}

int cmd_info(int argc, char **argv)
{
    struct options options;
    struct err err = {0};
    struct replay replay = {0};
    const struct replay_filter everything = {.to_ns = UINT64_MAX};
    if (options_parse(&options, argc, argv, OPTIONS_OUTPUT | OPTIONS_FORMAT, "[TRACE]", about, examples, &err) != 0)
        return command_fail(&err);
    struct trace *trace = input_open_single(&options, &err);
    if (trace == NULL)
        return command_fail(&err);
    struct info info = {.trace = trace, .replay = &replay};
    int status;
    if (replay_init(&replay, trace, &everything, &err) != 0 || replay_run(&replay, &err) != 0 ||
        info_write(&options, &info, &err) != 0)
        status = command_fail(&err);
    else
        status = input_status(&options, trace, replay_dropped(&replay));
    replay_release(&replay);
    trace_close(trace);
    return status;
}
