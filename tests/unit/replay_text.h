/*
 * A replayed trace as a text, so that tests can compare whole results.
 */
#ifndef REPLAY_TEXT_H
#define REPLAY_TEXT_H

#include "profile/replay.h"

/*
 * Facts, threads and every node of the tree with its path and numbers, one a line, in a fixed order; malloc'ed. Aborts
 * the test when the counts break the law: events = 2 * calls - open - unwound.
 */
char *replay_text(const struct replay *replay);

/*
 * Open, replay and print a file. NULL when it was refused (then *err says why). *complete: nothing is known to be
 * missing. Reads every fact of the trace, so that sanitizers see it.
 */
char *trace_text(const char *path, bool *complete, struct err *err);

/* The calls in order, as an observer sees them: "+name@start" and "-name@end" with flags; malloc'ed. */
char *watch_text(const char *path, uint64_t from_ns, uint64_t to_ns);

#endif
