/*
 * What pictures are made of: profiles, folded stacks, or two of them to be compared.
 */
#ifndef LOAD_STACKS_H
#define LOAD_STACKS_H

#include "cmd/command.h"
#include "profile/pair.h"
#include "profile/profile.h"

/*
 * As load_profile() of load.h, and of folded stacks: from a file of text, or from standard input ("-", or a pipe when
 * no trace is there).
 */
struct profile *load_stacks_or_profile(const struct options *options, struct err *err);

/*
 * The same, and what is to be compared: two inputs with --diff, or one of folded stacks with two counts a line. What
 * the result is of is pair->both then, and the pair's; else the pair is empty. NULL with err set; the pair is to be
 * released in any case.
 */
struct profile *load_shown(const struct options *options, struct pair *pair, struct err *err);

#endif
