/*
 * The trace file: made so that nobody else's is ever overwritten, written block by block.
 */
#ifndef SINK_H
#define SINK_H

#include "tracert/format.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "drain/part.h"

#include <zstd.h>

struct sink {
    int fd;
    uint64_t bytes;      /* size of the file, whole blocks only */
    uint64_t end_offset; /* where the END block lies; UINT64_MAX: none */
    uint32_t sequence;
    uint64_t session;
    uint64_t nr_events;
    enum tf_clock clock;
    enum tf_failure failure; /* the first one; then nothing but END is written any more */
    int error;               /* its errno */
    int level;
    uint32_t lock;     /* of all above: lock.h */
    struct sink *file; /* the sink that the blocks are appended to: itself, or the one it shares */
    ZSTD_CCtx *zstd;
    ZSTD_CCtx *noise_zstd; /* for parts that are noise */
    uint8_t *raw;          /* TF_RAW_MAX bytes, for the payload being made */
    uint8_t *packed;       /* header and compressed payload */
    size_t packed_bytes;
};

/*
 * Make the trace file for `output` (TRACERT_OUTPUT with %p expanded) and hold it locked. A finished trace of this user
 * at that path is replaced, unless `keep`; one that is being written or was never finished, and any other file, is left
 * alone: then `path` (PATH_MAX bytes) becomes NAME.PID.zst beside it. A device or a FIFO there is an
 * error. 0 or -errno; nothing is left behind on failure.
 */
int sink_open(struct sink *sink, const char *output, int pid, bool keep, char *path);

/* Which finished files of this user's are not replaced: all; those that are not at the path itself; none, where what
 * has this process's number in its name is this process's. */
enum sink_keep { SINK_KEEP_ALL, SINK_KEEP_OTHERS, SINK_KEEP_NONE };

/*
 * The same in two steps, for a file that is to be whole before it takes another one's place: made in the folder of
 * `output`, without a name, or else at `path_new` (PATH_MAX bytes), and given its name. After a failure of either the
 * file is gone; should the process be killed in between, only one that had a name is left.
 */
int sink_create(struct sink *sink, const char *output, int pid, char *path_new);
int sink_publish(struct sink *sink, const char *output, int pid, enum sink_keep keep, char *path_new, char *path);

/* Buffers and compressor. 0, or -errno. Before anything else but these. */
int sink_init(struct sink *sink, int level, enum tf_clock clock, uint64_t session);

/* Buffers and compressor of a sink that appends to the file of another one, from another thread. 0, or -errno. */
int sink_share(struct sink *sink, struct sink *file);

/*
 * Write the first bytes of sink->raw as a block. The header's type, thread, nr_events and ticks are the caller's; the
 * rest is filled in here. An END block that was written before is taken back first. 0; -1 when the sink has failed, now
 * or before: the file ends with its last whole block.
 */
int sink_write(struct sink *sink, struct tf_header *header, size_t raw_bytes);

/* The same for a payload of at most PARTS_MAX parts, wherever they lie; not more than TF_RAW_MAX bytes in all. */
int sink_write_parts(struct sink *sink, struct tf_header *header, const struct part *parts, unsigned nr_parts);

/* Let the file end here, and remember why. Returns -1. */
int sink_fail(struct sink *sink, enum tf_failure failure, int error);

#endif
