/*
 * A snapshot of the heap: the image and its trace together.
 */
#ifndef SNAPSHOT_LOAD_H
#define SNAPSHOT_LOAD_H

#include "cmd/command.h"
#include "cmd/input.h"
#include "profile/snapshot.h"

/*
 * The image at `path`, with the trace at `trace`; NULL: the one that lies beside it by the name that the image has for
 * it. NULL with err set; to be freed by snapshot_unload(). What there is to be said is added to `notices`.
 */
struct snapshot *snapshot_load(const struct options *options, const char *path, const char *trace,
                               struct notices *notices, struct err *err);
void snapshot_unload(struct snapshot *snapshot);

#endif
