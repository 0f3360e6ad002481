/*
 * The exports: views in other tools' formats. Their signature is a view's, so that view.c lists them.
 */
#ifndef EXPORT_H
#define EXPORT_H

#include "view/view.h"

/* "root;…;leaf ns" for each call path with exclusive time, sorted by bytes. */
int export_folded(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);

/* The profile itself (profile/PROFILE.md); not to a terminal. */
int export_tprof(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err);

#endif
