#include "cmd/input.h"

#include "trace/repair.h"
#include "trace/verify.h"

#include <inttypes.h>

static const char about[] = "Write a clean trace of what can be saved of a damaged or unfinished one. What is known to "
                            "be missing is counted in\n"
                            "it, and every report says so; what is damaged is named on standard error. The new trace "
                            "is verified before this is\n"
                            "done. -o may name the damaged trace itself, which is then replaced.";

static const char examples[] = "  tracean repair bad.zst -o good.zst";

static int saved_print(const struct repair *repair, struct err *err)
{
    struct out *out = out_open(NULL, err);
    if (out == NULL)
        return -1;
    out_format(out,
               "saved %" PRIu64 " events in %" PRIu64 " chunks; lost %" PRIu64 " events, as far as it can be known\n",
               repair->nr_events, repair->nr_chunks, repair->lost_events);
    if (repair->made_session)
        out_text(out, "the facts of the session are lost\n");
    if (repair->nr_made_processes > 0)
        out_format(out, "the facts of %" PRIu64 " processes are lost\n", repair->nr_made_processes);
    if (repair->nr_made_threads > 0)
        out_format(out, "the facts of %" PRIu64 " threads are lost\n", repair->nr_made_threads);
    return out_close(out, err);
}

/* Does the new trace keep what is promised? The exit status. */
static int result_verify(const struct options *options)
{
    struct err err = {0};
    struct verify verify = {0};
    struct trace *trace = trace_open(options->output, &err);
    if (trace == NULL)
        return command_fail(&err);
    int status = verify_trace(&verify, trace, &err) != 0 ? command_fail(&err) : ERR_NONE;
    if (status == ERR_NONE && (verify.nr_problems > 0 || trace->nr_damaged > 0)) {
        command_notice(options, "the trace contradicts itself, and so does what was saved of it:");
        status = input_status(options, trace, 0);
    }
    verify_release(&verify);
    trace_close(trace);
    return status;
}

static int trace_repair(const struct options *options, struct trace *trace)
{
    struct err err = {0};
    struct repair repair;
    struct out *out = out_open(options->output, &err);
    if (out == NULL)
        return command_fail(&err);
    if (repair_trace(&repair, trace, out, &err) != 0) {
        out_discard(out);
        return command_fail(&err);
    }
    if (out_close(out, &err) != 0)
        return command_fail(&err);
    if (!options->quiet && saved_print(&repair, &err) != 0)
        return command_fail(&err);
    int status = input_status(options, trace, repair.lost_events);
    int result = result_verify(options);
    return result != ERR_NONE ? result : status;
}

int cmd_repair(int argc, char **argv)
{
    struct options options;
    struct err err = {0};
    if (options_parse(&options, argc, argv, OPTIONS_OUTPUT, "TRACE -o FILE", about, examples, &err) != 0)
        return command_fail(&err);
    if (options.output == NULL) {
        err_set(&err, ERR_USAGE, "repair needs -o FILE: where to write the new trace");
        return command_fail(&err);
    }
    struct trace *trace = input_open_single(&options, &err);
    if (trace == NULL)
        return command_fail(&err);
    int status = trace_repair(&options, trace);
    trace_close(trace);
    return status;
}
