/*
 * The bytes of a profile.proto, as `go tool pprof` and many others read it: strings, functions, object files, samples.
 * It is not compressed: readers take it as it is, or after gzip.
 *
 * Begin, then functions and samples in any order, then finish. Texts are untrusted; they become UTF-8.
 */
#ifndef PPROF_H
#define PPROF_H

#include "base/err.h"
#include "base/index.h"
#include "base/out.h"
#include "profile/wire.h"

struct pprof_type {
    const char *name, *unit; /* "alloc_space", "bytes" */
};

struct pprof_function {
    const char *name, *module, *file;
    uint32_t line;
};

struct pprof {
    struct wire message;
    struct wire part; /* that is being made, for its length */
    struct wire inner;
    char **texts; /* of the string table, in their order */
    uint32_t nr_texts;
    size_t text_capacity;
    struct index text_index;
    uint32_t *modules; /* strings of the object files, in the order of their ids: 1 and up */
    uint32_t nr_modules;
    size_t module_capacity;
    unsigned nr_values;
    bool failed;
};

/* `types`: of the values of each sample; the last one is shown first. */
void pprof_begin(struct pprof *pprof, const struct pprof_type *types, unsigned nr_types);
void pprof_release(struct pprof *pprof);

/* Function `number`; each one once. */
void pprof_function(struct pprof *pprof, uint32_t number, const struct pprof_function *function);

/* A call path, the innermost function first, with as many values as there are types. */
void pprof_sample(struct pprof *pprof, const uint32_t *functions, uint32_t nr, const uint64_t *values);

/* Write it. 0, or -1 with err set when memory ran out. */
int pprof_finish(struct pprof *pprof, uint64_t realtime_ns, uint64_t duration_ns, struct out *out, struct err *err);

#endif
