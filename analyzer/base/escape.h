/*
 * The only door for untrusted text (names from a trace, an ELF file, folded input; paths; arguments).
 *
 * Each function writes the text in a form that is harmless in its place. Input need not be UTF-8 and may be of any
 * length. The forms: terminal: control bytes, DEL, C1 controls, bidirectional controls (U+061C, U+200E/F, U+202A-E,
 * U+2066-9), line and paragraph separators and invalid UTF-8 as \xNN; JSON: a quoted string, invalid UTF-8 as U+FFFD,
 * "<" ">" "&" and all that the terminal does not get as \u escapes; XML/HTML: the five entities, characters that XML
 * 1.0 forbids and what the terminal does not get as U+FFFD; CSV: RFC 4180 quoting, and ' before a leading = + - @ TAB
 * CR; folded:
 * ";" as ":", control bytes and line ends as a space; Markdown: a code span, in which nothing is interpreted, of the
 * terminal's form, safe within a table.
 */
#ifndef ESCAPE_H
#define ESCAPE_H

#include "base/out.h"

void escape_terminal(struct out *out, const char *text, size_t bytes);
void escape_json(struct out *out, const char *text); /* with the quotes */
void escape_xml(struct out *out, const char *text, size_t bytes);
void escape_csv(struct out *out, const char *text); /* one field */
void escape_folded(struct out *out, const char *text);
void escape_markdown(struct out *out, const char *text);

/* Columns that escape_terminal will take on a terminal. */
size_t escape_terminal_width(const char *text, size_t bytes);

/*
 * At most `columns` columns of escape_terminal's form, shortened with "…": first the argument list, then template
 * arguments, then from the left. `columns` 0: no limit.
 */
void escape_terminal_elided(struct out *out, const char *text, size_t columns);

#endif
