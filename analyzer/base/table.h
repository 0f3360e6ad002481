/*
 * A table, built once and written in any format: aligned columns for a terminal, Markdown, HTML, CSV, JSON.
 *
 * Texts of cells are untrusted and are escaped here, in the form of their place; titles, keys, prefixes and suffixes
 * are literals. On a terminal only the last column is ever shortened; columns with a rank are left out, the highest
 * rank first, until it has room.
 */
#ifndef TABLE_H
#define TABLE_H

#include "base/arena.h"
#include "base/number.h"
#include "base/out.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum table_kind {
    TABLE_TEXT,  /* untrusted */
    TABLE_COUNT, /* "48,211,904" */
    TABLE_ID,    /* "4711" */
    TABLE_TIME,  /* ns: "5.31 s"; for programs an integer */
    TABLE_SHARE, /* of `whole`, in percent: "41.4" */
    TABLE_RATIO, /* to `whole`: "1.5" */
    TABLE_CHANGE /* from `whole`, in ns: "+1.05 us", "-7 ns" */
};

struct table_column {
    const char *title; /* for people */
    const char *key;   /* for programs; NULL: they do not get the column */
    enum table_kind kind;
    unsigned rank; /* 0: never left out */
};

#define TABLE_FOR_PROGRAMS UINT32_MAX /* a rank: people do not see the column */

enum table_style { TABLE_PLAIN, TABLE_BOLD, TABLE_YELLOW, TABLE_RED };

struct table_cell {
    const char *text;            /* TABLE_TEXT; of a number NULL: it is known */
    const char *prefix, *suffix; /* around the text, for people only: "" or trusted, and never shortened */
    uint64_t number, whole;
    bool is_empty; /* there is no value: nothing, or null */
    enum table_style style;
};

struct table {
    const struct table_column *columns;
    unsigned nr_columns;
    struct table_cell *cells; /* row by row */
    size_t nr_cells, capacity;
    struct arena texts;
    bool failed; /* memory ran out: writing says so */
};

void table_init(struct table *table, const struct table_column *columns, unsigned nr_columns);
void table_release(struct table *table);
size_t table_rows(const struct table *table);

/* Add the next cell of the current row; the texts are copied. The kind is the column's. */
void table_text(struct table *table, const char *text, enum table_style style);
void table_text_within(struct table *table, const char *prefix, const char *text, const char *suffix,
                       enum table_style style);
void table_number(struct table *table, uint64_t number);
void table_share(struct table *table, uint64_t part, uint64_t whole, enum table_style style); /* RATIO, CHANGE too */
void table_empty(struct table *table);

/* How a terminal wants it. */
struct table_look {
    bool color;
    unsigned columns;      /* 0: no limit */
    bool times_are_counts; /* TABLE_TIME is a number of something else: folded stacks of samples */
    enum number_unit unit; /* of times */
};

/* Titles and rows in the format. 0, or -1 when memory ran out. */
int table_write_text(const struct table *table, const struct table_look *look, struct out *out, struct err *err);
int table_write_markdown(const struct table *table, const struct table_look *look, struct out *out, struct err *err);
int table_write_html(const struct table *table, const struct table_look *look, struct out *out, struct err *err);

/* RFC 4180, with a line of keys. */
int table_write_csv(const struct table *table, struct out *out, struct err *err);

/* An array of objects. Shares are percentages with three decimals. */
int table_write_json(const struct table *table, struct out *out, struct err *err);

/* A number as people read it, in the caller's buffer of NUMBER_BYTES. */
char *table_cell_format(const struct table_cell *cell, enum table_kind kind, const struct table_look *look, char *text);

#endif
