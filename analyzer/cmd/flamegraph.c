#include "cmd/load.h"
#include "profile/chart.h"
#include "profile/pair.h"
#include "view/view.h"

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

/* The two inputs, loaded by themselves and put together. */
static int pair_load(const struct options *options, struct pair *pair, struct err *err)
{
    struct profile *profiles[2] = {NULL, NULL};
    int result = -1;
    if (options->nr_inputs != 2)
        return err_set(err, ERR_USAGE, "--diff wants two inputs, the base and then the new one: %d are named",
                       options->default_input ? 0 : options->nr_inputs);
    for (int i = 0; i < 2; i++) {
        struct options one = *options;
        one.inputs = options->inputs + i;
        one.nr_inputs = 1;
        profiles[i] = load_stacks_or_profile(&one, err);
        if (profiles[i] == NULL)
            goto out;
    }
    result = pair_make(pair, profiles[0], profiles[1], err);
out:
    profile_free(profiles[0]);
    profile_free(profiles[1]);
    return result;
}

static int diff_show(struct options *options, const struct view *view)
{
    struct pair pair = {0};
    struct err err = {0};
    int status;
    if (pair_load(options, &pair, &err) != 0) {
        status = command_fail(&err);
    } else {
        options->pair = &pair;
        status = command_show(options, view, pair.both);
    }
    pair_release(&pair);
    return status;
}

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
        profile = load_profile(options, &err);
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
    unsigned set = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_FILTER | OPTIONS_SYMBOLS | OPTIONS_PICTURE |
                   OPTIONS_FLAME | OPTIONS_WEIGHT;
    if (options_parse(&options, argc, argv, set, "[TRACE… | STACKS | -]", about, examples, &err) != 0)
        return command_fail(&err);
    const struct view *view = command_view(&options, "flamegraph", &err);
    if (view && options.diff)
        return diff_show(&options, view);
    if (view && options.time_order)
        return chart_show(&options, view);
    struct profile *profile = view ? load_stacks_or_profile(&options, &err) : NULL;
    if (!profile)
        return command_fail(&err);
    int status = command_show(&options, view, profile);
    profile_free(profile);
    return status;
}
