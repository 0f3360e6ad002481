/*
 * An answer made of lines and tables, written in the format that the options ask for.
 *
 * Lines are for people: programs get the tables alone. JSON is one object with schema_version, "verb", and a member for
 * each table; CSV has the first table and no other. In HTML it is a whole document that needs nothing but itself.
 */
#ifndef SHEET_H
#define SHEET_H

#include "base/table.h"
#include "view/view.h"

struct sheet {
    struct out *out;
    enum view_format format;
    struct table_look look;
    unsigned nr_tables;
    bool in_line;
};

/* `profile` NULL: times are times. */
void sheet_begin(struct sheet *sheet, const struct profile *profile, const struct view_options *options,
                 const char *verb, struct out *out);
void sheet_end(struct sheet *sheet);

/* True when lines are shown at all. */
bool sheet_is_prose(const struct sheet *sheet);

/* Parts of a line: literals and numbers; then a text that is not trusted, at most `columns` of it on a terminal (0: as
 * it is); then its end. */
void sheet_format(struct sheet *sheet, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sheet_name(struct sheet *sheet, const char *text, unsigned columns);
void sheet_break(struct sheet *sheet);

/* A space between paragraphs; a heading over what follows. */
void sheet_gap(struct sheet *sheet);
void sheet_heading(struct sheet *sheet, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `key` names the table for programs. 0 or -1. */
int sheet_table(struct sheet *sheet, const char *key, const struct table *table, struct err *err);

#endif
