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

/*
 * The same for verbs that also take folded stacks: from a file of text, or from standard input ("-", or a pipe when no
 * trace is there).
 */
struct profile *load_stacks_or_profile(const struct options *options, struct err *err);

/*
 * The same, and what is to be compared: two inputs with --diff, or one of folded stacks with two counts a line. What
 * the result is of is pair->both then, and the pair's; else the pair is empty. NULL with err set; the pair is to be
 * released in any case.
 */
struct profile *load_shown(const struct options *options, struct pair *pair, struct err *err);

/*
 * The whole of a verb that loads its inputs and shows one view of them: parse, load, write. argv[0] is the verb; the
 * rest as options_parse() takes it. The exit status; errors are printed.
 */
int load_and_show(int argc, char **argv, unsigned option_set, const char *about, const char *examples);

#endif
