/*
 * The functions that a word on the command line means: those with that name or label; where there are none, those whose
 * names match it as a POSIX extended regular expression.
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include "view/sheet.h"

struct subject {
    uint32_t *functions; /* in the profile's order, that is, heaviest first */
    uint32_t nr;         /* at least 1 */
};

/* Which of `nr` functions these are, at least one; the caller frees it. NULL with ERR_USAGE set when there is none,
 * ERR_INPUT when memory ran out. Labels may be NULL. */
bool *subject_match(const struct profile_function *functions, uint32_t nr, const char *word, struct err *err);

/* 0, or -1 with ERR_USAGE set when there is no such function, ERR_INPUT when memory ran out. */
int subject_find(struct subject *subject, const struct profile *profile, const char *word, struct err *err);

/* How many of them are shown: all for programs and with --top 0, else what --top says, or `usual`. */
uint32_t subject_shown(const struct subject *subject, const struct view_options *options, uint32_t usual);

/* The line that says how many are not. */
void subject_rest(const struct subject *subject, uint32_t nr_shown, struct sheet *sheet);

void subject_release(struct subject *subject);

#endif
