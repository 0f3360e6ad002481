/*
 * A trace whose recorder was killed is finished before it is read, by the program that knows how: tracert-drain.
 */
#ifndef FINISH_H
#define FINISH_H

#include "trace/reader.h"

#include <stdbool.h>

/* True when the trace is unfinished, nobody writes it any more, and the shared memory that it names is still there. */
bool finish_is_needed(const struct trace *trace);

/*
 * Run tracert-drain on it; the trace must be opened anew afterwards. True when it succeeded; else there is a line in
 * trace's notices that says why not, and the trace is as it was.
 */
bool finish_run(struct trace *trace);

/* Ask a process, by its session's shared memory, for an image of its heap. 0: it has set about it; 1: a line on stderr
 * says why not; -1: tracert-drain, which asks, is not installed. */
int finish_snapshot(const char *region, const char *pid);

#endif
