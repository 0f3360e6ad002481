/*
 * What is mapped, as /proc/self/maps says: the writable memory that can hold pointers of the program's.
 */
#ifndef IMAGE_MAPS_H
#define IMAGE_MAPS_H

#include "drain/image.h"

#include <stdint.h>

struct image_map {
    uint64_t start, end;
    uint32_t flags;      /* enum tf_mapping_flag */
    uint32_t path;       /* into paths … */
    uint32_t path_bytes; /* … so many; 0: it is anonymous */
};

struct image_maps {
    struct image_map *all;
    uint32_t nr;
    char *paths;
    uint32_t paths_bytes;
    uint64_t guard_end; /* of the mapping before, if nobody may access it; else 0 */
};

/* Read the calling process's, without the memory in the ranges of `ours`, which may be cut out of larger ones. 0, or
 * -errno. */
int image_maps_read(struct image_maps *mappings, const struct image_range *ours, uint32_t nr_ours);

#endif
