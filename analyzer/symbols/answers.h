/*
 * What the parent and its confined child say to each other: the question as a job, the answers as checked messages.
 */
#ifndef ANSWERS_H
#define ANSWERS_H

#include "symbols/child.h"
#include "symbols/symbols.h"

/* A query with its place in the caller's array. */
struct answers_query {
    uint32_t module;
    uint64_t address;
    size_t index;
};

/* The queries of one module: queries[first … first + nr_queries). */
struct answers_range {
    uint32_t module;
    size_t first, nr_queries;
};

/* The whole question. The child inherits it by fork(). */
struct answers_job {
    const struct symbol_module *modules;
    const struct answers_query *queries; /* by module, address, index */
    const struct answers_range *ranges;  /* by module; modules without queries have none */
    size_t nr_queries, nr_ranges;
    const struct symbol_options *options;
    size_t first_range; /* where the child begins */
};

/*
 * Messages, range by range: all that are known of LINKAGE, then NAME, then FILE, then one DONE. What is cheap and safe
 * comes first, so that a crash costs little. `index` is a place in job->queries.
 */
enum answers_kind {
    ANSWERS_LINKAGE = 1, /* text: as in the symbol table */
    ANSWERS_NAME = 2,    /* text: demangled, where that differs */
    ANSWERS_FILE = 3,    /* text: source file; number: line */
    ANSWERS_DONE = 4     /* index: the range; number: enum answers_status, | errno << 8 */
};

enum answers_status {
    STATUS_READ = 0,
    STATUS_GONE,
    STATUS_UNREADABLE, /* with errno */
    STATUS_NOT_A_FILE,
    STATUS_NOT_AN_OBJECT,
    STATUS_REBUILT,
    STATUS_STRIPPED, /* no symbol table, and some of the functions have no name */
    STATUS_NO_LINES, /* there is debug information, and it cannot be read */
    NR_STATUSES
};

struct answers_limits {
    struct child_limits child;
    uint64_t module_ns; /* until a module is done */
    uint64_t total_ns;  /* until all are */
};

struct answers_sink {
    struct symbol *answers;
    struct arena *arena;
    void (*notice)(void *context, const char *text);
    void *context;
};

/*
 * Have `work` answer the job in confined children, a new one after each that fails. 0, or -1 with err set when memory
 * ran out here.
 */
int answers_collect(const struct answers_job *job, const struct answers_limits *limits,
                    void (*work)(struct child_sender *sender, const void *job), const struct answers_sink *sink,
                    struct err *err);

#endif
