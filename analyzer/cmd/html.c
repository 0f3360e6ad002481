#include "cmd/load.h"
#include "profile/chart.h"
#include "profile/heap_profile.h"
#include "profile/pair.h"
#include "profile/sources.h"
#include "view/view.h"

#define SLICES_MAX  120000u /* of the timeline: about 1 MB of the page */
#define SOURCES_MAX 100u

static const char about[] =
    "Write one page for a browser that needs nothing but itself, no network and no server: flame graph, timeline of "
    "each\n"
    "thread, callers and callees, functions, call tree, histograms, the heap, the facts of the run. Keys: ? tells "
    "them.\n"
    "Reads traces, or folded stacks from a file or from standard input. The timeline is of a single trace. With "
    "--diff,\n"
    "how the second input differs from the first: flame graph, callers and callees, functions, tree. Format: html.";

static const char examples[] =
    "  tracean html -o report.html\n"
    "  tracean html --source -o report.html\n"
    "  tracean html --diff before.zst after.zst -o diff.html\n"
    "  tracean html --time 1.5s..1.6s trace.zst -o closer.html\n"
    "  py-spy record --format raw -o /dev/stdout -- python3 app.py | tracean html -o app.html";

int cmd_html(int argc, char **argv)
{
    struct options options;
    struct chart chart;
    struct heap_profile *heap = NULL;
    struct err err = {0};
    unsigned set = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_FILTER | OPTIONS_SYMBOLS | OPTIONS_PICTURE | OPTIONS_PAGE;
    if (options_parse(&options, argc, argv, set, "[TRACE… | STACKS | -]", about, examples, &err) != 0)
        return command_fail(&err);
    const struct view *view = command_view(&options, "html", &err);
    chart_init(&chart, SLICES_MAX);
    options.chart = options.nr_inputs == 1 && !options.diff ? &chart : NULL;
    /* Blocks go from thread to thread: of one alone there is no heap. */
    options.heap =
        options.nr_inputs == 1 && !options.diff && options.thread == 0 && options.process == 0 ? &heap : NULL;
    options.finds = true;
    struct pair pair = {0};
    struct profile *profile = view ? load_shown(&options, &pair, &err) : NULL;
    options.pair = pair.both != NULL ? &pair : NULL;
    struct sources sources = {0};
    if (profile && options.source && sources_read(&sources, profile, SOURCES_MAX, &err) == 0)
        options.sources = &sources;
    int status = profile && err.code == ERR_NONE ? command_show(&options, view, profile) : command_fail(&err);
    sources_release(&sources);
    heap_profile_free(heap);
    if (profile != pair.both)
        profile_free(profile);
    pair_release(&pair);
    chart_release(&chart);
    return status;
}
