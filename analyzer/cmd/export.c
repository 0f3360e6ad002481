#include "cmd/load.h"
#include "view/view.h"

static const char about[] =
    "Write the profile in a format that other tools read. Formats: folded (a line \"root;…;leaf ns\" for each call\n"
    "path with time of its own, sorted; for flamegraph.pl, speedscope and others).";

static const char examples[] = "  tracean export --format folded > stacks.folded\n"
                               "  tracean export trace.zst -o stacks.folded\n"
                               "  tracean export --thread 4711 trace.zst | sort -t' ' -k2 -n | tail";

int cmd_export(int argc, char **argv)
{
    struct options options;
    struct err err = {0};
    unsigned set = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_FILTER | OPTIONS_SYMBOLS;
    if (options_parse(&options, argc, argv, set, "[TRACE…]", about, examples, &err) != 0)
        return command_fail(&err);
    const struct view *view = command_view(&options, "export", &err);
    struct profile *profile = view ? load_profile(&options, &err) : NULL;
    if (!profile)
        return command_fail(&err);
    int status = command_show(&options, view, profile);
    profile_free(profile);
    return status;
}
