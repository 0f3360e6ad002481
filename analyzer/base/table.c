#include "base/table.h"

#include "base/escape.h"
#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP             "  "
#define LAST_COLUMN_MIN 12u /* a name is not cut below this, whatever the terminal */
#define LAST_COLUMN_FIT 28u /* nor below this while there are columns that can go */

static const char *const style_codes[] = {"", "\033[1m", "\033[33m", "\033[1;31m"};

/* ---- Building ----------------------------------------------------------------------------------- */

void table_init(struct table *table, const struct table_column *columns, unsigned nr_columns)
{
    *table = (struct table){.columns = columns, .nr_columns = nr_columns};
    arena_init(&table->texts, 0);
}

void table_release(struct table *table)
{
    free(table->cells);
    arena_release(&table->texts);
}

size_t table_rows(const struct table *table)
{
    return table->nr_cells / table->nr_columns;
}

static void table_add(struct table *table, struct table_cell cell)
{
    struct table_cell *cells = array_grow(table->cells, table->nr_cells, &table->capacity, sizeof(*cells));
    if (!cells || !cell.prefix || !cell.suffix) {
        table->failed = true;
        return;
    }
    table->cells = cells;
    cells[table->nr_cells++] = cell;
}

/* NULL when memory ran out. */
static const char *text_copy(struct table *table, const char *text)
{
    return text[0] == '\0' ? "" : arena_copy(&table->texts, text, strlen(text));
}

void table_text_within(struct table *table, const char *prefix, const char *text, const char *suffix,
                       enum table_style style)
{
    const char *copy = text_copy(table, text);
    table_add(table, (struct table_cell){.text = copy,
                                         .prefix = copy ? text_copy(table, prefix) : NULL,
                                         .suffix = text_copy(table, suffix),
                                         .style = style});
}

void table_text(struct table *table, const char *text, enum table_style style)
{
    table_text_within(table, "", text, "", style);
}

void table_number(struct table *table, uint64_t number)
{
    table_add(table, (struct table_cell){.prefix = "", .suffix = "", .number = number});
}

void table_share(struct table *table, uint64_t part, uint64_t whole, enum table_style style)
{
    table_add(table, (struct table_cell){.prefix = "", .suffix = "", .number = part, .whole = whole, .style = style});
}

void table_empty(struct table *table)
{
    table_add(table, (struct table_cell){.text = "", .prefix = "", .suffix = "", .is_empty = true});
}

char *table_cell_format(const struct table_cell *cell, enum table_kind kind, const struct table_look *look, char *text)
{
    uint64_t least = cell->number < cell->whole ? cell->number : cell->whole;
    uint64_t most = cell->number < cell->whole ? cell->whole : cell->number;
    if (kind == TABLE_SHARE)
        return number_percent(text, cell->number, cell->whole);
    if (kind == TABLE_RATIO) {
        snprintf(text, NUMBER_BYTES, "%.1f", cell->whole > 0 ? (double)cell->number / (double)cell->whole : 0.0);
        return text;
    }
    if (kind == TABLE_CHANGE) {
        char change[NUMBER_BYTES];
        snprintf(text, NUMBER_BYTES, "%c%.30s", cell->number < cell->whole ? '-' : '+',
                 look->times_are_counts ? number_grouped(change, most - least)
                                        : number_time_in(change, most - least, look->unit));
        return text;
    }
    if (kind == TABLE_TIME && !look->times_are_counts)
        return number_time_in(text, cell->number, look->unit);
    if (kind == TABLE_ID)
        snprintf(text, NUMBER_BYTES, "%llu", (unsigned long long)cell->number);
    return kind == TABLE_ID ? text : number_grouped(text, cell->number);
}

/* ---- For a terminal ----------------------------------------------------------------------------- */

/* One column as it will be written. */
struct layout {
    unsigned column;
    size_t width;
};

static size_t text_width(const char *text)
{
    return escape_terminal_width(text, strlen(text));
}

static size_t cell_width(const struct table_cell *cell, enum table_kind kind, const struct table_look *look)
{
    char text[NUMBER_BYTES];
    if (cell->text)
        return text_width(cell->prefix) + text_width(cell->text) + text_width(cell->suffix);
    return text_width(table_cell_format(cell, kind, look, text));
}

static size_t column_width(const struct table *table, unsigned column, const struct table_look *look)
{
    size_t width = text_width(table->columns[column].title);
    for (size_t i = column; i < table->nr_cells; i += table->nr_columns) {
        size_t cell = cell_width(&table->cells[i], table->columns[column].kind, look);
        width = cell > width ? cell : width;
    }
    return width;
}

/* The columns that fit: their number. The last one of the table is for people, and always among them. */
static unsigned layout_make(const struct table *table, const struct table_look *look, struct layout *layout)
{
    unsigned nr = 0;
    size_t used = 0;
    for (unsigned c = 0; c < table->nr_columns; c++) {
        if (table->columns[c].rank == TABLE_FOR_PROGRAMS)
            continue;
        layout[nr] = (struct layout){c, column_width(table, c, look)};
        used += c + 1 < table->nr_columns ? layout[nr].width + strlen(GAP) : 0;
        nr++;
    }
    size_t wanted = layout[nr - 1].width < LAST_COLUMN_FIT ? layout[nr - 1].width : LAST_COLUMN_FIT;
    while (look->columns > 0 && used + wanted > look->columns) {
        unsigned worst = 0;
        for (unsigned i = 1; i + 1 < nr; i++)
            if (table->columns[layout[i].column].rank > table->columns[layout[worst].column].rank)
                worst = i;
        if (table->columns[layout[worst].column].rank == 0)
            break;
        used -= layout[worst].width + strlen(GAP);
        memmove(layout + worst, layout + worst + 1, (--nr - worst) * sizeof(*layout));
    }
    size_t room = look->columns > used + LAST_COLUMN_MIN ? look->columns - used : LAST_COLUMN_MIN;
    layout[nr - 1].width = look->columns == 0 ? 0 : room; /* 0: no limit */
    return nr;
}

/* A cell that is cut at `limit` columns, 0: never. */
static void cell_write(struct out *out, const struct table_cell *cell, enum table_kind kind, size_t limit,
                       const struct table_look *look)
{
    char number[NUMBER_BYTES];
    size_t around = text_width(cell->prefix) + text_width(cell->suffix);
    size_t room = limit > around + LAST_COLUMN_MIN ? limit - around : LAST_COLUMN_MIN;
    bool styled = look->color && cell->style != TABLE_PLAIN;
    out_text(out, cell->prefix);
    out_text(out, styled ? style_codes[cell->style] : "");
    if (cell->text)
        escape_terminal_elided(out, cell->text, limit == 0 ? 0 : room);
    else
        out_text(out, table_cell_format(cell, kind, look, number));
    out_text(out, styled ? "\033[0m" : "");
    out_text(out, cell->suffix);
}

static bool is_blank(const struct table_cell *cell)
{
    return cell->text && cell->text[0] == '\0' && cell->prefix[0] == '\0' && cell->suffix[0] == '\0';
}

/* A row of cells, or that of the titles: NULL. Its last column is cut on the right margin; no row ends in spaces. */
static void row_write(const struct table *table, const struct table_cell *cells, const struct layout *layout,
                      unsigned nr, const struct table_look *look, struct out *out)
{
    unsigned end = nr;
    while (end > 0 &&
           (cells ? is_blank(&cells[layout[end - 1].column]) : table->columns[layout[end - 1].column].title[0] == '\0'))
        end--;
    for (unsigned i = 0; i < end; i++) {
        const struct table_column *column = &table->columns[layout[i].column];
        struct table_cell title = {.text = column->title, .prefix = "", .suffix = "", .style = TABLE_BOLD};
        const struct table_cell *cell = cells ? &cells[layout[i].column] : &title;
        bool is_right = column->kind != TABLE_TEXT, is_cut = i + 1 == nr;
        size_t columns = is_cut ? 0 : cell_width(cell, column->kind, look);
        unsigned pad = columns < layout[i].width && !is_cut ? (unsigned)(layout[i].width - columns) : 0;
        out_text(out, i > 0 ? GAP : "");
        out_repeat(out, " ", is_right ? pad : 0);
        cell_write(out, cell, column->kind, is_cut ? layout[i].width : 0, look);
        out_repeat(out, " ", is_right || i + 1 == end ? 0 : pad);
    }
    out_char(out, '\n');
}

int table_write_text(const struct table *table, const struct table_look *look, struct out *out, struct err *err)
{
    struct layout *layout = table->failed ? NULL : calloc(table->nr_columns, sizeof(*layout));
    if (!layout)
        return err_set(err, ERR_INPUT, "out of memory");
    unsigned nr = layout_make(table, look, layout);
    row_write(table, NULL, layout, nr, look, out);
    for (size_t row = 0; row + table->nr_columns <= table->nr_cells; row += table->nr_columns)
        row_write(table, table->cells + row, layout, nr, look, out);
    free(layout);
    return 0;
}
