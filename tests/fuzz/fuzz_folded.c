/*
 * Folded stacks, read and shown: in which way, the length decides. Each sixteenth becomes a flame graph, whose scripts
 * take a hundred times as long to write as its frames.
 */
#include "fuzz.h"

#include "cmd/view_table.h"
#include "profile/chart.h"
#include "profile/folded.h"

#include <stdlib.h>

static void profile_show(const struct profile *profile, size_t length)
{
    static const struct {
        const char *verb, *format;
    } ways[] = {{"export", NULL}, {"tree", NULL}, {"report", "csv"}, {"profile", NULL}};

    const size_t way = length / 16 % (sizeof(ways) / sizeof(ways[0]));
    const struct view *view =
        length % 16 == 15 ? view_find("flamegraph", NULL) : view_find(ways[way].verb, ways[way].format);
    const struct view_options options = {
        .min_width = 0, .width_px = 1200, .format = view->format[0] == 'c' ? VIEW_CSV : VIEW_TEXT};
    struct err err = {0};
    char *text = NULL;
    size_t bytes = 0;
    struct out *out = out_open_memory(&text, &bytes);
    int result = view->write(profile, &options, out, &err);
    fuzz_require(out_close(out, &err) == 0 && (result == 0 || err.code != ERR_NONE));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct err err = {0};
    FILE *file = bytes > 0 ? fmemopen((void *)(uintptr_t)data, bytes, "r") : fopen("/dev/null", "re");
    fuzz_require(file != NULL);
    struct profile *base = NULL;
    struct chart chart;
    chart_init(&chart, 100);
    const struct folded_request request = {.name = "input",
                                           .unit = "samples",
                                           .base = bytes % 2 == 0 ? &base : NULL,
                                           .chart = bytes % 3 == 0 ? &chart : NULL};
    struct profile *profile = folded_read(file, &request, &err);
    fuzz_require(profile != NULL || base == NULL);
    chart_release(&chart);
    if (base != NULL)
        profile_show(base, bytes);
    profile_free(base);
    fuzz_require(profile != NULL || err.code == ERR_INPUT);
    if (profile != NULL)
        profile_show(profile, bytes);
    profile_free(profile);
    fclose(file);
    return 0;
}
