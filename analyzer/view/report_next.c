/*
 * Command lines to go on with. They are there to be copied into a shell, so that a name that a shell would read
 * otherwise is quoted, and one that cannot be quoted harmlessly is not offered.
 */
#include "view/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The word as a shell takes it; NULL when it has quotes or bytes that do not belong on a terminal. The caller frees. */
static char *shell_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+:@%,~-";
    char *quoted = NULL;
    size_t bytes = strlen(word);
    for (const char *p = word; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7F || *p == '\'')
            return NULL;
    if (bytes == 0 || word[0] == '-' || word[0] == '~')
        return NULL;
    if (strspn(word, plain) == bytes)
        return strdup(word);
    return asprintf(&quoted, "'%s'", word) < 0 ? NULL : quoted;
}

static void command_line(struct sheet *sheet, const char *before, const char *name, const char *trace,
                         const char *after)
{
    sheet_format(sheet, "  tracean %s", before);
    if (name)
        sheet_name(sheet, name, 0);
    sheet_format(sheet, "%s", name ? " " : "");
    sheet_name(sheet, trace, 0);
    sheet_format(sheet, "%s", after);
    sheet_break(sheet);
}

void report_next(const struct profile *profile, struct sheet *sheet)
{
    if (!sheet_is_prose(sheet) || profile->facts.nr_traces != 1)
        return;
    char *trace = shell_word(profile->facts.source), *name = shell_word(profile->functions[0].label);
    if (trace) {
        sheet_gap(sheet);
        sheet_format(sheet, "next:");
        sheet_break(sheet);
        if (name)
            command_line(sheet, "peek ", name, trace, "");
        command_line(sheet, "flamegraph ", NULL, trace, " -o flame.svg");
    }
    free(trace);
    free(name);
}

void report_next_call(const char *source, struct sheet *sheet)
{
    char *trace = sheet_is_prose(sheet) ? shell_word(source) : NULL;
    if (!trace)
        return;
    sheet_gap(sheet);
    sheet_format(sheet, "next:");
    sheet_break(sheet);
    command_line(sheet, "calls --call CALL ", NULL, trace, "");
    free(trace);
}
