/* A line as the words of it, as a shell would divide it. */
#ifndef SHELL_WORDS_H
#define SHELL_WORDS_H

#include <stddef.h>

/*
 * Divide `line` in place, where white space stands: not within '…' and "…", nor behind a backslash, which stands for
 * the byte behind it anywhere but within '…'. Nothing else means anything. words[0, nr) point into it. Returns how many
 * words there are; SIZE_MAX when a quote has no end, or there are more than `most`.
 */
size_t shell_words(char *line, char **words, size_t most);

#endif
