#include "base/table.h"

#include "base/escape.h"

#include <stdlib.h>
#include <string.h>

#define GAP             "  "
#define LAST_COLUMN_MIN 12u /* a name is not cut below this, whatever the terminal */

static const char *const style_codes[] = {"", "\033[1m", "\033[33m", "\033[1;31m"};

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

void table_add(struct table *table, const char *text, enum table_style style)
{
    struct table_cell *cells = array_grow(table->cells, table->nr_cells, &table->capacity, sizeof(*cells));
    char *copy = arena_copy(&table->texts, text, strlen(text));
    if (cells)
        table->cells = cells;
    if (!cells || !copy) {
        table->failed = true;
        return;
    }
    cells[table->nr_cells++] = (struct table_cell){copy, style};
}

static size_t column_width(const struct table *table, unsigned column)
{
    size_t width = strlen(table->columns[column].title);
    for (size_t i = column; i < table->nr_cells; i += table->nr_columns) {
        size_t columns = escape_terminal_width(table->cells[i].text, strlen(table->cells[i].text));
        width = columns > width ? columns : width;
    }
    return width;
}

static void cell_write(struct out *out, struct table_cell cell, size_t width, bool right, bool color)
{
    size_t columns = escape_terminal_width(cell.text, strlen(cell.text));
    unsigned pad = columns < width ? (unsigned)(width - columns) : 0;
    bool styled = color && cell.style != TABLE_PLAIN;
    out_repeat(out, " ", right ? pad : 0);
    if (styled)
        out_text(out, style_codes[cell.style]);
    escape_terminal(out, cell.text, strlen(cell.text));
    if (styled)
        out_text(out, "\033[0m");
    out_repeat(out, " ", right ? 0 : pad);
}

/* The last cell of a row: cut on the right margin, never padded. `limit` 0: whole. */
static void cell_write_last(struct out *out, struct table_cell cell, size_t limit, bool color)
{
    bool styled = color && cell.style != TABLE_PLAIN;
    if (styled)
        out_text(out, style_codes[cell.style]);
    escape_terminal_elided(out, cell.text, limit);
    if (styled)
        out_text(out, "\033[0m");
    out_char(out, '\n');
}

int table_write(const struct table *table, struct out *out, bool color, unsigned width, struct err *err)
{
    unsigned last = table->nr_columns - 1;
    size_t *widths = table->failed ? NULL : calloc(table->nr_columns, sizeof(*widths));
    if (!widths)
        return err_set(err, ERR_INPUT, "out of memory");
    size_t used = 0;
    for (unsigned c = 0; c < last; c++) {
        widths[c] = column_width(table, c);
        used += widths[c] + strlen(GAP);
    }
    size_t limit = width == 0 ? 0 : width > used + LAST_COLUMN_MIN ? width - used : LAST_COLUMN_MIN;
    for (unsigned c = 0; c < last; c++) {
        cell_write(out, (struct table_cell){table->columns[c].title, TABLE_BOLD}, widths[c], table->columns[c].right,
                   color);
        out_text(out, GAP);
    }
    cell_write_last(out, (struct table_cell){table->columns[last].title, TABLE_BOLD}, 0, color);
    for (size_t row = 0; row + last < table->nr_cells; row += table->nr_columns) {
        for (unsigned c = 0; c < last; c++) {
            cell_write(out, table->cells[row + c], widths[c], table->columns[c].right, color);
            out_text(out, GAP);
        }
        cell_write_last(out, table->cells[row + last], limit, color);
    }
    free(widths);
    return 0;
}
