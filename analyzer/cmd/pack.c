#include "cmd/input.h"

#include "base/standard_input.h"
#include "profile/heap.h"
#include "profile/pack.h"

static const char about[] = "Put the names, files and lines of a trace's functions into the trace, so that it gives "
                            "the same reports on another\n"
                            "machine, without the programs and libraries that ran. Without -o the trace itself is "
                            "replaced. --force-symbols and\n"
                            "--debug-dir count here, and no more when the packed trace is read.";

static const char examples[] = "  tracean pack trace.zst\n"
                               "  tracean pack trace.zst -o to-send.zst";

/* A trace that cannot be read as a whole is first to be repaired: what is lost would be lost silently. */
static int trace_check(const struct trace *trace, struct err *err)
{
    if (trace->nr_damaged == 0 && trace->nr_lost_blocks == 0 && trace->ending != TRACE_UNFINISHED)
        return 0;
    return err_set(err, ERR_INPUT, "%s: is damaged or unfinished: tracean repair makes a clean one of it", trace->path);
}

/* Find all functions that a report can be about: those that were called, and those that asked for memory. */
static int functions_find(const struct options *options, struct replay *replay, struct err *err)
{
    struct heap heap = {0};
    if (replay->trace->memory_kind == TF_MEMORY_OFF)
        return replay_run(replay, err);
    int result = heap_run(&heap, replay, options->at_ns, err);
    heap_release(&heap);
    return result;
}

static int trace_pack(const struct options *options, struct trace *trace, struct notices *notices, struct pack *pack,
                      struct err *err)
{
    struct replay replay = {0};
    struct replay_filter everything = {.to_ns = UINT64_MAX};
    struct symbol_options symbols = input_symbols(options);
    struct pack_request request = {trace, &replay.functions, &symbols, notices_add, notices};
    int result = -1;
    if (replay_init(&replay, trace, &everything, err) == 0 && functions_find(options, &replay, err) == 0 &&
        trace_check(trace, err) == 0) {
        struct out *out = out_open(options->output != NULL ? options->output : trace->path, err);
        result = out == NULL ? -1 : pack_trace(pack, &request, out, err);
        if (result == 0)
            result = out_close(out, err);
        else if (out != NULL)
            out_discard(out);
    }
    replay_release(&replay);
    return result;
}

static int pack_print(const struct options *options, const struct pack *pack, struct err *err)
{
    struct out *out = options->quiet ? NULL : out_open(NULL, err);
    if (out == NULL)
        return options->quiet ? 0 : -1;
    out_format(out, "packed the names of %u of %u functions, which lie in %u files\n", pack->nr_named,
               pack->nr_functions, pack->nr_objects);
    return out_close(out, err);
}

int cmd_pack(int argc, char **argv)
{
    struct options options;
    struct err err = {0};
    struct notices notices = {0};
    struct pack pack;
    if (options_parse(&options, argc, argv, OPTIONS_OUTPUT | OPTIONS_SYMBOLS, "[TRACE]", about, examples, &err) != 0)
        return command_fail(&err);
    if (!options.output && standard_input_is(options.inputs[0])) {
        err_set(&err, ERR_USAGE, "pack of standard input needs -o FILE: where to write the packed trace");
        return command_fail(&err);
    }
    struct trace *trace = input_open_single(&options, &err);
    if (trace == NULL)
        return command_fail(&err);
    int status = trace_pack(&options, trace, &notices, &pack, &err) == 0 && pack_print(&options, &pack, &err) == 0
                     ? ERR_NONE
                     : command_fail(&err);
    for (size_t i = 0; i < notices.nr; i++)
        command_notice(&options, notices.texts[i]);
    notices_release(&notices);
    trace_close(trace);
    return status;
}
