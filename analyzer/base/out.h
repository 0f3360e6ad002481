/*
 * Buffered output with one sticky error, to standard output or to a file that appears whole or not at all.
 *
 * All views and exports write through this; nobody checks single writes: out_close() reports the first failure.
 */
#ifndef OUT_H
#define OUT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct out;

/*
 * Open `path`, or standard output when it is NULL or "-". A file is written as a temporary beside `path` and renamed by
 * out_close(); one that is replaced keeps its permissions. A program that is interrupted leaves no temporary
 * (temporary.h). NULL with ERR_OUTPUT set when it cannot be made.
 */
struct out *out_open(const char *path, struct err *err);

/* Output into memory, for tests and for composing: *text (NUL-terminated, malloc'ed, the caller frees) is set by
 * out_close(). */
struct out *out_open_memory(char **text, size_t *bytes);

/* Finish: flush, check, rename. 0, or -1 with ERR_OUTPUT set and no file left behind. EPIPE on standard output is not
 * an error. */
int out_close(struct out *out, struct err *err);

/* Throw away what was written to a file; nothing is left behind. */
void out_discard(struct out *out);

void out_bytes(struct out *out, const char *text, size_t bytes);
void out_text(struct out *out, const char *text); /* trusted text: literals and numbers; names go through escape.h */
void out_char(struct out *out, char c);
void out_format(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void out_repeat(struct out *out, const char *text, unsigned times);

/* True when this is a terminal (then colour and width apply). Columns of the terminal, or of COLUMNS, or 80. */
bool out_is_terminal(const struct out *out);
unsigned out_columns(const struct out *out);

/* Bytes written so far. */
uint64_t out_count(const struct out *out);

#endif
