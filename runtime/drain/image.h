/*
 * The process that writes an image of the heap (FORMAT.md §6): a copy-on-write child of the program, whose memory
 * stands still. snapshot.c makes it.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include "segment.h"

#include <limits.h>
#include <stdint.h>

#define IMAGE_THREADS_MAX   4096u
#define IMAGE_REGISTERS_MAX 12u
#define IMAGE_RANGES        2u
#define IMAGE_STACK_BYTES   (256u << 10)

/* A thread other than the one that makes the snapshot. */
struct image_thread {
    uint32_t tid;
    uint32_t unused;
    uint64_t stack_pointer; /* 0: it was running */
    uint64_t look;          /* what it was doing: a hash */
};

struct image_range {
    uint64_t start, end;
};

/*
 * What the child is to write. It lies in memory that parent and child share, so that the parent can add what it finds
 * out after the fork; then it says `ready`.
 */
struct image_request {
    uint32_t ready; /* futex */
    uint32_t number;
    uint32_t file_number; /* in the file's name: of the first image that was to have this file, which stays until this
                             one is whole */
    uint32_t process;     /* serial */
    uint32_t pid;
    uint32_t clock; /* enum tf_clock */
    int32_t level;
    uint64_t session;
    struct image_range ours[IMAGE_RANGES]; /* memory of the runtime's */
    uint64_t stack_pointer;                /* of the thread that makes the snapshot … */
    uint64_t thread_pointer;
    uint64_t registers[IMAGE_REGISTERS_MAX];
    uint32_t nr_registers;
    uint32_t tid; /* … and its number */
    uint32_t nr_threads;
    struct image_thread threads[IMAGE_THREADS_MAX];
    char name[SNAPSHOT_NAME_MAX + 1];
    char trace[PATH_MAX]; /* the trace's path, from the root; the image lies beside it */
    uint8_t stack[IMAGE_STACK_BYTES] __attribute__((aligned(4096)));
};

#define IMAGE_SAID 255

/*
 * The child's life: `request` is a struct image_request. It exits with 0; with the errno of what could not be written;
 * or with IMAGE_SAID: it could not begin, and has said so.
 */
_Noreturn void image_main(const void *request);

#endif
