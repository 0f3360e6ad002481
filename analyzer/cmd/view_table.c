#include "cmd/view_table.h"

#include "export/export.h"
#include "view/views.h"

#include <string.h>

#define VIEW(verb, format, write) \
    {                             \
        verb, format, write       \
    }

/* A view that is lines and tables, in all formats. */
#define SHEET(verb, write)                                                                                         \
    VIEW(verb, "text", write), VIEW(verb, "json", write), VIEW(verb, "csv", write), VIEW(verb, "markdown", write), \
        VIEW(verb, "html", write)

/* A verb's first line is its default. */
const struct view views[] = {
    VIEW("report", "text", report_sheet),
    VIEW("report", "json", report_json),
    VIEW("report", "csv", report_sheet),
    VIEW("report", "markdown", report_sheet),
    VIEW("report", "html", report_sheet),
    SHEET("tree", tree_sheet),
    SHEET("peek", peek_sheet),
    SHEET("hist", hist_sheet),
    SHEET("threads", threads_sheet),
    SHEET("modules", modules_sheet),
    SHEET("diff", diff_sheet),
    VIEW("flamegraph", "svg", flamegraph_svg),
    VIEW("html", "html", page_html),
    VIEW("export", "folded", export_folded),
    VIEW("export", "pprof", export_pprof),
    VIEW("profile", "tprof", export_tprof),
    VIEW("merge", "tprof", export_tprof),
};

const unsigned nr_views = sizeof(views) / sizeof(views[0]);

const struct view *view_find(const char *verb, const char *format)
{
    for (unsigned i = 0; i < nr_views; i++)
        if (strcmp(views[i].verb, verb) == 0 && (!format || strcmp(views[i].format, format) == 0))
            return &views[i];
    return NULL;
}
