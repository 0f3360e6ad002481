/*
 * What TRACERT_* say. Read once, at the start; one table in config.c names every variable, its default and its meaning.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "tracert/format.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

enum config_clock { CONFIG_CLOCK_AUTO, CONFIG_CLOCK_COUNTER, CONFIG_CLOCK_MONOTONIC };

/* Which segments are fenced (segment.h). */
enum config_fence { CONFIG_FENCE_NONE, CONFIG_FENCE_SOME, CONFIG_FENCE_ALL };

enum config_snapshot { CONFIG_SNAPSHOT_OFF, CONFIG_SNAPSHOT_EXIT, CONFIG_SNAPSHOT_PEAK };

struct config {
    bool start;                    /* TRACERT_START */
    const char *output;            /* TRACERT_OUTPUT; borrowed from the environment or a literal */
    const char *session;           /* TRACERT_SESSION: path of the region to join; NULL: none */
    const char *memory_dir;        /* TRACERT_SHM */
    enum tf_full_policy full;      /* TRACERT_FULL */
    enum tf_memory memory;         /* TRACERT_MEMORY */
    enum config_snapshot snapshot; /* TRACERT_SNAPSHOT */
    enum config_clock clock;       /* TRACERT_CLOCK */
    enum config_fence fence;       /* TRACERT_FENCE */
    uint32_t ring_bytes;           /* TRACERT_BUFFER: a power of two */
    int level;                     /* TRACERT_LEVEL */
    uint32_t workers;              /* TRACERT_WORKERS, or WORKERS_AUTO */
    const char *bad;               /* name of a variable whose value makes no sense, or NULL; its default is used */
};

/* Fill `config` from `environment` (NULL-terminated NAME=value strings; may be NULL). Allocates nothing; signal-safe.
 */
void config_read(struct config *config, char **environment);

/* Copy `pattern` to `path` (of `bytes` bytes) with %p as `pid` and %% as %. 0, or -1 when it does not fit. */
int config_expand(char *path, unsigned bytes, const char *pattern, int pid);

/* The table, for documentation and its test: rows of name, default, meaning; ends with a NULL name. */
struct config_row {
    const char *name;
    const char *fallback;
    const char *meaning;
};

extern const struct config_row tracert__config_rows[];

#endif
