/*
 * What file_read.c and file_write.c agree on (PROFILE.md).
 */
#ifndef FILE_LAYOUT_H
#define FILE_LAYOUT_H

#include "tracert/format.h"

#include <stdint.h>

enum {
    PROFILE_VERSION = 1,
    PROFILE_HEAD_BYTES = 16,     /* a skippable frame: magic, size, signature, version */
    PROFILE_VERSION_AT = 14,     /* u16 */
    PROFILE_RAW_MAX = 128 << 20, /* bytes of the content */
    PROFILE_NODES_MAX = 4 << 20,
    PROFILE_FUNCTIONS_MAX = 1 << 20
};

#define PROFILE_SIGNATURE "\x8Atprof"         /* behind magic and size */
#define PROFILE_SUM_MAX   ((uint64_t)1 << 62) /* no sum of calls or times is larger */

/* The sections of the content, in their order. Even ones may be skipped by a reader that does not know them. */
enum profile_section {
    SECTION_RUNS = 1,
    SECTION_NOTICES = 3,
    SECTION_FUNCTIONS = 5,
    SECTION_DURATIONS = 7,
    SECTION_NODES = 9
};

/* What NODES has of each node, a column each. */
enum profile_column {
    COLUMN_UP, /* from the node before this one, how far up its parent is: 0, the node itself */
    COLUMN_FUNCTION,
    COLUMN_CALLS,
    COLUMN_RAW,        /* raw exclusive time */
    COLUMN_CORRECTION, /* zigzag: exclusive time less the raw one */
    COLUMN_INHERITED,
    COLUMN_MIN,
    COLUMN_SPAN, /* the greatest less the least time of a call */
    NR_COLUMNS
};

#endif
