/*
 * What the tests of heaps share: numbers of reports, and of valgrind, which is their witness.
 */
#ifndef E2E_HEAP_H
#define E2E_HEAP_H

#include "harness.h"

/* The number `name` of an object, and the number `amount.unit`; fail the test where there is none. */
uint64_t number_of(const json_t *object, const char *name);
uint64_t amount_of(const json_t *object, const char *amount, const char *unit);

/* A number of valgrind's: what stands before `after` in the line that has `line`, with its commas. */
uint64_t witness_number(const char *text, const char *line, const char *after);

#endif
