#include "view/view.h"

#include "export/export.h"
#include "view/views.h"

#include <string.h>

/* A verb's first line is its default. */
const struct view views[] = {
    {"report", "text", report_text},       {"report", "json", report_json},  {"report", "csv", report_csv},
    {"flamegraph", "svg", flamegraph_svg}, {"html", "html", page_html},      {"export", "folded", export_folded},
    {"profile", "tprof", export_tprof},    {"merge", "tprof", export_tprof},
};

const unsigned nr_views = sizeof(views) / sizeof(views[0]);

const struct view *view_find(const char *verb, const char *format)
{
    for (unsigned i = 0; i < nr_views; i++)
        if (strcmp(views[i].verb, verb) == 0 && (!format || strcmp(views[i].format, format) == 0))
            return &views[i];
    return NULL;
}
