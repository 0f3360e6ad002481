#include "cmd/load.h"
#include "view/view.h"

static const char about[] =
    "Where the time went: a header with the facts of the run, the functions by their own time until they make up\n"
    "80 %, and the callers and callees of the first five. Formats: text, json, csv. Several traces are merged.\n"
    "Times are raw: they contain the tracer's own cost.";

static const char examples[] = "  tracean report\n"
                               "  tracean report --top 0 trace.zst | less\n"
                               "  tracean report a.zst b.zst -o report.json";

int cmd_report(int argc, char **argv)
{
    struct options options;
    struct err err = {0};
    unsigned set = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_FILTER | OPTIONS_TOP | OPTIONS_COLOR | OPTIONS_SYMBOLS;
    if (options_parse(&options, argc, argv, set, "[TRACE…]", about, examples, &err) != 0)
        return command_fail(&err);
    const struct view *view = command_view(&options, "report", &err);
    struct profile *profile = view ? load_profile(&options, &err) : NULL;
    if (!profile)
        return command_fail(&err);
    int status = command_show(&options, view, profile);
    profile_free(profile);
    return status;
}
