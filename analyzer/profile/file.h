/*
 * A profile as a file (PROFILE.md): canonical, so that equal profiles are equal bytes.
 */
#ifndef FILE_H
#define FILE_H

#include "base/err.h"
#include "base/out.h"
#include "profile/profile.h"

/* True when the file at `path` begins as a profile does, of whatever version. */
bool profile_file_is(const char *path);

/*
 * Read a profile. Everything is checked: it may come from anybody. NULL with ERR_INPUT set when the file cannot be
 * read, is damaged, of another version or malformed, or memory ran out.
 */
struct profile *profile_file_read(const char *path, struct err *err);

/* The same from memory; `name` is for messages. */
struct profile *profile_decode(const uint8_t *bytes, size_t nr, const char *name, struct err *err);

/* Write a profile. Functions that cannot be told apart (merge.h) become one. 0 or -1. */
int profile_file_write(const struct profile *profile, struct out *out, struct err *err);

#endif
