/*
 * A bar on the terminal while something is being read, when that takes longer than a second; and a line of it, on a
 * terminal or not, whenever somebody asks by SIGUSR1.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "cmd/command.h"

struct progress {
    const char *name; /* of what is being read; untrusted */
    uint64_t start_ns, shown_ns;
    bool enabled; /* standard error is a terminal, and nobody wants quiet */
};

#define PROGRESS_BYTES 512u /* a line with its end */

struct progress progress_begin(const struct options *options, const char *name);

/* From now on SIGUSR1 asks for a line, and ends nothing. */
void progress_listen(void);

/* How far it is; draws ten times a second at most, and a line of its own when one was asked for. */
void progress_show(void *progress, uint64_t done, uint64_t all);

/* Take the bar away. */
void progress_end(struct progress *progress);

/* The line: "trace.zst  [#########           ]  45 %  3 s left". */
void progress_line(char line[PROGRESS_BYTES], const char *name, uint64_t done, uint64_t all, uint64_t passed_ns);

#endif
