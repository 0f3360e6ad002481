/*
 * The heap of a trace, for the verbs that show it.
 */
#ifndef HEAP_VERB_H
#define HEAP_VERB_H

#include "cmd/command.h"
#include "profile/heap_profile.h"

/* Watch the trace that the options name. NULL with err set: not one trace, or one without events of memory. */
struct heap_profile *heap_load(const struct options *options, struct err *err);

/* The same as a call tree weighed by what --weight says. */
struct profile *heap_load_weighed(const struct options *options, struct err *err);

/* report --memory: load, write; the exit status. Errors are printed. */
int heap_report(const struct options *options);

#endif
