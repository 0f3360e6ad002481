/* A profile that can be handed out: without folders, arguments and hosts. */
#ifndef REDACT_H
#define REDACT_H

#include "base/err.h"
#include "profile/profile.h"

/*
 * Leave of every path its last part, and what tells it from another path that ends alike ("util.c~2"); of the command
 * its program; of notices what is no path; of the host nothing. Names of functions and threads, numbers and times stay.
 * 0, or -1 with err set when memory ran out: then nothing of the profile may be shown.
 */
int profile_redact(struct profile *profile, struct err *err);

#endif
