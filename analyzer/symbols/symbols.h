/*
 * From addresses to names and lines, in a child process whose crash costs names and nothing else.
 */
#ifndef SYMBOLS_H
#define SYMBOLS_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An object file as the trace describes it. */
struct symbol_module {
    const char *path;        /* may be "" (no file) */
    const uint8_t *build_id; /* NULL when it had none */
    size_t build_id_bytes;
};

/* What is asked: an address in the file's own address space (run-time address minus load base). */
struct symbol_query {
    uint32_t module; /* index into modules */
    uint64_t address;
};

/* What is answered; texts lie in the caller's arena and are untrusted. */
struct symbol {
    const char *name;    /* demangled; NULL when there is none */
    const char *linkage; /* as in the symbol table; NULL when there is none */
    const char *file;    /* NULL when unknown; without a line perhaps no more than its last part */
    uint32_t line;       /* 0 when unknown */
};

/* How C++ and Rust names are shown. */
enum symbol_names {
    SYMBOL_NAMES_FULL,   /* ns::set<int>::find(int const&) const */
    SYMBOL_NAMES_SHORT,  /* ns::set<int>::find */
    SYMBOL_NAMES_MANGLED /* _ZNK2ns3setIiE4findERKi */
};

struct symbol_options {
    const char *debug_dir; /* searched for .build-id/ and debuglinks; NULL: /usr/lib/debug */
    bool force;            /* take a binary whose build-id differs from the recorded one */
    enum symbol_names names;
    bool variables;  /* the queries are of variables, whose lines are not known */
    bool call_lines; /* the queries are calls: the lines are theirs, not those where their functions begin */
};

/*
 * Resolve all queries. answers[i] belongs to queries[i]; what cannot be resolved stays zero. Notices (a binary that is
 * gone, was rebuilt, is unreadable; the child died) are handed to `notice`, one line each, in a fixed order. 0; -1 with
 * err set only when memory ran out in this process. The child gets no new privileges, no terminal, bounded memory and
 * time.
 */
int symbols_resolve(const struct symbol_module *modules, size_t nr_modules, const struct symbol_query *queries,
                    size_t nr_queries, const struct symbol_options *options, struct symbol *answers,
                    struct arena *arena, void (*notice)(void *context, const char *text), void *context,
                    struct err *err);

#endif
