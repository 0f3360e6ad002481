/*
 * What stands at the head of a picture or a page.
 */
#ifndef TITLE_H
#define TITLE_H

#include "profile/pair.h"
#include "view/view.h"

/* --title, or the command, or the file; untrusted. */
const char *title_of(const struct profile *profile, const struct view_options *options);

/* How much, of what, when, and whether it is all; harmless in XML. */
void subtitle_write(struct out *out, const struct profile *profile);

/* The same of a pair: both amounts, and what the colours are. */
void pair_subtitle_write(struct out *out, const struct pair *pair);

/* A value of the profile with its unit; harmless in XML. */
void amount_write(struct out *out, const struct profile *profile, uint64_t value);

#endif
