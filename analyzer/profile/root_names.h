/*
 * What roots are called: variables by their symbols, stacks by their threads.
 */
#ifndef ROOT_NAMES_H
#define ROOT_NAMES_H

#include "profile/retention.h"

struct root_name {
    const char *name;   /* untrusted; in the arena */
    const char *module; /* "" when it is in none */
    enum root_kind kind;
    uint64_t address; /* of its first pointer; 0: a register */
    uint32_t subject;
};

struct root_names {
    struct root_name *all;
    uint32_t nr;
    size_t capacity;
    uint32_t *of_pointer; /* for each pointer: index into all; GRAPH_NONE: it lies in a block */
};

/* 0, or -1 with err set; to be released in both cases. */
int root_names_make(struct root_names *names, const struct retention_request *request, const struct heap_roots *roots,
                    const struct heap_pointers *pointers, struct arena *arena, struct err *err);
void root_names_release(struct root_names *names);

#endif
