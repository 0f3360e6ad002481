/*
 * Where functions are defined: source file and line, from DWARF 2 to 5.
 */
#ifndef LINES_H
#define LINES_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lines_query {
    uint64_t address; /* of a function's first instruction, or of a call */
    size_t index;     /* the asker's */
    bool is_call;     /* in the middle of a function: its own line is the answer */
    bool found;
    uint32_t line;         /* answer; 0 when unknown */
    const char *file;      /* answer, in the Dwarf's memory; may be relative to `directory` */
    const char *directory; /* of the compilation; may be NULL */
};

/*
 * Answer what can be answered: the line of the function's declaration, else of its first instruction. Sorts the
 * queries by address. Reads only the units that have functions of the queries. False when not all of them can be read.
 */
bool lines_find(Dwarf *dwarf, struct lines_query *queries, size_t nr_queries);

/* Join and clean a path ("/a" and "./b/../c.c" are "/a/c.c"). Returns its length; 0 when it does not fit. */
size_t lines_path(const char *directory, const char *file, char *text, size_t room);

#endif
