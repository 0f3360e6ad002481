#include "cmd/command.h"

#include "base/escape.h"
#include "cmd/pager.h"
#include "cmd/within.h"
#include "profile/profile.h"
#include "view/palette.h"
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

void command_notices(const struct options *options, const struct profile *profile, bool shown)
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

/* Into memory, then to the terminal: through a pager when it is taller. */
static int page_write(command_writer *write, const void *answer, const struct view_options *view, struct out *terminal,
                      struct err *err)
{
    char *text;
    size_t bytes;
    struct out *memory = out_open_memory(&text, &bytes);
    if (!memory)
        return err_set(err, ERR_OUTPUT, "out of memory");
    if (write(answer, view, memory, err) != 0) {
        out_discard(memory);
        return -1;
    }
    if (out_close(memory, err) != 0)
        return -1;
    if (!pager_is_needed(text) || !pager_show(text, bytes))
        out_bytes(terminal, text, bytes);
    free(text);
    return 0;
}

int command_output(const struct options *options, command_writer *write, const void *answer, struct view_options *view,
                   bool is_text, struct err *err)
{
    struct out *out = out_open(options->output, err);
    if (!out)
        return -1;
    view->color = options_color(options, out);
    view->columns = out_is_terminal(out) ? out_columns(out) : 0;
    bool paged = is_text && out_is_terminal(out) && !options->no_pager;
    int result = paged ? page_write(write, answer, view, out, err) : write(answer, view, out, err);
    if (result != 0) {
        out_discard(out);
        return -1;
    }
    return out_close(out, err);
}

int command_sheet(const struct options *options, const char *verb, command_writer *write, const void *answer,
                  struct err *err)
{
    struct view_options view = {.top = options->top, .unit = options->time_unit};
    if (view_format_find(options->format, &view.format) != 0)
        return err_set(err, ERR_USAGE, "%s cannot write the format \"%s\", only: text, json, csv, markdown, html", verb,
                       options->format);
    return command_output(options, write, answer, &view, view.format == VIEW_TEXT, err);
}

struct shown {
    const struct view *view;
    const struct profile *profile;
    uint64_t most_bytes;
};

static int view_write(const void *answer, const struct view_options *view, struct out *out, struct err *err)
{
    const struct shown *shown = answer;
    if (shown->most_bytes > 0)
        return within_write(shown->view, shown->profile, view, shown->most_bytes, out, err);
    return shown->view->write(shown->profile, view, out, err);
}

int command_show(const struct options *options, const struct view *view, const struct profile *profile)
{
    struct err err = {0};
    const struct shown shown = {view, profile, options->most_bytes};
    struct view_options view_options = {
        .top = options->top,
        .subject = options->subject,
        .sort = options->sort,
        .unit = options->time_unit,
        .column_list = options->column_list,
        .title = options->title,
        .min_width = options->min_width,
        .whole = (uint64_t)options->total,
        .width_px = options->width_px,
        .inverted = options->inverted,
        .colors = options->colors,
        .reversed = options->reversed,
        .subtitle = options->subtitle,
        .palette = options->palette ? palette_find(options->palette) : NULL,
        .pair = options->pair,
        .sources = options->sources,
        .threads = options->threads,
        .chart = options->chart,
        .heap = options->heap != NULL ? *options->heap : NULL,
    };
    bool is_text = view_format_find(view->format, &view_options.format) == 0 && view_options.format == VIEW_TEXT;
    if (command_output(options, view_write, &shown, &view_options, is_text, &err) != 0)
        return command_fail(&err);
    /* The text report begins with the notices: twice on one screen would be once too often. */
    command_notices(options, profile, is_text && strcmp(view->verb, "report") == 0);
    return profile->facts.complete ? ERR_NONE : ERR_INCOMPLETE;
}
