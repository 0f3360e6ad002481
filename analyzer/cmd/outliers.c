/*
 * The trace is replayed three times: for the functions and their names, for the durations of the calls, and for what
 * the slow and the typical ones of them do.
 */
#include "cmd/replayed.h"

#include "profile/outliers_profile.h"
#include "profile/pair.h"
#include "view/outliers.h"
#include "view/subject.h"
#include "view/views.h"

#include <stdlib.h>
#include <string.h>

#define SLOWEST_LISTED 10u

static const char about[] =
    "What the slowest calls of a function do that its typical calls do not. Slow is what is above p99, or with\n"
    "--slowest the N slowest; typical is what lies between p25 and p75. The tree shows the means of both, and where "
    "the\n"
    "difference is: MORE is all of it, OWN what the function itself adds. The slowest calls are listed, each to be\n"
    "opened by tracean calls --call. FUNC is a name, or a regular expression. Formats: text, json, csv, markdown, "
    "html.";

static const char examples[] = "  tracean outliers serve_request\n"
                               "  tracean outliers serve_request --slowest 20 --time 10s.. trace.zst\n"
                               "  tracean outliers serve_request -o slow.svg";

static int outliers_write(const void *answer, const struct view_options *options, struct out *out, struct err *err)
{
    return outliers_sheet(answer, options, out, err);
}

static int picture_write(const void *answer, const struct view_options *options, struct out *out, struct err *err)
{
    return flamegraph_svg(answer, options, out, err);
}

/* The differential flame graph: the mean slow call against the mean typical one. */
static int outliers_draw(const struct replayed *replayed, const struct outliers_answer *answer, struct err *err)
{
    uint32_t nr = replayed->replay->functions.nr;
    struct pair pair = {0};
    struct profile *typical = outliers_profile(answer->outliers, false, answer->functions, nr, answer->source, err);
    struct profile *slow = outliers_profile(answer->outliers, true, answer->functions, nr, answer->source, err);
    int result = typical && slow ? pair_make(&pair, typical, slow, err) : -1;
    struct view_options view = {.title = "A mean slow call against a mean typical one", .min_width = -1, .pair = &pair};
    if (result == 0)
        result = command_output(replayed->options, picture_write, pair.both, &view, false, err);
    pair_release(&pair);
    profile_free(typical);
    profile_free(slow);
    return result;
}

static int outliers_show(const struct replayed *replayed, struct err *err)
{
    const struct options *options = replayed->options;
    struct outliers outliers;
    struct profile_function *functions = replayed_names(replayed, err);
    uint32_t nr = replayed->replay->functions.nr;
    bool *wanted = functions ? subject_match(functions, nr, options->subject, err) : NULL;
    if (!wanted)
        return -1;
    struct outliers_request request = {.wanted = wanted,
                                       .nr_wanted = nr,
                                       .nr_slowest = options->slowest > 0 ? options->slowest : SLOWEST_LISTED,
                                       .by_number = options->slowest > 0};
    int result = outliers_find(&outliers, replayed->replay, &request, err);
    free(wanted);
    if (result != 0)
        return -1;
    struct outliers_answer answer = {&outliers, functions, options->subject, replayed->trace->path};
    result = options->format && strcmp(options->format, "svg") == 0
                 ? outliers_draw(replayed, &answer, err)
                 : command_sheet(options, "outliers", outliers_write, &answer, err);
    outliers_release(&outliers);
    return result;
}

int cmd_outliers(int argc, char **argv)
{
    struct options options;
    struct err err = {0};
    unsigned set = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_WINDOW | OPTIONS_TOP | OPTIONS_COLOR | OPTIONS_TABLE |
                   OPTIONS_SYMBOLS | OPTIONS_SUBJECT | OPTIONS_SLOWEST;
    if (options_parse(&options, argc, argv, set, "FUNC [TRACE]", about, examples, &err) != 0)
        return command_fail(&err);
    struct replay_filter filter = input_filter(&options);
    return replayed_show(&options, &filter, outliers_show);
}
