/*
 * The names of regions, in the session's shared memory: a name is where its text lies, the same for all processes and
 * the drain. They are never forgotten.
 */
#ifndef NAMES_H
#define NAMES_H

#include "region.h"

#include <stdint.h>

#define NAME_BYTES_MAX 1000u

/*
 * The name of a text of at most NAME_BYTES_MAX bytes. When there is no room for more it is that of "(too many names)";
 * 0 when there is no memory for any. `path` as for region_reserve(). Signal-safe.
 */
uint32_t names_intern(struct region *region, const char *path, const char *text, uint32_t bytes);

/* The text of a name that names_intern() gave, not terminated; whatever `name` is, it lies in the region. */
const char *names_text(const struct region *region, uint64_t name, uint32_t *bytes);

#endif
