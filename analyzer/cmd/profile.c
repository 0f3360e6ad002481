#include "cmd/load.h"

static const char about_profile[] =
    "Write the call tree of traces to a file: names, counts, times and how they spread, but not the single calls. It "
    "is\n"
    "small, needs neither the trace nor the binaries any more, and can be given to every verb that shows a profile.\n"
    "The same profile has the same bytes.";

static const char examples_profile[] = "  tracean profile -o run.tprof\n"
                                       "  tracean profile --time 1s..2s trace.zst -o second.tprof\n"
                                       "  tracean report run.tprof";

static const char about_merge[] =
    "Add profiles up: calls and times by call path, whatever the run, the process or the machine. Any order and any\n"
    "grouping gives the same bytes, so that merging can be spread over machines and steps. Traces are profiled first.";

static const char examples_merge[] =
    "  tracean merge a.tprof b.tprof -o all.tprof\n"
    "  tracean merge runs/*.tprof -o all.tprof && tracean flamegraph all.tprof -o all.svg";

/* Both write what load_profile() gives. */
static int profile_write(int argc, char **argv, unsigned option_set, const char *usage, const char *about,
                         const char *examples)
{
    struct options options;
    struct err err = {0};
    if (options_parse(&options, argc, argv, option_set, usage, about, examples, &err) != 0)
        return command_fail(&err);
    options.name_notices = true;
    const struct view *view = command_view(&options, argv[0], &err);
    struct profile *profile = view ? load_profile(&options, &err) : NULL;
    if (!profile)
        return command_fail(&err);
    int status = command_show(&options, view, profile);
    profile_free(profile);
    return status;
}

int cmd_profile(int argc, char **argv)
{
    return profile_write(argc, argv, OPTIONS_OUTPUT | OPTIONS_FILTER | OPTIONS_SYMBOLS | OPTIONS_REDACT, "[TRACE…]",
                         about_profile, examples_profile);
}

int cmd_merge(int argc, char **argv)
{
    return profile_write(argc, argv, OPTIONS_OUTPUT | OPTIONS_SYMBOLS | OPTIONS_REDACT, "PROFILE…", about_merge,
                         examples_merge);
}
