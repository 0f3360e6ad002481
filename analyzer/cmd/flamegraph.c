#include "cmd/load_stacks.h"
#include "profile/chart.h"
#include "profile/pair.h"

#define SLICES_MAX 120000u /* of --time-order */

static const char about[] =
    "Draw the call tree as one interactive SVG: width is time, a click zooms, / searches, ? tells the keys.\n"
    "Reads traces, or folded stacks (lines \"main;parse;lex 42\") from a file or from standard input. With --diff, "
    "the\n"
    "colours tell how the second input differs from the first. Format: svg.";

static const char examples[] = "  tracean flamegraph -o flame.svg\n"
                               "  tracean flamegraph --inverted --title 'build 7' trace.zst -o flame.svg\n"
                               "  tracean flamegraph --time-order --time 1s..1.2s -o chart.svg\n"
                               "  tracean flamegraph --diff before.zst after.zst -o diff.svg\n"
                               "  perf script | stackcollapse-perf.pl | tracean flamegraph > flame.svg";

static int chart_show(struct options *options, const struct view *view)
{
    struct chart chart;
    struct err err = {0};
    struct profile *profile = NULL;
    chart_init(&chart, SLICES_MAX);
    options->chart = &chart;
    if (options->nr_inputs != 1)
        err_set(&err, ERR_USAGE, "--time-order is for one trace at a time: %d are named", options->nr_inputs);
    else
        profile = load_stacks_or_profile(options, &err);
    if (profile && chart.nr_threads == 0) {
        err_set(&err, ERR_USAGE, "%s: has no calls in order of time", options->inputs[0]);
        profile_free(profile);
        profile = NULL;
    }
    int status = profile ? command_show(options, view, profile) : command_fail(&err);
    profile_free(profile);
    chart_release(&chart);
    return status;
}

int cmd_flamegraph(int argc, char **argv)
{
    struct options options;
    struct err err = {0};
    unsigned set = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_FILTER | OPTIONS_SYMBOLS | OPTIONS_REDACT |
                   OPTIONS_PICTURE | OPTIONS_FLAME | OPTIONS_WEIGHT;
    if (options_parse(&options, argc, argv, set, "[TRACE… | STACKS | -]", about, examples, &err) != 0)
        return command_fail(&err);
    const struct view *view = command_view(&options, "flamegraph", &err);
    if (view && options.time_order)
        return chart_show(&options, view);
    struct pair pair = {0};
    struct profile *profile = view ? load_shown(&options, &pair, &err) : NULL;
    options.pair = pair.both != NULL ? &pair : NULL;
    int status = profile ? command_show(&options, view, profile) : command_fail(&err);
    if (profile != pair.both)
        profile_free(profile);
    pair_release(&pair);
    return status;
}
