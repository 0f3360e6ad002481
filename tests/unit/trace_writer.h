/*
 * A writer of traces for tests, made from FORMAT.md alone: it shares no code with the runtime and none with the
 * analyzer.
 *
 * A trace grows in memory block by block. A thread keeps its open frames, so that each chunk begins with the right
 * STACK; tests that want something wrong change the fields of `struct writer_thread`, or build a payload by hand.
 */
#ifndef TRACE_WRITER_H
#define TRACE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct writer_bytes {
    uint8_t *bytes;
    size_t nr, capacity;
};

struct writer {
    struct writer_bytes file;
    uint32_t sequence;
    uint64_t session, nr_events;
    uint64_t anchor_ticks, anchor_ns; /* of the next block */
    uint64_t mutations;               /* 0, or the state of a random generator: payloads are written with mistakes */
};

struct writer_frame {
    uint64_t fn, site, ticks;
    const char *region; /* NULL: a function */
    bool inlined, inherited;
};

#define WRITER_DEPTH_MAX 1000u

struct writer_thread {
    struct writer *writer;
    uint32_t serial, process, number, flags, tick_unit;
    uint32_t list_max; /* frames that STACK lists at most */
    uint64_t base_ticks, ticks;
    uint64_t hook_calls, recorded, dropped, torn, stalled;
    struct writer_frame frames[WRITER_DEPTH_MAX]; /* open now */
    uint32_t depth;
    struct writer_frame stack[WRITER_DEPTH_MAX]; /* open when the chunk began */
    uint32_t stack_depth;
    /* The chunk at hand */
    uint32_t nr_symbols, nr_events, nr_dict;
    struct writer_bytes symbols, deltas, wide, dict, ext;
    struct writer_frame known[4096];
    /* MEMORY: in the file as soon as one of the counts is not 0 */
    uint64_t memory_recorded, memory_dropped;
    uint32_t nr_callers, shift;
    uint64_t last_alloc, last_release, last_caller;
    struct writer_bytes callers, addresses, sizes, callers_of, released;
};

void raw_put(struct writer_bytes *to, const void *bytes, size_t nr);
void raw_put8(struct writer_bytes *to, unsigned value);
void raw_put16(struct writer_bytes *to, unsigned value);
void raw_put32(struct writer_bytes *to, uint32_t value);
void raw_put64(struct writer_bytes *to, uint64_t value);
void raw_put_varint(struct writer_bytes *to, uint64_t value);
void raw_put_number(struct writer_bytes *to, uint64_t key, uint64_t number); /* a field */
void raw_put_text(struct writer_bytes *to, uint64_t key, const char *text);  /* a field */
void raw_free(struct writer_bytes *bytes);

uint32_t writer_crc(const uint8_t *bytes, size_t nr);

void writer_init(struct writer *writer);
void writer_free(struct writer *writer);

/* A block with any payload. */
void writer_block(struct writer *writer, unsigned type, uint32_t thread, uint32_t nr_events, uint64_t first_ticks,
                  uint64_t last_ticks, const struct writer_bytes *payload);

void writer_session(struct writer *writer, uint64_t clock);
void writer_process(struct writer *writer, uint32_t serial, uint32_t pid, uint32_t parent, uint64_t start_ticks,
                    unsigned origin);
void writer_module(struct writer *writer, uint32_t process, uint64_t base, uint64_t ticks, const char *path,
                   uint64_t address, uint64_t bytes);
void writer_module_unload(struct writer *writer, uint32_t process, uint64_t base, uint64_t ticks);
void writer_end(struct writer *writer, uint64_t failure);

/* A THREAD block, and the thread's state. Allocated; writer_thread_free(). */
struct writer_thread *writer_thread_new(struct writer *writer, uint32_t serial, uint32_t process, uint32_t tid,
                                        uint64_t start_ticks);
void writer_thread_free(struct writer_thread *thread);

void thread_enter(struct writer_thread *thread, uint64_t ticks, uint64_t fn, uint64_t site, bool inlined);
void thread_region(struct writer_thread *thread, uint64_t ticks, const char *name);
void thread_exit(struct writer_thread *thread, uint64_t ticks);
void thread_unwind(struct writer_thread *thread, uint64_t ticks);
void thread_ext(struct writer_thread *thread, uint64_t ticks, uint64_t kind, const struct writer_bytes *value);
/* The addresses must be multiples of 2^shift. */
void thread_alloc(struct writer_thread *thread, uint64_t ticks, uint64_t address, uint64_t bytes, unsigned api,
                  uint64_t caller);
void thread_free(struct writer_thread *thread, uint64_t ticks, uint64_t address);
void thread_realloc(struct writer_thread *thread, uint64_t ticks, uint64_t address);

void thread_orphan(struct writer_thread *thread, uint64_t ticks, uint64_t fn);

/* Write the chunk at hand and begin the next one. The payload alone: into `payload`. */
void thread_flush(struct writer_thread *thread);
void thread_payload(struct writer_thread *thread, struct writer_bytes *payload);

/* Write the trace to a new temporary file; the caller frees the path and unlinks the file. */
char *writer_save(const struct writer *writer);
char *raw_save(const uint8_t *bytes, size_t nr);

/* Write the trace to a file without a name, whose bytes a test can change in place. Returns its descriptor. */
int writer_memory(const struct writer *writer, char path[64]);

/* A small trace with something of everything: threads, modules, regions, inlined, unwound and open frames, records. */
void writer_sample(struct writer *writer);

#endif
