/*
 * What the verbs have in common that replay one trace themselves, and show what they made of it.
 */
#ifndef REPLAYED_H
#define REPLAYED_H

#include "cmd/input.h"

struct replayed {
    const struct options *options;
    struct trace *trace;
    struct replay *replay; /* replay_run() has been there */
    struct notices *notices;
    struct arena *arena; /* for what lives as long as the answer */
};

/* The names of the replay's functions. NULL with err set when memory ran out. */
struct profile_function *replayed_names(const struct replayed *replayed, struct err *err);

/* Open and replay the only input, show it, and print errors and notices; the exit status. */
int replayed_show(const struct options *options, const struct replay_filter *filter,
                  int (*show)(const struct replayed *replayed, struct err *err));

#endif
