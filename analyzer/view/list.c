#include "view/list.h"

#include "base/number.h"
#include "view/function_columns.h"
#include "view/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTEXT_LINES 3u
#define TAB_COLUMNS   4u
#define SOURCE_BYTES  200u /* of a line */

static const struct table_column columns[] = {
    {"FILE", "file", TABLE_TEXT, TABLE_FOR_PROGRAMS},
    {"LINE", "line", TABLE_ID, 0},
    {"CALLS", "calls", TABLE_COUNT, 0},
    {"TIME", "inclusive_ns", TABLE_TIME, 0},
    {"TIME%", "percent", TABLE_SHARE, 1},
    {"CALLEE", "callee", TABLE_TEXT, TABLE_FOR_PROGRAMS},
    {"CALLEES", "callees", TABLE_COUNT, TABLE_FOR_PROGRAMS},
    {"SOURCE", "source", TABLE_TEXT, 0},
};

#define NR_COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct listing {
    const struct list_answer *answer;
    const char *file; /* of the function */
    struct table table;
};

/* A line of source without tabs, which have no width of their own. */
static void source_text(const struct listing *listing, uint32_t line, char text[SOURCE_BYTES])
{
    size_t used = 0;
    text[0] = '\0';
    if (line == 0 || line > listing->answer->nr_source)
        return;
    for (const char *p = listing->answer->source[line - 1]; *p != '\0' && used + TAB_COLUMNS + 1 < SOURCE_BYTES; p++) {
        size_t width = *p == '\t' ? TAB_COLUMNS - used % TAB_COLUMNS : 1;
        memset(text + used, *p == '\t' ? ' ' : *p, width);
        used += width;
        text[used] = '\0';
    }
}

static void call_row(struct listing *listing, const struct call_line *line)
{
    const struct list_answer *answer = listing->answer;
    uint64_t whole_ns = answer->sites->inclusive_ns;
    const char *callee = answer->functions[line->callee].name;
    char text[SOURCE_BYTES], prefix[32] = "→ ", suffix[48] = "";
    bool is_here = answer->source && strcmp(line->file, listing->file) == 0 && line->line > 0;
    table_text(&listing->table, line->file, TABLE_PLAIN);
    table_number(&listing->table, line->line);
    table_number(&listing->table, line->calls);
    table_number(&listing->table, line->inclusive_ns);
    table_share(&listing->table, line->inclusive_ns, whole_ns, share_style(line->inclusive_ns, whole_ns));
    table_text(&listing->table, callee, TABLE_PLAIN);
    table_number(&listing->table, line->nr_callees);
    source_text(listing, is_here ? line->line : 0, text);
    if (text[0] != '\0') {
        table_text(&listing->table, text, TABLE_PLAIN);
        return;
    }
    if (line->nr_callees > 1)
        snprintf(suffix, sizeof(suffix), " and %u more", line->nr_callees - 1);
    table_text_within(&listing->table, prefix, callee, suffix, TABLE_PLAIN);
}

/* A row for people: a line that calls nothing, or (line 0) lines that are left out. */
static void source_row(struct listing *listing, uint32_t line)
{
    char text[SOURCE_BYTES] = "…";
    table_empty(&listing->table);
    if (line == 0) {
        table_empty(&listing->table);
    } else {
        table_number(&listing->table, line);
        source_text(listing, line, text);
    }
    for (unsigned c = 2; c + 1 < NR_COLUMNS; c++)
        table_empty(&listing->table);
    table_text(&listing->table, text, TABLE_PLAIN);
}

static bool is_near(uint32_t line, uint32_t to)
{
    return line + CONTEXT_LINES >= to && line <= to + CONTEXT_LINES;
}

/* The lines of the function's file: those that call, and what is around them. */
static void source_rows(struct listing *listing)
{
    const struct list_answer *answer = listing->answer;
    const struct call_sites *sites = answer->sites;
    uint32_t first = answer->functions[answer->function].line, shown = 0;
    for (uint32_t line = 1; line <= answer->nr_source; line++) {
        const struct call_line *call = NULL;
        bool is_shown = is_near(line, first) && line >= first;
        for (uint32_t i = 0; i < sites->nr; i++) {
            if (strcmp(sites->lines[i].file, listing->file) != 0)
                continue;
            is_shown = is_shown || is_near(line, sites->lines[i].line);
            call = sites->lines[i].line == line ? &sites->lines[i] : call;
        }
        if (!is_shown)
            continue;
        if (shown > 0 && line > shown + 1)
            source_row(listing, 0);
        shown = line;
        if (call)
            call_row(listing, call);
        else
            source_row(listing, line);
    }
}

static void summary_write(const struct list_answer *answer, struct sheet *sheet)
{
    const struct profile_function *f = &answer->functions[answer->function];
    char number[NUMBER_BYTES];
    sheet_name(sheet, f->name, sheet->look.columns);
    if (f->file[0] != '\0') {
        sheet_format(sheet, "  ");
        sheet_name(sheet, f->file, 0);
        sheet_format(sheet, ":%u", f->line);
    }
    sheet_break(sheet);
    sheet_format(sheet, "%s call%s, as recorded, with what tracing cost", number_grouped(number, answer->sites->calls),
                 plural(answer->sites->calls));
    sheet_break(sheet);
    sheet_format(sheet, "total %s", number_time(number, answer->sites->inclusive_ns));
    sheet_format(sheet, ", of this its own %s", number_time(number, answer->sites->exclusive_ns));
    sheet_break(sheet);
    sheet_gap(sheet);
}

int list_sheet(const struct list_answer *answer, const struct view_options *options, struct out *out, struct err *err)
{
    struct sheet sheet;
    struct listing listing = {.answer = answer, .file = answer->functions[answer->function].file};
    sheet_begin(&sheet, NULL, options, "list", out);
    summary_write(answer, &sheet);
    table_init(&listing.table, columns, NR_COLUMNS);
    bool with_source = answer->source && sheet_is_prose(&sheet);
    if (with_source)
        source_rows(&listing);
    for (uint32_t i = 0; i < answer->sites->nr; i++) {
        const struct call_line *line = &answer->sites->lines[i];
        bool is_there =
            with_source && strcmp(line->file, listing.file) == 0 && line->line > 0 && line->line <= answer->nr_source;
        if (!is_there)
            call_row(&listing, line);
    }
    int result = sheet_table(&sheet, "lines", &listing.table, err);
    table_release(&listing.table);
    sheet_end(&sheet);
    return result;
}
