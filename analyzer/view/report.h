/*
 * What the views of a profile share.
 */
#ifndef REPORT_H
#define REPORT_H

#include "view/sheet.h"

/* The facts of the run. */
void report_header(const struct profile *profile, struct sheet *sheet);

/* The hot path, as a table. 0 or -1. */
int report_hot_path(const struct profile *profile, struct sheet *sheet, struct err *err);

/* The findings, as lines. 0 or -1. */
int report_findings(const struct profile *profile, struct sheet *sheet, struct err *err);

/* A function and where it is, as a line of its own over what is said of it. */
void report_place(const struct profile *profile, uint32_t function, struct sheet *sheet);

/* What to try next, as command lines that a shell takes as they are. */
int report_next(const struct profile *profile, struct sheet *sheet, struct err *err);

/* How a call of a list with identifiers is opened. */
int report_next_call(const char *source, struct sheet *sheet, struct err *err);

/* "s", but for one. */
const char *plural(uint64_t number);

#endif
