/*
 * What the tests of symbols/ share: a folder of their own, shell commands, a question and its answers.
 * Each test runs in a process of its own and fails by ck_assert.
 */
#ifndef SYMBOLS_FIXTURE_H
#define SYMBOLS_FIXTURE_H

#include "symbols/symbols.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIXTURE_NOTICES_MAX 1024

struct fixture {
    char dir[64];
    struct arena arena;
    struct symbol *answers; /* of the last fixture_resolve() */
    size_t nr_notices;
    char *notices[FIXTURE_NOTICES_MAX];
};

/* Make the folder and go there; fixture_close() removes it. */
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);

void fixture_write(const char *name, const char *text);

/* Run a shell line; the test fails when it does. */
void fixture_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

bool fixture_has_tool(const char *name);

/* Ask; answers and notices are in the fixture until the next call. */
void fixture_resolve(struct fixture *fixture, const struct symbol_module *modules, size_t nr_modules,
                     const struct symbol_query *queries, size_t nr_queries, const struct symbol_options *options);

/* Ask for one address of a file without a recorded build-id. */
struct symbol fixture_resolve_one(struct fixture *fixture, const char *path, uint64_t address);

/* Collects notices; `context` is the fixture: symbols_resolve()'s callback. */
void fixture_notice(void *context, const char *text);

/* An address by name, as nm prints it; the test fails when the file has no such symbol. */
uint64_t fixture_address(const char *path, const char *name);

/* The build-id of a file; its bytes. */
size_t fixture_build_id(const char *path, uint8_t *build_id, size_t room);

#endif
