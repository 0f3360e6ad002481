/*
 * What the verbs that read traces have in common: the input, the filters, the notices.
 */
#ifndef INPUT_H
#define INPUT_H

#include "cmd/command.h"
#include "profile/profile.h"
#include "profile/replay.h"
#include "profile/subtrees.h"
#include "symbols/symbols.h"

/* Lines to be shown; equal ones once. The texts are untrusted. */
struct notices {
    char **texts;
    size_t nr, capacity;
};

void notices_add(void *notices, const char *text); /* as symbols_resolve() wants it */
void notices_release(struct notices *notices);

/* Open a trace that the command line names; one that a killed recorder left is finished first. "-" is standard
 * input. NULL with err set. */
struct trace *input_open(const char *path, struct err *err);

/* The command line names no trace, and there is none in the working directory. */
bool input_is_missing(const struct options *options);

/* The same, said: 0 when there is one, or -1 with err set. */
int input_check_default(const struct options *options, struct err *err);

/* Open the only input of a verb that takes one. */
struct trace *input_open_single(const struct options *options, struct err *err);

struct replay_filter input_filter(const struct options *options);
struct symbol_options input_symbols(const struct options *options);

/* Which functions --function lets through (without it: all); the caller frees it. NULL with err set when the expression
 * is wrong or memory ran out. */
bool *input_match(const struct options *options, const struct profile_function *functions, uint32_t nr,
                  struct err *err);

/* True when parts of the call tree are left out: by function, module, depth or time. */
bool input_is_filtered(const struct options *options);

/* The filters of the call tree, by function; to be released in any case. 0, or -1 with err set. */
struct input_subtrees {
    struct subtree_filter filter;
    bool *wanted, *ignored, *hidden;
};

int input_subtrees_match(struct input_subtrees *subtrees, const struct options *options,
                         const struct profile_function *functions, uint32_t nr, struct err *err);
void input_subtrees_release(struct input_subtrees *subtrees);

/* What a JSON or a text says of time: ns as seconds with nine digits behind the point. */
void out_seconds(struct out *out, uint64_t time_ns);

/* Print the notices of a trace; returns the exit status: ERR_NONE, or ERR_INCOMPLETE. */
int input_status(const struct options *options, const struct trace *trace, uint64_t dropped_events);

#endif
