#include "cmd/heap.h"
#include "cmd/heap_image.h"
#include "cmd/load_stacks.h"
#include "profile/pair.h"
#include "trace/image.h"

static const char about[] =
    "What changed from BEFORE to AFTER, traces, profiles or folded stacks: each function's calls, which are exact,\n"
    "and its own time, with what can be said of it: new, gone, more calls, fewer calls, slower, faster, or within\n"
    "doubt, when the difference is no larger than what the times are known by, or the typical call is as it was.\n"
    "Of two images of a heap (tracean heap): what has grown on which call path; of one trace with --at A..B: what\n"
    "its heap has grown by. Formats: text, json, csv, markdown, html; of heaps text and json.";

static const char examples[] = "  tracean diff before.zst after.zst\n"
                               "  tracean diff main.tprof branch.tprof --format markdown\n"
                               "  tracean diff trace.1-before.heap trace.2-after.heap\n"
                               "  tracean diff --at 1s..2s trace.zst";

static int profiles_diff(struct options *options)
{
    struct err err = {0};
    struct pair pair = {0};
    options->diff = true;
    const struct view *view = command_view(options, "diff", &err);
    struct profile *profile = view != NULL ? load_shown(options, &pair, &err) : NULL;
    options->pair = &pair;
    int status = profile != NULL ? command_show(options, view, profile) : command_fail(&err);
    pair_release(&pair);
    return status;
}

int cmd_diff(int argc, char **argv)
{
    struct options options;
    struct err err = {0};
    unsigned set = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_FILTER | OPTIONS_TOP | OPTIONS_COLOR | OPTIONS_REDACT |
                   OPTIONS_TABLE | OPTIONS_SYMBOLS | OPTIONS_MEMORY;
    if (options_parse(&options, argc, argv, set, "BEFORE AFTER | --at A..B TRACE", about, examples, &err) != 0)
        return command_fail(&err);
    if (options.nr_inputs == 2 && image_file_is(options.inputs[0]) && image_file_is(options.inputs[1]))
        return heap_images_diff(&options, "diff");
    if (options.nr_inputs == 1 && options.at_ns[1] != UINT64_MAX)
        return heap_show(&options, "report");
    if (options.memory)
        err_set(&err, ERR_USAGE,
                "diff: name one trace with --at A..B, or two images of its heap (tracean heap --help)");
    else if (options.nr_inputs != 2)
        err_set(&err, ERR_USAGE, "diff: name two inputs, the earlier one first (see tracean diff --help)");
    return err.code != ERR_NONE ? command_fail(&err) : profiles_diff(&options);
}
