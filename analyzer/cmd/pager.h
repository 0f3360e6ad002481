/*
 * Text that is taller than the terminal goes through a pager.
 */
#ifndef PAGER_H
#define PAGER_H

#include <stdbool.h>
#include <stddef.h>

/* True when the text has as many lines as the terminal on standard output, or more. */
bool pager_is_needed(const char *text);

/* Show it with TRACEAN_PAGER, PAGER or less. False when there is no pager that can be started. */
bool pager_show(const char *text, size_t bytes);

#endif
