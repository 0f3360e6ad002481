/*
 * The findings: for each the function and where it is, then what was found.
 */
#include "base/path.h"
#include "view/report.h"

#include "profile/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIND_COLUMNS 12

/* "lex_token (lex.c:77)"; a label that says its file already stays as it is. NULL when memory ran out. */
static char *function_and_place(const struct profile_function *f)
{
    char *text = NULL;
    const char *base = path_last(f->file);
    bool told = base[0] == '\0' || strcmp(f->label, f->name) != 0;
    int bytes = told ? asprintf(&text, "%s", f->label) : asprintf(&text, "%s (%s:%u)", f->label, base, f->line);
    return bytes < 0 ? NULL : text;
}

/* A line to be copied whole, and so never shortened. */
static int advice_write(const char *line, size_t bytes, struct sheet *sheet, struct err *err)
{
    char *text = strndup(line, bytes);
    if (text == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    sheet_format(sheet, "%*s", sheet->format == VIEW_TEXT ? KIND_COLUMNS : 0, "");
    sheet_name(sheet, text, 0);
    sheet_break(sheet);
    free(text);
    return 0;
}

static int finding_write(const struct profile *profile, const struct finding *finding, struct sheet *sheet,
                         struct err *err)
{
    char *place = function_and_place(&profile->functions[finding->function]);
    if (place == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    bool is_text = sheet->format == VIEW_TEXT;
    unsigned columns = sheet->look.columns;
    sheet_format(sheet, is_text ? "%-*s" : "%*s: ", is_text ? KIND_COLUMNS : 0, finding_kind_name(finding->kind));
    sheet_name(sheet, place, columns > 2 * KIND_COLUMNS ? columns - KIND_COLUMNS : columns);
    free(place);
    /* A terminal's width is for the name; the rest goes below it. */
    if (is_text) {
        sheet_break(sheet);
        sheet_format(sheet, "%*s", KIND_COLUMNS, "");
    }
    sheet_format(sheet, "%s%s", is_text ? "" : ": ", finding->text);
    sheet_break(sheet);
    int result = 0;
    for (const char *line = finding->advice; result == 0 && line;
         line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        result = advice_write(line, strcspn(line, "\n"), sheet, err);
    return result;
}

int report_findings(const struct profile *profile, struct sheet *sheet, struct err *err)
{
    struct findings findings;
    if (findings_make(&findings, profile, err) != 0)
        return -1;
    if (findings.nr > 0)
        sheet_heading(sheet, "FINDINGS");
    int result = 0;
    for (uint32_t i = 0; result == 0 && i < findings.nr; i++)
        result = finding_write(profile, &findings.list[i], sheet, err);
    findings_release(&findings);
    return result;
}
