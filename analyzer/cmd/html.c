#include "cmd/load.h"
#include "cmd/load_stacks.h"
#include "profile/by_thread.h"
#include "profile/chart.h"
#include "profile/file.h"
#include "profile/heap_profile.h"
#include "profile/pair.h"
#include "profile/sources.h"

#define SLICES_MAX  120000u /* of the timeline: about 1 MB of the page */
#define SLICES_MIN  2000u
#define SLICE_BYTES 40u /* of a page that is to be small: a fifth of it for the timeline */
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

/* Functions of all of these pages within the page together: some 5 MB of it. */
#define THREAD_FUNCTIONS_MAX 16000u

/* The threads of a single trace one by one, if there is more than one. 0, or -1 with err set. */
static int threads_load(const struct options *options, const struct profile *profile, struct by_thread *threads,
                        struct err *err)
{
    uint32_t chosen[BY_THREAD_MAX], nr_functions = 0;
    uint32_t nr = by_thread_choose(profile, chosen);
    if (nr < 2 || options->chart == NULL || options->thread != 0 || profile_file_is(options->inputs[0]))
        return 0;
    threads->nr_others = nr;
    for (uint32_t i = 0; i < nr && i < BY_THREAD_MAX && nr_functions <= THREAD_FUNCTIONS_MAX; i++) {
        struct options one = *options;
        one.thread = profile->threads[chosen[i]].tid;
        one.process = profile->threads[chosen[i]].pid;
        one.chart = NULL;
        one.heap = NULL;
        struct profile *found = load_profile(&one, err);
        if (found == NULL)
            return -1;
        if (found->nr_threads == 0) { /* a damaged trace, in which a thread goes from one process to another */
            profile_free(found);
            continue;
        }
        threads->profiles[threads->nr++] = found;
        threads->nr_others--;
        nr_functions += found->nr_functions;
    }
    return 0;
}

static uint32_t slices_max(const struct options *options)
{
    uint64_t nr = options->most_bytes / SLICE_BYTES;
    if (options->most_bytes == 0 || nr > SLICES_MAX)
        return SLICES_MAX;
    return nr < SLICES_MIN ? SLICES_MIN : (uint32_t)nr;
}

int cmd_html(int argc, char **argv)
{
    struct options options;
    struct chart chart;
    struct heap_profile *heap = NULL;
    struct err err = {0};
    unsigned set = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_FILTER | OPTIONS_SYMBOLS | OPTIONS_REDACT |
                   OPTIONS_PICTURE | OPTIONS_PAGE;
    if (options_parse(&options, argc, argv, set, "[TRACE… | STACKS | -]", about, examples, &err) != 0)
        return command_fail(&err);
    const struct view *view = command_view(&options, "html", &err);
    chart_init(&chart, slices_max(&options));
    options.chart = options.nr_inputs == 1 && !options.diff ? &chart : NULL;
    /* Blocks go from thread to thread: of one alone there is no heap. */
    options.heap =
        options.nr_inputs == 1 && !options.diff && options.thread == 0 && options.process == 0 && !options.redact
            ? &heap
            : NULL;
    options.finds = true;
    struct pair pair = {0};
    struct profile *profile = view ? load_shown(&options, &pair, &err) : NULL;
    options.pair = pair.both != NULL ? &pair : NULL;
    struct by_thread threads = {0};
    if (profile && threads_load(&options, profile, &threads, &err) == 0)
        options.threads = &threads;
    struct sources sources = {0};
    if (profile && err.code == ERR_NONE && options.source && sources_read(&sources, profile, SOURCES_MAX, &err) == 0)
        options.sources = &sources;
    int status = profile && err.code == ERR_NONE ? command_show(&options, view, profile) : command_fail(&err);
    sources_release(&sources);
    by_thread_release(&threads);
    heap_profile_free(heap);
    if (profile != pair.both)
        profile_free(profile);
    pair_release(&pair);
    chart_release(&chart);
    return status;
}
