#include "cmd/show.h"

static const char about[] =
    "Write the profile in a format that other tools read. Formats: folded (a line \"root;…;leaf ns\" for each call\n"
    "path with time of its own, sorted; for flamegraph.pl, speedscope and others); pprof (for go tool pprof and\n"
    "others; with --memory the heap); massif (the heap over time, for ms_print).";

static const char examples[] = "  tracean export --format folded > stacks.folded\n"
                               "  tracean export trace.zst -o stacks.folded\n"
                               "  tracean export --memory -o heap.pprof && go tool pprof -top heap.pprof\n"
                               "  tracean export -o massif.out --format massif && ms_print massif.out\n"
                               "  tracean export --thread 4711 trace.zst | sort -t' ' -k2 -n | tail";

int cmd_export(int argc, char **argv)
{
    unsigned set = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_FILTER | OPTIONS_SYMBOLS | OPTIONS_REDACT |
                   OPTIONS_WEIGHT | OPTIONS_MEMORY;
    return load_and_show(argc, argv, set, about, examples);
}
