/*
 * Blocks as bytes in a file: intact headers found, payloads read and decompressed. Part of the reader.
 */
#ifndef BLOCK_H
#define BLOCK_H

#include "trace/reader.h"

struct block_file {
    int fd;
    struct buffer packed; /* a payload as it is in the file */
    void *inflater;       /* ZSTD_DCtx */
};

/* `file->fd` is open, or -1, and belongs to the file from now on. */
int block_file_init(struct block_file *file, struct err *err);
void block_file_release(struct block_file *file);

/*
 * Find the first intact header at or after *offset, below `end`: 1 with *offset and *header set, 0 when there is none,
 * -1 with ERR_INPUT when the file cannot be read.
 */
int block_find(struct block_file *file, uint64_t *offset, uint64_t end, struct tf_header *header, struct err *err);

/* Read and decompress the payload of the block at `offset`; as trace_load. */
int block_load(struct block_file *file, uint64_t offset, uint32_t payload_bytes, uint32_t raw_bytes, struct buffer *raw,
               struct err *err);

#endif
