/*
 * An image of a heap (FORMAT.md §6): its facts, and once through what the memory held. Its bytes are checked here.
 *
 * Contents are not kept: they pass by, block after block, so that memory does not grow with the image. Texts are
 * untrusted and NUL-terminated. Damage is no error: what is not intact is passed over, `why_incomplete` says so first.
 */
#ifndef IMAGE_READER_H
#define IMAGE_READER_H

#include "base/arena.h"
#include "base/err.h"

#include "tracert/format.h"

#include <stdbool.h>

struct image_mapping {
    uint64_t start, end;
    uint32_t flags;   /* enum tf_mapping_flag */
    const char *path; /* "": anonymous */
};

struct image_thread {
    uint32_t tid;
    uint64_t stack_pointer, thread_pointer; /* 0: unknown */
    uint64_t *registers;
    uint32_t nr_registers;
};

struct image {
    const char *path;
    uint64_t file_bytes, session;
    uint64_t number;          /* of the snapshot in its session */
    uint32_t process, pid;    /* process: serial */
    const char *name, *trace; /* trace: the name of its file, without a folder. "" when unknown */
    struct image_thread *threads;
    struct image_mapping *mappings; /* in ascending order, disjoint */
    uint32_t nr_threads, nr_mappings;
    const char *why_incomplete; /* NULL: all is there; known once image_scan() is done */
    struct arena arena;
    struct image_reader *reader; /* private */
};

/* True when the file begins as an image does. */
bool image_file_is(const char *path);

/* Read what comes before the contents. NULL with ERR_INPUT set when it cannot be read or is no image. */
struct image *image_open(const char *path, struct err *err);
void image_close(struct image *image);

/* `bytes` bytes at `address`: both are multiples of 4096, and the memory lies in one mapping. 0, or -1 with err set. */
typedef int image_visit(void *context, uint64_t address, const uint8_t *contents, size_t bytes, struct err *err);

/* All contents, in ascending order of addresses; once. 0, or -1 with err set. */
int image_scan(struct image *image, image_visit *visit, void *context, struct err *err);

#endif
