/*
 * Columns of text for people: aligned, coloured and cut to the terminal's width.
 *
 * Cells are untrusted; they are escaped here. Only the last column is ever shortened.
 */
#ifndef TABLE_H
#define TABLE_H

#include "base/arena.h"
#include "base/out.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_column {
    const char *title;
    bool right; /* aligned to the right */
};

enum table_style { TABLE_PLAIN, TABLE_BOLD, TABLE_YELLOW, TABLE_RED };

struct table_cell {
    const char *text;
    enum table_style style;
};

struct table {
    const struct table_column *columns;
    unsigned nr_columns;
    struct table_cell *cells; /* row by row */
    size_t nr_cells, capacity;
    struct arena texts;
    bool failed; /* memory ran out: table_write says so */
};

void table_init(struct table *table, const struct table_column *columns, unsigned nr_columns);
void table_release(struct table *table);

/* Add the next cell of the current row; the text is copied. */
void table_add(struct table *table, const char *text, enum table_style style);

/* Write titles and rows. `width` 0: no limit. 0, or -1 when memory ran out. */
int table_write(const struct table *table, struct out *out, bool color, unsigned width, struct err *err);

#endif
