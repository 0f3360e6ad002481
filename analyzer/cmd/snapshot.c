#include "cmd/command.h"
#include "cmd/finish.h"

#include <string.h>

static const char about[] = "Ask a running program, traced with TRACERT_MEMORY, for an image of its heap: the next "
                            "thread of it that has filled\n"
                            "a part of its ring, or has recorded for some seconds, makes it, as "
                            "tracert_heap_snapshot(\"asked\") does. It lies\n"
                            "beside the trace, ./trace.zst if no other is named, as TRACE.NUMBER-asked.heap.";

static const char examples[] = "  tracean snapshot $(pidof server) && tracean heap trace.1-asked.heap";

int cmd_snapshot(int argc, char **argv)
{
    static char default_trace[] = "trace.zst";
    struct options options;
    struct err err = {0};
    if (options_parse(&options, argc, argv, 0, "PID [TRACE]", about, examples, &err) != 0)
        return command_fail(&err);
    const char *pid = options.default_input ? "" : options.inputs[0];
    if (options.nr_inputs > 2 || pid[0] == '\0' || strspn(pid, "0123456789") != strlen(pid))
        err_set(&err, ERR_USAGE, "snapshot: name the number of a process, and its trace where that is not ./trace.zst");
    struct trace *trace =
        err.code != ERR_NONE ? NULL : trace_open(options.nr_inputs == 2 ? options.inputs[1] : default_trace, &err);
    if (trace == NULL)
        return command_fail(&err);
    int result = 1;
    if (trace->ending != TRACE_UNFINISHED || !trace->being_written || trace->region[0] != '/')
        err_set(&err, ERR_INPUT, "%s: is not being written: its programs have ended%s", trace->path,
                options.nr_inputs == 2 ? "" : "; where is the trace of that process? (tracean snapshot PID TRACE)");
    else if ((result = finish_snapshot(trace->region, pid)) < 0)
        err_set(&err, ERR_INPUT, "snapshot: tracert-drain, which asks the process, is not installed");
    trace_close(trace);
    if (err.code != ERR_NONE)
        return command_fail(&err);
    return result == 0 ? ERR_NONE : ERR_INPUT; /* it has said why */
}
