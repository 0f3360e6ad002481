/*
 * From the names on a command line to one profile: traces are read, replayed and named, profiles read; all are merged.
 */
#ifndef LOAD_H
#define LOAD_H

#include "cmd/command.h"
#include "profile/profile.h"

/*
 * Load every input. A damaged or unfinished trace gives a profile of what is there, with notices and facts.complete
 * false. NULL with err set when an input is no trace at all or nothing could be saved.
 */
struct profile *load_profile(const struct options *options, struct err *err);

#endif
