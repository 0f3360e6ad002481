/*
 * Snapshots of the heap for Chrome's developer tools.
 */
#ifndef HEAP_FILES_H
#define HEAP_FILES_H

#include "profile/snapshot.h"
#include "view/view.h"

/*
 * .heapsnapshot, as V8 writes it: each block a node with its requested size, its pointers as elements by their offset,
 * its call path as name and as allocation stack. 0, or -1 with err set.
 */
int heapsnapshot_write(const struct snapshot *snapshot, const struct view_options *options, struct out *out,
                       struct err *err);

/* .heapprofile, a sampling profile of what is live, in which nothing is a sample. */
int heapprofile_write(const struct snapshot *snapshot, const struct view_options *options, struct out *out,
                      struct err *err);

#endif
