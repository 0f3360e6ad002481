/*
 * The lines of a function's source from which it calls: how often, and how long the calls took.
 */
#ifndef CALL_SITES_H
#define CALL_SITES_H

#include "profile/profile.h"
#include "symbols/symbols.h"

#include "base/err.h"

struct replay;

struct call_line {
    const char *file;    /* "" when unknown */
    uint32_t line;       /* 0 when unknown */
    uint32_t callee;     /* the one that takes most of the time: number in the replay */
    uint32_t nr_callees; /* names, not addresses */
    uint64_t calls;
    uint64_t inclusive_ns; /* recursion counted once */
};

struct call_sites {
    struct call_line *lines; /* by file, then by line */
    uint32_t nr;
    uint64_t calls, inclusive_ns, exclusive_ns; /* of the function itself */
};

struct call_sites_request {
    struct replay *replay;                    /* replay_run() by_site has been there */
    const struct profile_function *functions; /* its names */
    const bool *wanted;                       /* by number: is the function */
    const struct symbol_options *symbols;
    void (*notice)(void *context, const char *text);
    void *context;
};

/* 0, or -1 with err set when memory ran out. Files lie in the arena. */
int call_sites_find(struct call_sites *sites, const struct call_sites_request *request, struct arena *arena,
                    struct err *err);
void call_sites_release(struct call_sites *sites);

#endif
