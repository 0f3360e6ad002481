#include "cmd/load.h"
#include "view/view.h"

static const char about[] =
    "Draw the call tree as one interactive SVG: width is time, a click zooms, / searches, ? tells the keys.\n"
    "Reads traces, or folded stacks (lines \"main;parse;lex 42\") from a file or from standard input. Format: svg.";

static const char examples[] = "  tracean flamegraph -o flame.svg\n"
                               "  tracean flamegraph --inverted --title 'build 7' trace.zst -o flame.svg\n"
                               "  perf script | stackcollapse-perf.pl | tracean flamegraph > flame.svg";

int cmd_flamegraph(int argc, char **argv)
{
    struct options options;
    struct err err = {0};
    unsigned set = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_FILTER | OPTIONS_SYMBOLS | OPTIONS_PICTURE;
    if (options_parse(&options, argc, argv, set, "[TRACE… | STACKS | -]", about, examples, &err) != 0)
        return command_fail(&err);
    const struct view *view = command_view(&options, "flamegraph", &err);
    struct profile *profile = view ? load_stacks_or_profile(&options, &err) : NULL;
    if (!profile)
        return command_fail(&err);
    int status = command_show(&options, view, profile);
    profile_free(profile);
    return status;
}
