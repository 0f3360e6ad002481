/*
 * Tables for other readers than a terminal.
 */
#include "base/table.h"

#include "base/escape.h"
#include "base/number.h"

#include <string.h>

static int no_memory(struct err *err)
{
    return err_set(err, ERR_INPUT, "out of memory");
}

/* ---- For programs ------------------------------------------------------------------------------- */

static void number_write(struct out *out, const struct table_cell *cell, enum table_kind kind)
{
    if (kind == TABLE_SHARE)
        out_format(out, "%.3f", cell->whole > 0 ? 100.0 * (double)cell->number / (double)cell->whole : 0.0);
    else if (kind == TABLE_RATIO)
        out_format(out, "%.3f", cell->whole > 0 ? (double)cell->number / (double)cell->whole : 0.0);
    else if (kind == TABLE_CHANGE)
        out_format(out, "%lld", (long long)(cell->number - cell->whole));
    else
        out_format(out, "%llu", (unsigned long long)cell->number);
}

/* Columns for programs, from `column` on: nr_columns when there is none any more. */
static unsigned column_next(const struct table *table, unsigned column)
{
    while (column < table->nr_columns && !table->columns[column].key)
        column++;
    return column;
}

int table_write_csv(const struct table *table, struct out *out, struct err *err)
{
    unsigned nr = table->nr_columns, first = column_next(table, 0);
    if (table->failed)
        return no_memory(err);
    for (unsigned c = first; c < nr; c = column_next(table, c + 1))
        out_format(out, "%s%s", c > first ? "," : "", table->columns[c].key);
    out_text(out, "\r\n");
    for (size_t row = 0; row + nr <= table->nr_cells; row += nr) {
        for (unsigned c = first; c < nr; c = column_next(table, c + 1)) {
            const struct table_cell *cell = &table->cells[row + c];
            out_text(out, c > first ? "," : "");
            if (cell->text)
                escape_csv(out, cell->text);
            else
                number_write(out, cell, table->columns[c].kind);
        }
        out_text(out, "\r\n");
    }
    return 0;
}

int table_write_json(const struct table *table, struct out *out, struct err *err)
{
    unsigned nr = table->nr_columns, first = column_next(table, 0);
    if (table->failed)
        return no_memory(err);
    out_char(out, '[');
    for (size_t row = 0; row + nr <= table->nr_cells; row += nr) {
        out_text(out, row > 0 ? ",\n{" : "\n{");
        for (unsigned c = first; c < nr; c = column_next(table, c + 1)) {
            const struct table_cell *cell = &table->cells[row + c];
            out_format(out, "%s\"%s\":", c > first ? "," : "", table->columns[c].key);
            if (cell->is_empty)
                out_text(out, "null");
            else if (cell->text)
                escape_json(out, cell->text);
            else
                number_write(out, cell, table->columns[c].kind);
        }
        out_char(out, '}');
    }
    out_char(out, ']');
    return 0;
}

/* ---- For people --------------------------------------------------------------------------------- */

static bool is_number(const struct table *table, unsigned column)
{
    return table->columns[column].kind != TABLE_TEXT;
}

static bool is_shown(const struct table *table, unsigned column)
{
    return table->columns[column].rank != TABLE_FOR_PROGRAMS;
}

/* Spaces that are not folded into one. */
static void markdown_literal(struct out *out, const char *text)
{
    for (; *text != '\0'; text++)
        out_bytes(out, *text == ' ' ? "&nbsp;" : text, *text == ' ' ? strlen("&nbsp;") : 1);
}

int table_write_markdown(const struct table *table, const struct table_look *look, struct out *out, struct err *err)
{
    if (table->failed)
        return no_memory(err);
    out_char(out, '|');
    for (unsigned c = 0; c < table->nr_columns; c++)
        if (is_shown(table, c))
            out_format(out, " %s |", table->columns[c].title);
    out_text(out, "\n|");
    for (unsigned c = 0; c < table->nr_columns; c++)
        if (is_shown(table, c))
            out_text(out, is_number(table, c) ? " ---: |" : " --- |");
    for (size_t i = 0; i < table->nr_cells; i++) {
        unsigned column = (unsigned)(i % table->nr_columns);
        const struct table_cell *cell = &table->cells[i];
        char number[NUMBER_BYTES];
        out_text(out, column == 0 ? "\n|" : "");
        if (!is_shown(table, column))
            continue;
        out_char(out, ' ');
        if (cell->text) {
            markdown_literal(out, cell->prefix);
            escape_markdown(out, cell->text);
            markdown_literal(out, cell->suffix);
        } else {
            out_text(out, table_cell_format(cell, table->columns[column].kind, look, number));
        }
        out_text(out, " |");
    }
    out_char(out, '\n');
    return 0;
}

static void html_cell(const struct table_cell *cell, enum table_kind kind, const struct table_look *look,
                      struct out *out)
{
    static const char *const classes[] = {"", " class=\"b\"", " class=\"y\"", " class=\"r\""};
    char number[NUMBER_BYTES];
    out_format(out, kind == TABLE_TEXT ? "<td%s>" : "<td align=\"right\"%s>", classes[cell->style]);
    if (cell->text) {
        escape_xml(out, cell->prefix, strlen(cell->prefix));
        escape_xml(out, cell->text, strlen(cell->text));
        escape_xml(out, cell->suffix, strlen(cell->suffix));
    } else {
        out_text(out, table_cell_format(cell, kind, look, number));
    }
    out_text(out, "</td>");
}

int table_write_html(const struct table *table, const struct table_look *look, struct out *out, struct err *err)
{
    if (table->failed)
        return no_memory(err);
    out_text(out, "<table>\n<thead><tr>");
    for (unsigned c = 0; c < table->nr_columns; c++)
        if (is_shown(table, c))
            out_format(out, "<th scope=\"col\"%s>%s</th>", is_number(table, c) ? " align=\"right\"" : "",
                       table->columns[c].title);
    out_text(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < table->nr_cells; i++) {
        unsigned column = (unsigned)(i % table->nr_columns);
        out_text(out, column == 0 ? "<tr>" : "");
        if (is_shown(table, column))
            html_cell(&table->cells[i], table->columns[column].kind, look, out);
        out_text(out, column + 1 == table->nr_columns ? "</tr>\n" : "");
    }
    out_text(out, "</tbody>\n</table>\n");
    return 0;
}
