/*
 * "-" as the name of an input: standard input, which can be read as often as a file, once it is kept.
 *
 * What comes from a pipe is put into a file without a name in $TMPDIR (/tmp without it), which becomes descriptor 0.
 */
#ifndef STANDARD_INPUT_H
#define STANDARD_INPUT_H

#include "base/err.h"

#include <stdbool.h>

bool standard_input_is(const char *path);

/* What to open for the input of that name. */
const char *standard_input_place(const char *path);

/* What to call it. */
const char *standard_input_name(const char *path);

/* Where that name is its: let it be a file from here on; nothing happens when it is one. 0, or -1 with err set. */
int standard_input_keep(const char *path, struct err *err);

#endif
