/*
 * What a program says of itself in the comment at its head, line by line:
 *
 *   expect: FUNCTION CALLS       the function is called that often (functions of the same name together)
 *   expect-open: N               frames that are open at the end; 0 when not said
 *   expect-unwound: N            frames left without an exit; 0 when not said
 *   expect-unwound-gcc: N        the same where the compilers differ
 *   expect-unwound-clang: N
 */
#ifndef EXPECT_H
#define EXPECT_H

#include "harness.h"

#define EXPECT_MAX 32

struct expectation {
    char *function;
    uint64_t calls;
};

struct expectations {
    struct expectation functions[EXPECT_MAX];
    unsigned nr_functions;
    uint64_t open_frames;
    uint64_t unwound_frames[2]; /* by toolchain.is_clang */
};

/* Read a source file's head comment. nr_functions is 0 when the file expects nothing. */
void expectations_read(struct expectations *expectations, const char *path);

/* Fail the test unless the report is complete and says exactly that. */
void expectations_check(const struct expectations *expectations, const json_t *report, bool is_clang);

#endif
