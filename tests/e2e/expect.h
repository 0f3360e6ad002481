/*
 * What a program says of itself in the comment at its head, line by line:
 *
 *   expect: FUNCTION CALLS            the function is called that often (functions of the same name together)
 *   expect-call: CALLER > CALLEE N    … and that often by this one
 *   expect-total: N                   calls of all functions
 *   expect-open: N                    frames that are open at the end; 0 when not said
 *   expect-unwound: N                 frames left without an exit; 0 when not said
 *   expect-unwound-gcc: N             the same where the compilers differ
 *   expect-unwound-clang: N
 *   expect-lost: N                    hook calls that are counted, but not recorded; 0 when not said
 *   expect-status: N                  exit status, or 128 + signal; 0 when not said
 *   expect-output: varies             it does not print the same each time, and need not without the library
 *   expect-environment: NAME=VALUE …  with which it runs
 *   expect-link: dynamic              it cannot be linked statically
 *   expect-link: library              … or without the library, whose functions it calls
 *   expect-lto: no                    … or by another linker than the system's
 *   expect-compiler: clang            no other one knows it
 *   expect-sanitizers: no             they do not like what it does
 *   expect-without: NAME …            … nor does this way to link it, for the reason that stands behind it
 *   expect-slow: yes                  one build is enough where not all are made
 *
 * A number may be "any". The calls of a function may be "printed": the program prints "FUNCTION CALLS"; and so may
 * expect-lost: it prints "hook-calls N", and all of them are recorded or lost.
 */
#ifndef EXPECT_H
#define EXPECT_H

#include "harness.h"

#define EXPECT_MAX     32
#define EXPECT_ANY     UINT64_MAX
#define EXPECT_PRINTED (UINT64_MAX - 1)

struct expectation {
    char *caller; /* NULL: anybody */
    char *function;
    uint64_t calls;
};

struct expectations {
    struct expectation functions[EXPECT_MAX];
    unsigned nr_functions;
    uint64_t calls;
    uint64_t open_frames;
    uint64_t unwound_frames[2]; /* by toolchain.is_clang */
    uint64_t lost;
    int status;
    char *environment; /* "" when there is none */
    char *without;     /* names of ways to link, as the line has them; "" when there are none */
    bool varies, needs_dynamic, needs_library, needs_clang, no_lto, no_sanitizers, is_slow;
};

/* Read a source file's head comment. nr_functions is 0 when the file expects nothing. */
void expectations_read(struct expectations *expectations, const char *path);

/* Fail the test unless the report says exactly that. `output`: what the program printed; NULL when nobody knows. */
void expectations_check(const struct expectations *expectations, const json_t *report, const char *output,
                        bool is_clang);

#endif
