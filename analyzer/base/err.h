/*
 * One error, carried up to the edge: a code that becomes the exit status, and one line of text.
 *
 * Functions that can fail take `struct err *err` last and return 0, or -1 after err_set(). Only cmd/ and main.c
 * print errors and exit. Not thread-safe per object; no global state.
 */
#ifndef ERR_H
#define ERR_H

#include <stdarg.h>

/* The codes are the exit statuses of tracean (tracean.1, EXIT STATUS). Never renumber. */
enum err_code {
    ERR_NONE = 0,
    ERR_USAGE = 1,      /* the command line is wrong */
    ERR_INPUT = 2,      /* an input cannot be used, or memory ran out: no report */
    ERR_INCOMPLETE = 3, /* a report was made, but the trace is damaged, unfinished or has lost events */
    ERR_OUTPUT = 4      /* the output could not be written */
};

struct err {
    enum err_code code;
    char text[1024]; /* lower case, cause first, no full stop; already harmless to print (escaped) */
};

/*
 * Set the error; the first one stands, later calls are ignored. Strings from a trace, an ELF file or the command line
 * that are passed for %s are made harmless here: control bytes and invalid UTF-8 in the finished text become \xNN.
 * Returns -1, so that `return err_set(…)` reads well.
 */
int err_set(struct err *err, enum err_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, with ": " and strerror(errnum) at the end. */
int err_set_errno(struct err *err, enum err_code code, int errnum, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
