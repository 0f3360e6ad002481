/* What every unit test's main() ends with. */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>

/* Run one suite, each test in a process of its own (CK_FORK=no: all in this one). The exit status: 0, or 1 when a test
 * failed. */
int suite_run(Suite *suite);

#endif
