/*
 * A trace with the names of its functions in it, so that it can be read where its binaries are not.
 */
#ifndef PACK_H
#define PACK_H

#include "base/out.h"
#include "profile/function_set.h"
#include "symbols/symbols.h"

struct pack {
    uint32_t nr_objects, nr_functions; /* that functions of the trace lie in, and the functions */
    uint32_t nr_named;                 /* of these: with a name */
};

struct pack_request {
    struct trace *trace;
    const struct function_set *functions;
    const struct symbol_options *options; /* how they show names makes no difference */
    void (*notice)(void *context, const char *text);
    void *context;
};

/*
 * Write the trace to `out`, with the names of `functions` before its end; names that were in it already are used, and
 * written anew. The trace must be whole. 0, or -1 with err set.
 */
int pack_trace(struct pack *pack, const struct pack_request *request, struct out *out, struct err *err);

#endif
