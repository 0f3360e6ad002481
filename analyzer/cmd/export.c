#include "cmd/load.h"

static const char about[] =
    "Write the profile in a format that other tools read. Formats: folded (a line \"root;…;leaf ns\" for each call\n"
    "path with time of its own, sorted; for flamegraph.pl, speedscope and others).";

static const char examples[] = "  tracean export --format folded > stacks.folded\n"
                               "  tracean export trace.zst -o stacks.folded\n"
                               "  tracean export --thread 4711 trace.zst | sort -t' ' -k2 -n | tail";

int cmd_export(int argc, char **argv)
{
    unsigned set = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_FILTER | OPTIONS_SYMBOLS | OPTIONS_WEIGHT;
    return load_and_show(argc, argv, set, about, examples);
}
