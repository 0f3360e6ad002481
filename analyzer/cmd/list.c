/*
 * A replay that keeps call sites apart, the lines of those in one function, and its source if it is here.
 */
#include "cmd/replayed.h"

#include "profile/call_sites.h"
#include "view/list.h"
#include "view/subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SOURCE_BYTES_MAX ((off_t)16 << 20)

static const char about[] =
    "A function's source, with how often each line calls and how long the calls took; 100 % is the function's total.\n"
    "Call sites are recorded with every trace; their lines want debug information (-g), and the source is read from\n"
    "where it was compiled. Times contain the tracer's own cost. Formats: text, json, csv, markdown, html.";

static const char examples[] = "  tracean list serve_request\n"
                               "  tracean list serve_request --thread 4711 trace.zst";

/* The lines of a file, in the arena; NULL when there is no such source. */
static const char **source_read(const char *path, struct arena *arena, uint32_t *nr)
{
    struct stat st;
    FILE *file =
        stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= SOURCE_BYTES_MAX ? fopen(path, "r") : NULL;
    const char **lines = file ? arena_array(arena, (size_t)st.st_size + 1, sizeof(*lines)) : NULL;
    char *text = NULL;
    size_t capacity = 0;
    ssize_t bytes;
    *nr = 0;
    while (lines && *nr < st.st_size && (bytes = getline(&text, &capacity, file)) > 0) {
        bytes -= text[bytes - 1] == '\n';
        lines[*nr] = arena_copy(arena, text, (size_t)bytes);
        if (!lines[(*nr)++])
            lines = NULL;
    }
    free(text);
    if (file)
        fclose(file);
    return lines;
}

/* The number of the function, whose call sites all have its name; UINT32_MAX with err set when several are meant. */
static uint32_t function_single(const struct replayed *replayed, const struct profile_function *functions,
                                const bool *wanted, struct err *err)
{
    uint32_t single = UINT32_MAX;
    for (uint32_t i = 0; i < replayed->replay->functions.nr; i++) {
        if (!wanted[i])
            continue;
        if (single != UINT32_MAX && (strcmp(functions[single].name, functions[i].name) != 0 ||
                                     strcmp(functions[single].file, functions[i].file) != 0)) {
            err_set(err, ERR_USAGE, "\"%s\" is more than one function: %s (%s) and %s (%s), for example",
                    replayed->options->subject, functions[single].name, functions[single].file, functions[i].name,
                    functions[i].file);
            return UINT32_MAX;
        }
        single = i;
    }
    return single;
}

static int list_write(const void *answer, const struct view_options *options, struct out *out, struct err *err)
{
    return list_sheet(answer, options, out, err);
}

static int list_show(const struct replayed *replayed, struct err *err)
{
    struct symbol_options symbols = input_symbols(replayed->options);
    struct call_sites sites;
    struct profile_function *functions = replayed_names(replayed, err);
    bool *wanted =
        functions ? subject_match(functions, replayed->replay->functions.nr, replayed->options->subject, err) : NULL;
    uint32_t single = wanted ? function_single(replayed, functions, wanted, err) : UINT32_MAX;
    struct call_sites_request request = {replayed->replay, functions, wanted, &symbols, notices_add, replayed->notices};
    if (single == UINT32_MAX || call_sites_find(&sites, &request, replayed->arena, err) != 0) {
        free(wanted);
        return -1;
    }
    struct list_answer answer = {.sites = &sites, .functions = functions, .function = single};
    answer.source = source_read(functions[single].file, replayed->arena, &answer.nr_source);
    if (!answer.source && functions[single].file[0] != '\0')
        notices_add(replayed->notices, "the source is not where it was compiled: lines are shown without it");
    int result = command_sheet(replayed->options, "list", list_write, &answer, err);
    call_sites_release(&sites);
    free(wanted);
    return result;
}

int cmd_list(int argc, char **argv)
{
    struct options options;
    struct err err = {0};
    unsigned set = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_WINDOW | OPTIONS_COLOR | OPTIONS_TABLE | OPTIONS_SYMBOLS |
                   OPTIONS_SUBJECT;
    if (options_parse(&options, argc, argv, set, "FUNC [TRACE]", about, examples, &err) != 0)
        return command_fail(&err);
    struct replay_filter filter = input_filter(&options);
    filter.by_site = true;
    return replayed_show(&options, &filter, list_show);
}
