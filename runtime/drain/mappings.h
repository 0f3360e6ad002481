/*
 * What is mapped, as /proc/self/maps says: the writable memory that can hold pointers of the program's.
 */
#ifndef MAPPINGS_H
#define MAPPINGS_H

#include "drain/image.h"

#include <stdint.h>

struct mapping {
    uint64_t start, end;
    uint32_t flags;      /* enum tf_mapping_flag */
    uint32_t path;       /* into paths … */
    uint32_t path_bytes; /* … so many; 0: it is anonymous */
};

struct mappings {
    struct mapping *all;
    uint32_t nr;
    char *paths;
    uint32_t paths_bytes;
    uint64_t guard_end; /* of the mapping before, if nobody may access it; else 0 */
};

/* Read the calling process's, without the memory in the ranges of `ours`, which may be cut out of larger ones. 0, or
 * -errno. */
int mappings_read(struct mappings *mappings, const struct image_range *ours, uint32_t nr_ours);

#endif
