#include "cmd/load.h"

static const char about[] =
    "Where the time went: a header with the facts of the run, the functions by their own time until they make up\n"
    "80 %, and the callers and callees of the first five. Formats: text, json, csv. Several traces are merged.\n"
    "With --memory: who allocated what, what was live at the peak and at the end (of a trace with TRACERT_MEMORY).\n"
    "Times contain the tracer's own cost, but not the waiting for it.";

static const char examples[] = "  tracean report\n"
                               "  tracean report --top 0 trace.zst | less\n"
                               "  tracean report --memory --top 5\n"
                               "  tracean report a.zst b.zst -o report.json";

int cmd_report(int argc, char **argv)
{
    unsigned set = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_FILTER | OPTIONS_TOP | OPTIONS_COLOR | OPTIONS_SYMBOLS |
                   OPTIONS_MEMORY;
    return load_and_show(argc, argv, set, about, examples);
}
