#include "cmd/show.h"

#include "cmd/heap.h"
#include "cmd/load.h"

#include <string.h>

int load_and_show(int argc, char **argv, unsigned option_set, const char *about, const char *examples)
{
    struct options options;
    struct err err = {0};
    const char *usage = option_set & OPTIONS_SUBJECT ? "FUNC [TRACE… | PROFILE…]" : "[TRACE… | PROFILE…]";
    if (options_parse(&options, argc, argv, option_set, usage, about, examples, &err) != 0)
        return command_fail(&err);
    if (heap_is_asked(&options, argv[0]))
        return heap_show(&options, argv[0]);
    options.finds = strcmp(argv[0], "report") == 0;
    const struct view *view = command_view(&options, argv[0], &err);
    struct profile *profile = NULL;
    if (view && options.weight != WEIGHT_TIME)
        profile = heap_load_weighed(&options, &err);
    else if (view)
        profile = load_profile(&options, &err);
    if (!profile)
        return command_fail(&err);
    int status = command_show(&options, view, profile);
    profile_free(profile);
    return status;
}
