/*
 * What most verbs do: load a profile, show a view of it.
 */
#ifndef SHOW_H
#define SHOW_H

#include "cmd/command.h"

/*
 * The whole of a verb that loads its inputs and shows one view of them: parse, load, write. argv[0] is the verb; the
 * rest as options_parse() takes it. The exit status; errors are printed.
 */
int load_and_show(int argc, char **argv, unsigned option_set, const char *about, const char *examples);

#endif
