/*
 * Command lines to go on with. They are there to be copied into a shell, so that a name that a shell would read
 * otherwise is quoted, and one that cannot be quoted harmlessly is not offered.
 */
#include "base/standard_input.h"
#include "view/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The word as a shell takes it, which the caller frees; NULL when it has quotes or bytes that do not belong on a
 * terminal. 0, or -1 when memory ran out.
 */
static int shell_word(const char *word, char **quoted, struct err *err)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+:@%,~-";
    size_t bytes = strlen(word);
    *quoted = NULL;
    for (const char *p = word; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7F || *p == '\'')
            return 0;
    if (bytes == 0 || word[0] == '-' || word[0] == '~')
        return 0;
    const char *mark = strspn(word, plain) == bytes ? "" : "'";
    if (asprintf(quoted, "%s%s%s", mark, word, mark) >= 0)
        return 0;
    *quoted = NULL;
    return err_set(err, ERR_INPUT, "out of memory");
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

int report_next(const struct profile *profile, struct sheet *sheet, struct err *err)
{
    char *trace = NULL, *name = NULL;
    if (!sheet_is_prose(sheet) || profile->facts.nr_traces != 1 ||
        strcmp(profile->facts.source, standard_input_name("-")) == 0) /* which is gone */
        return 0;
    int result = shell_word(profile->facts.source, &trace, err);
    if (result == 0)
        result = shell_word(profile->functions[0].label, &name, err);
    if (result == 0 && trace) {
        sheet_gap(sheet);
        sheet_format(sheet, "next:");
        sheet_break(sheet);
        if (name)
            command_line(sheet, "peek ", name, trace, "");
        command_line(sheet, "flamegraph ", NULL, trace, " -o flame.svg");
    }
    free(trace);
    free(name);
    return result;
}

int report_next_call(const char *source, struct sheet *sheet, struct err *err)
{
    char *trace = NULL;
    if (!sheet_is_prose(sheet))
        return 0;
    if (shell_word(source, &trace, err) != 0)
        return -1;
    if (trace) {
        sheet_gap(sheet);
        sheet_format(sheet, "next:");
        sheet_break(sheet);
        command_line(sheet, "calls --call CALL ", NULL, trace, "");
    }
    free(trace);
    return 0;
}
