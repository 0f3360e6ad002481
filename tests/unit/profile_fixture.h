/* A profile for the tests of views: recursion, functions of one name, hostile names, known facts. */
#ifndef PROFILE_FIXTURE_H
#define PROFILE_FIXTURE_H

#include "profile/profile.h"

#define HOSTILE_NAME "</title><script>alert(\"1\")</script>]]>\x1b[31m\xff&'\xe2\x80\xae;\n=1"

/* main (1 call, 1000 ns) calls visit (which calls itself) and two functions "twin" in two files; thread 2 is HOSTILE.
 */
struct profile *profile_fixture(void);

/* The text that a view makes of it; the caller frees. */
char *profile_fixture_view(const struct profile *profile, const char *verb, const char *format, uint32_t top);

#endif
