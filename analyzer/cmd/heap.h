/*
 * The heap of a trace, for the verbs that show it.
 */
#ifndef HEAP_VERB_H
#define HEAP_VERB_H

#include "cmd/command.h"
#include "profile/heap.h"

/*
 * Load the trace that the options name, with its heap, which belongs to *run: both are the caller's to free, *run last.
 * NULL with err set: not one trace, or one without events of memory.
 */
struct heap_profile *heap_load(const struct options *options, struct profile **run, struct err *err);

/* The heap alone, as a call tree weighed by what --weight says. */
struct profile *heap_load_weighed(const struct options *options, struct err *err);

/* Does the verb's command line ask for the heap: by --memory, or by a format that has nothing else? */
bool heap_is_asked(const struct options *options, const char *verb);

/* A verb with --memory: load, write; the exit status. Errors are printed. */
int heap_show(const struct options *options, const char *verb);

#endif
