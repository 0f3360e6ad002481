/*
 * One line on stderr, when tracing cannot do what was asked. Raw writes: no stdio, no allocation. Signal-safe.
 */
#ifndef DIAG_H
#define DIAG_H

/* Write "tracert: " and the pieces (NULL-terminated list of texts), and a line end, in one write. */
void diag_line(const char *piece, ...) __attribute__((sentinel));

/* What an errno means, without strerror (which may allocate and translate). Static storage. */
const char *diag_errno(int error);

#endif
