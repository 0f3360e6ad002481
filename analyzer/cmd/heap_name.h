/*
 * The watched heap of a trace that is being loaded gets its names.
 */
#ifndef HEAP_NAME_H
#define HEAP_NAME_H

#include "cmd/command.h"
#include "profile/heap.h"

/*
 * The profile of the heap; the options say which functions are wrappers. `run`: of the same replay, with the names of
 * its functions in their order there. NULL with err set when memory ran out.
 */
struct heap_profile *heap_name(const struct options *options, const struct heap *heap, const struct profile *run,
                               struct err *err);

#endif
