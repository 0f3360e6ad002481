#include "cmd/input.h"
#include "cmd/progress.h"

#include "profile/file.h"
#include "trace/verify.h"

#include <inttypes.h>

static const char about[] =
    "Check every byte of the traces: headers, checksums, the encoding of every chunk, the law of conservation of each\n"
    "thread (hook calls = recorded + dropped + torn), the stacks from chunk to chunk, the totals. Prints the law as a\n"
    "table, and what is wrong on standard error. A profile is checked as well; there is nothing to print of it.";

static const char examples[] = "  tracean verify\n"
                               "  tracean verify -q trace.zst && echo whole";

static void table_write(struct out *out, const struct trace *trace, const struct verify *verify)
{
    out_format(out, "%8s %8s %16s %16s %12s %12s  %s\n", "TID", "CHUNKS", "HOOK CALLS", "RECORDED", "DROPPED", "TORN",
               "LAW");
    for (uint32_t i = 0; i < trace->nr_threads; i++) {
        const struct verify_thread *thread = &verify->threads[i];
        out_format(out, "%8" PRIu32 " %8" PRIu64 " %16" PRIu64 " %16" PRIu64 " %12" PRIu64 " %12" PRIu64 "  %s\n",
                   trace->threads[i].tid, thread->nr_chunks, thread->hook_calls, thread->recorded, thread->dropped_full,
                   thread->torn, thread->law_holds ? "holds" : "BROKEN");
    }
}

/* A profile is checked by reading it. Returns the exit status. */
static int profile_verify(const char *path)
{
    struct err err = {0};
    struct profile *profile = profile_file_read(path, &err);
    if (profile == NULL)
        return command_fail(&err);
    profile_free(profile);
    return ERR_NONE;
}

/* Verify one trace. Returns the exit status. */
static int trace_verify(const struct options *options, struct out *out, const char *path)
{
    struct err err = {0};
    struct progress progress = progress_begin(options, path);
    struct verify verify = {.progress = progress_show, .progress_context = &progress};
    struct trace *trace = input_check_default(options, &err) == 0 ? input_open(path, &err) : NULL;
    if (trace == NULL)
        return command_fail(&err);
    int status;
    int result = verify_trace(&verify, trace, &err);
    progress_end(&progress);
    if (result != 0) {
        status = command_fail(&err);
    } else {
        if (!options->quiet)
            table_write(out, trace, &verify);
        (void)input_status(options, trace, 0);
        status = trace_is_whole(trace) && verify.nr_problems == 0 ? ERR_NONE : ERR_INCOMPLETE;
    }
    verify_release(&verify);
    trace_close(trace);
    return status;
}

int cmd_verify(int argc, char **argv)
{
    struct options options;
    struct err err = {0};
    if (options_parse(&options, argc, argv, OPTIONS_OUTPUT, "[TRACE… | PROFILE…]", about, examples, &err) != 0)
        return command_fail(&err);
    struct out *out = out_open(options.output, &err);
    if (out == NULL)
        return command_fail(&err);
    /* The worst of them all: no trace (2) is worse than a damaged one (3). */
    int status = ERR_NONE;
    for (int i = 0; i < options.nr_inputs; i++) {
        const char *path = options.inputs[i];
        int one = profile_file_is(path) ? profile_verify(path) : trace_verify(&options, out, path);
        if (status == ERR_NONE || one == ERR_INPUT || one == ERR_USAGE)
            status = one == ERR_NONE ? status : one;
    }
    if (out_close(out, &err) != 0)
        return command_fail(&err);
    return status;
}
