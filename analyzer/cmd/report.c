#include "cmd/show.h"

static const char about[] =
    "Where the time went: the facts of the run, the hot path, and the functions by their own time until they make up\n"
    "80 %. Several traces are merged. Formats: text, json, csv, markdown, html.\n"
    "Columns: self, self%, cum%, total, total%, calls, inlined, min, mean, p50, p90, p99, max, low, high, raw,\n"
    "rawtotal, name, function, module, file, line, kind.\n"
    "With --memory: who allocated what, what was live at the peak and at the end (of a trace with TRACERT_MEMORY);\n"
    "formats text, json, and svg: the heap over time as a picture.";

static const char examples[] = "  tracean report\n"
                               "  tracean report --sort calls --columns calls,mean,function --top 20 trace.zst\n"
                               "  tracean report --memory --top 5\n"
                               "  tracean report --memory --at 1s..2s\n"
                               "  tracean report --memory -o heap.svg\n"
                               "  tracean report a.zst b.zst -o report.md";

int cmd_report(int argc, char **argv)
{
    unsigned set = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_FILTER | OPTIONS_TOP | OPTIONS_COLOR | OPTIONS_REDACT |
                   OPTIONS_TABLE | OPTIONS_SYMBOLS | OPTIONS_COLUMNS | OPTIONS_MEMORY;
    return load_and_show(argc, argv, set, about, examples);
}
