/*
 * The distinct functions of a trace, numbered from 0: what a function is, whatever process it ran in and wherever it
 * was mapped. Code in an object file is (object, address in the file); other code is its address; a region is its name.
 */
#ifndef FUNCTION_SET_H
#define FUNCTION_SET_H

#include "profile/address_map.h"

#include "base/arena.h"
#include "base/err.h"

struct function_id {
    struct address at;     /* of code */
    struct address site;   /* with sites: where the call returns to; else its object is TRACE_NONE */
    const char *region;    /* NULL: code. Else its name, untrusted, NUL-terminated */
    uint32_t region_bytes; /* it may hold NUL bytes */
};

struct function_set {
    struct function_id *ids;
    uint32_t nr;
    size_t capacity;
    struct index codes, regions;
    struct arena names;
};

#define FUNCTION_NONE UINT32_MAX
#define FUNCTIONS_MAX (1u << 29) /* replay packs two flags beside the number */

void function_set_init(struct function_set *set);
void function_set_release(struct function_set *set);

/* The number of a function, which is new or not. With a `site` calls from there have a
 * number of their own.
 * FUNCTION_NONE with err set when memory ran out. */
uint32_t function_set_code(struct function_set *set, const struct address *at, struct err *err);
uint32_t function_set_call(struct function_set *set, const struct address *at, const struct address *site,
                           struct err *err);
uint32_t function_set_region(struct function_set *set, const char *name, uint32_t bytes, struct err *err);

#endif
