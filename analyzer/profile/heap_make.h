/*
 * From a watched trace to a heap profile.
 */
#ifndef HEAP_MAKE_H
#define HEAP_MAKE_H

#include "profile/heap_wrappers.h"

/*
 * `names`: of the functions of heap->replay, in their order, with texts that live as long as `run`. Functions of the
 * same name in one module are one. NULL with err set when memory ran out.
 */
struct heap_profile *heap_profile_make(const struct heap *heap, const struct profile_function *names,
                                       const struct heap_folding *folding, const struct profile *run, struct err *err);

#endif
