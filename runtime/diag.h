/*
 * One line on stderr, when tracing cannot do what was asked. Raw writes: no stdio, no allocation. Signal-safe.
 */
#ifndef DIAG_H
#define DIAG_H

/* Remember what stderr is now: the program may close it, and what it opens then is not ours to write to. */
void diag_remember(void);

/* Write "tracert: " and the pieces (NULL-terminated list of texts), and a line end, in one write; nothing when stderr
 * is not what it was. */
void diag_line(const char *piece, ...) __attribute__((sentinel));

/* What an errno means, without strerror (which may allocate and translate). Static storage. */
const char *diag_errno(int error);

#endif
