#include "cmd/input.h"

#include "base/standard_input.h"
#include "cmd/finish.h"
#include "profile/file.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void notices_add(void *context, const char *text)
{
    struct notices *notices = context;
    for (size_t i = 0; i < notices->nr; i++) {
        if (strcmp(notices->texts[i], text) == 0)
            return;
    }
    char **texts = array_grow(notices->texts, notices->nr, &notices->capacity, sizeof(char *));
    if (texts == NULL)
        return;
    notices->texts = texts;
    texts[notices->nr] = strdup(text);
    if (texts[notices->nr] != NULL)
        notices->nr++;
}

void notices_release(struct notices *notices)
{
    for (size_t i = 0; i < notices->nr; i++)
        free(notices->texts[i]);
    free(notices->texts);
    *notices = (struct notices){0};
}

struct trace *input_open(const char *path, struct err *err)
{
    if (standard_input_keep(path, err) != 0)
        return NULL;
    if (profile_file_is(path)) {
        err_set(err, ERR_USAGE, "%s: is a profile, and has no single events: name the trace",
                standard_input_name(path));
        return NULL;
    }
    struct trace *trace = trace_open(path, err);
    if (trace == NULL || standard_input_is(path) || !finish_is_needed(trace) || !finish_run(trace))
        return trace;
    trace_close(trace);
    return trace_open(path, err);
}

bool input_is_missing(const struct options *options)
{
    return options->default_input && access(options->inputs[0], F_OK) != 0;
}

int input_check_default(const struct options *options, struct err *err)
{
    if (!input_is_missing(options))
        return 0;
    return err_set(err, ERR_INPUT,
                   "no trace is named, and there is no ./%s: was the program linked with -ltracert? See tracert(7), "
                   "DIAGNOSTICS",
                   options->inputs[0]);
}

struct trace *input_open_single(const struct options *options, struct err *err)
{
    if (input_check_default(options, err) != 0)
        return NULL;
    if (options->nr_inputs != 1) {
        err_set(err, ERR_USAGE, "one trace at a time: %d are named", options->nr_inputs);
        return NULL;
    }
    return input_open(options->inputs[0], err);
}

struct replay_filter input_filter(const struct options *options)
{
    return (struct replay_filter){.thread = options->thread,
                                  .process = options->process,
                                  .from_ns = options->from_ns,
                                  .to_ns = options->to_ns,
                                  .folds = !options->no_fold && options->depth == 0};
}

struct symbol_options input_symbols(const struct options *options)
{
    return (struct symbol_options){
        .debug_dir = options->debug_dir, .force = options->force_symbols, .names = options->names};
}

/* Which functions' names, or modules, match; without an expression all do. */
static bool *expression_match(const char *expression, bool by_module, const struct profile_function *functions,
                              uint32_t nr, struct err *err)
{
    regex_t regex;
    bool *matches = calloc((size_t)nr + 1, sizeof(*matches));
    if (matches == NULL) {
        err_set(err, ERR_INPUT, "out of memory");
        return NULL;
    }
    if (expression == NULL) {
        memset(matches, true, nr);
        return matches;
    }
    int result = regcomp(&regex, expression, REG_EXTENDED | REG_NOSUB); /* options.c has tried it */
    if (result != 0) {
        err_set(err, result == REG_ESPACE ? ERR_INPUT : ERR_USAGE, "\"%s\" is not a regular expression", expression);
        free(matches);
        return NULL;
    }
    for (uint32_t i = 0; i < nr && (result == 0 || result == REG_NOMATCH); i++) {
        result = regexec(&regex, by_module ? functions[i].module : functions[i].name, 0, NULL, 0);
        matches[i] = result == 0;
    }
    regfree(&regex);
    if (result == 0 || result == REG_NOMATCH)
        return matches;
    err_set(err, ERR_INPUT, "\"%s\": out of memory", expression);
    free(matches);
    return NULL;
}

bool *input_match(const struct options *options, const struct profile_function *functions, uint32_t nr, struct err *err)
{
    return expression_match(options->function, false, functions, nr, err);
}

bool input_is_filtered(const struct options *options)
{
    return options->function || options->ignore || options->module || options->depth > 0 || options->min_ns > 0 ||
           options->from_ns > 0 || options->to_ns < UINT64_MAX;
}

int input_subtrees_match(struct input_subtrees *subtrees, const struct options *options,
                         const struct profile_function *functions, uint32_t nr, struct err *err)
{
    *subtrees = (struct input_subtrees){.filter = {.depth = options->depth, .least = options->min_ns}};
    if (options->function && !(subtrees->wanted = expression_match(options->function, false, functions, nr, err)))
        return -1;
    if (options->ignore && !(subtrees->ignored = expression_match(options->ignore, false, functions, nr, err)))
        return -1;
    if (options->module && !(subtrees->hidden = expression_match(options->module, true, functions, nr, err)))
        return -1;
    for (uint32_t i = 0; subtrees->hidden && i < nr; i++) /* those that do not match are */
        subtrees->hidden[i] = !subtrees->hidden[i];
    subtrees->filter.wanted = subtrees->wanted;
    subtrees->filter.ignored = subtrees->ignored;
    subtrees->filter.hidden = subtrees->hidden;
    return 0;
}

void input_subtrees_release(struct input_subtrees *subtrees)
{
    free(subtrees->wanted);
    free(subtrees->ignored);
    free(subtrees->hidden);
}

void out_seconds(struct out *out, uint64_t time_ns)
{
    const uint64_t second_ns = 1000000000;
    out_format(out, "%llu.%09llu", (unsigned long long)(time_ns / second_ns),
               (unsigned long long)(time_ns % second_ns));
}

int input_status(const struct options *options, const struct trace *trace, uint64_t dropped_events)
{
    for (uint32_t i = 0; i < trace->nr_notices; i++)
        command_notice(options, trace->notices[i]);
    if (dropped_events > 0) {
        char text[96];
        snprintf(text, sizeof(text), "%llu events are known to be lost", (unsigned long long)dropped_events);
        command_notice(options, text);
    }
    return trace_is_complete(trace) && dropped_events == 0 ? ERR_NONE : ERR_INCOMPLETE;
}
