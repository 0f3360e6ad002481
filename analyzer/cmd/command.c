#include "cmd/command.h"

#include "base/escape.h"
#include "profile/profile.h"
#include "view/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int command_fail(const struct err *err)
{
    fprintf(stderr, "tracean: %s\n", err->text);
    return (int)err->code;
}

void command_notice(const struct options *options, const char *text)
{
    if (options->quiet)
        return;
    char *escaped;
    size_t bytes;
    struct err err = {0};
    struct out *out = out_open_memory(&escaped, &bytes);
    if (out)
        escape_terminal(out, text, strlen(text));
    if (!out || out_close(out, &err) != 0) {
        fputs("tracean: there is something to be said, and no memory to say it\n", stderr);
        return;
    }
    fprintf(stderr, "tracean: %s\n", escaped);
    free(escaped);
}

const struct view *command_view(const struct options *options, const char *verb, struct err *err)
{
    const struct view *view = view_find(verb, options->format);
    if (view)
        return view;
    char formats[128] = "";
    for (unsigned i = 0; i < nr_views; i++) {
        size_t used = strlen(formats);
        if (strcmp(views[i].verb, verb) == 0)
            snprintf(formats + used, sizeof(formats) - used, "%s%s", used > 0 ? ", " : "", views[i].format);
    }
    err_set(err, ERR_USAGE, "%s cannot write the format \"%s\", only: %s", verb, options->format, formats);
    return NULL;
}

static void notices_print(const struct options *options, const struct profile *profile, bool shown)
{
    for (uint32_t i = 0; i < profile->nr_notices && !shown; i++)
        command_notice(options, profile->notices[i]);
    if (profile->facts.complete)
        return;
    char text[96];
    snprintf(text, sizeof(text), "the trace is incomplete (events known to be lost: %llu)",
             (unsigned long long)profile->facts.dropped_events);
    command_notice(options, text);
}

int command_show(const struct options *options, const struct view *view, const struct profile *profile)
{
    struct err err = {0};
    struct out *out = out_open(options->output, &err);
    if (!out)
        return command_fail(&err);
    struct view_options view_options = {
        .top = options->top,
        .color = options_color(options, out),
        .columns = out_is_terminal(out) ? out_columns(out) : 0,
        .title = options->title,
        .min_width = options->min_width,
        .width_px = options->width_px,
        .inverted = options->inverted,
        .by_module = options->by_module,
        .reversed = options->reversed,
        .subtitle = options->subtitle,
        .pair = options->pair,
        .chart = options->chart,
    };
    if (view->write(profile, &view_options, out, &err) != 0) {
        out_discard(out);
        return command_fail(&err);
    }
    if (out_close(out, &err) != 0)
        return command_fail(&err);
    /* The text report begins with the notices: twice on one screen would be once too often. */
    bool shown = strcmp(view->format, "text") == 0;
    notices_print(options, profile, shown);
    return profile->facts.complete ? ERR_NONE : ERR_INCOMPLETE;
}
