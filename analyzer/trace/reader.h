/*
 * A trace file: its blocks found and checked, its descriptive facts collected, its chunks indexed.
 *
 * reader.c and decode.c are the only modules that touch the bytes of a trace; what leaves them is checked. Everything
 * belongs to the trace; a trace is used by one thread at a time. Texts are untrusted and NUL-terminated.
 *
 * Damage is no error: a block that is not intact is passed over, counted, and described in a notice. Ticks are the
 * trace's clock; `clock` turns them into ns from the start of the trace (the first event, or the first anchor when that
 * is earlier).
 */
#ifndef READER_H
#define READER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/index.h"
#include "trace/anchors.h"
#include "trace/ticks.h"

#include "tracert/format.h"

#include <stdbool.h>

struct trace_process {
    uint32_t serial, parent; /* parent: serial, 0 for none */
    uint32_t pid;
    uint32_t origin; /* enum tf_origin */
    uint64_t start_ticks;
    const char *command; /* arguments, each ended by a NUL byte */
    size_t command_bytes;
    const char *executable, *directory; /* "" when unknown */
};

struct trace_thread {
    uint32_t serial, process; /* serials; process 0: unknown */
    uint32_t tid;
    uint64_t start_ticks;
    const char *name;                /* "" when unknown */
    uint32_t nr_chunks, first_chunk; /* first_chunk: index into chunks, TRACE_NONE when there is none */
    uint32_t last_chunk;
};

/* A function's names as `tracean pack` found them; texts are NULL when unknown. */
struct trace_symbol {
    uint64_t address; /* in the object's file */
    const char *linkage;
    const char *name;       /* as it is written in the source; NULL: the same */
    const char *short_name; /* without arguments; NULL: the same as `name` */
    const char *file;
    uint32_t line;
};

/* Some of an object's, by address. */
struct trace_symbols {
    const struct trace_symbol *symbols;
    uint32_t nr;
    const struct trace_symbols *next;
};

/* An object file: the same path and build-id is the same object, in whatever process and wherever it was mapped. */
struct trace_object {
    const char *path; /* "" when there is no file */
    const uint8_t *build_id;
    size_t build_id_bytes;
    const struct trace_symbols *names; /* that are in the trace; NULL: none */
    const char *names_notice;          /* what was wrong with the object's file then; NULL: nothing */
};

struct trace_segment {
    uint64_t address, bytes; /* before the base is added */
    uint64_t flags;          /* bit 0: executable */
};

/* One mapping of an object into a process, from load to unload. */
struct trace_module {
    uint32_t process; /* serial */
    uint32_t object;  /* index into objects; TRACE_NONE: the unload of a module that was inherited at fork */
    uint64_t base;
    uint64_t load_ticks, unload_ticks; /* unload_ticks: UINT64_MAX while loaded */
    const struct trace_segment *segments;
    uint32_t nr_segments;
};

/* A chunk as its header describes it. */
struct trace_chunk {
    uint64_t offset; /* of the block in the file */
    uint32_t payload_bytes, raw_bytes;
    uint32_t thread; /* index into threads */
    uint32_t next;   /* index of the thread's next chunk; TRACE_NONE */
    uint32_t nr_events;
    uint64_t first_ticks, last_ticks; /* without the gaps of trace_gaps() */
    bool is_damaged;                  /* its payload, as far as somebody has looked */
};

/* What the hooks of calls of one kind of function cost (FORMAT.md §3), in 1/TF_HOOK_TICK of a tick. */
struct trace_hook_cost {
    uint64_t work;   /* enum tf_hook_work, or what a later version knows */
    uint64_t length; /* of the function without hooks */
    int64_t inside, outside;
};

#define TRACE_HOOK_COSTS_MAX 64u
#define TRACE_HOOK_COST_MAX  (UINT64_C(1) << 32) /* no cost is larger */

#define TRACE_NONE UINT32_MAX

enum trace_ending {
    TRACE_FINISHED,  /* END, and all went well */
    TRACE_FAILED,    /* END says that something failed: failure, failure_errno */
    TRACE_UNFINISHED /* no END */
};

struct trace {
    const char *path;
    uint64_t file_bytes;
    uint64_t session;
    /* SESSION; texts are "" and numbers 0 when unknown */
    const char *runtime_version, *host, *kernel, *region, *boot_id;
    uint32_t clock_kind, clock_reason, full_policy; /* clock_reason: enum tf_clock_reason */
    uint32_t memory_kind;                           /* enum tf_memory */
    uint64_t clock_step_ticks, realtime_ns;         /* realtime_ns: at session_ticks */
    uint64_t session_ticks;
    struct anchors anchors; /* the intact blocks' */
    struct clock clock;
    bool clock_is_known; /* false: the anchors make no line, a tick is taken for a ns */
    uint64_t last_ticks; /* of the last event */

    struct trace_process *processes; /* in the order of the file */
    struct trace_thread *threads;
    struct trace_object *objects;
    struct trace_module *modules;
    struct trace_chunk *chunks;
    uint32_t nr_processes, nr_threads, nr_objects, nr_modules, nr_chunks;
    uint64_t *descriptions; /* offsets in the file of the intact blocks that are no chunks */
    uint32_t nr_descriptions;

    enum trace_ending ending;
    uint64_t failure, failure_errno, dropped_no_ring, memory_no_ring, no_image, end_nr_events;
    bool recovered, being_written;
    bool repaired;            /* somebody has made a clean trace of a damaged one: there was more */
    uint64_t repaired_events; /* known to be lost thereby, and counted in no chunk */
    uint64_t nr_blocks;       /* intact ones */
    uint64_t nr_lost_blocks;  /* sequence numbers that are missing */
    uint64_t nr_damaged;      /* places in the file that are not intact; trace_damaged() adds to it */
    uint64_t header_events;   /* sum of the chunks' nr_events */
    uint64_t cut_events;      /* of the chunk in which the file was cut off */

    struct trace_hook_cost hook_costs[TRACE_HOOK_COSTS_MAX];
    uint32_t nr_hook_costs;

    const char **notices; /* untrusted */
    uint32_t nr_notices;

    struct arena arena;
    struct reader *reader; /* how the file is read; private */
};

/* Reusable memory for decompressed payloads. */
struct buffer {
    uint8_t *bytes;
    size_t capacity;
};

/* The gaps of its clock that are taken out of all times, here and in its chunks; NULL: there are none. */
const struct anchors *trace_gaps(const struct trace *trace);

/* Open and index a trace. NULL with ERR_INPUT set when it cannot be read or is no trace. */
struct trace *trace_open(const char *path, struct err *err);
void trace_close(struct trace *trace);

/*
 * Decompress a chunk: exactly raw_bytes bytes at buffer->bytes. 0; -1 with ERR_INCOMPLETE when the block is damaged
 * (the caller goes on: trace_damaged) or ERR_INPUT when nothing can be read any more.
 */
int trace_load(struct trace *trace, const struct trace_chunk *chunk, struct buffer *buffer, struct err *err);

/*
 * The header and the payload of an intact block that trace_open() has met: in *raw, and packed as it is in the file,
 * until the next block is read. As trace_load.
 */
int trace_block(struct trace *trace, uint64_t offset, struct tf_header *header, struct buffer *raw,
                const uint8_t **packed, struct err *err);

/* Make room for `bytes`; what was in the buffer is gone. */
int buffer_reserve(struct buffer *buffer, size_t bytes, struct err *err);
void buffer_release(struct buffer *buffer);

/* A descriptor of the file for another thread, which closes it; -1 when there is none. */
int trace_file_dup(const struct trace *trace);

/* Add a line to the notices; the number of lines is bounded. */
void trace_notice(struct trace *trace, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Count a chunk whose payload turned out to be damaged, and say so in a notice. */
void trace_damaged(struct trace *trace, const struct trace_chunk *chunk, const char *why);

/* A name that a chunk gives to a thread; it is taken when the thread has none yet. */
void trace_thread_name(struct trace *trace, uint32_t thread, const char *name, size_t bytes);

/* The process with that serial, or NULL. */
const struct trace_process *trace_process_find(const struct trace *trace, uint32_t serial);

/* The function at this address of the object's file, if its names are in the trace; else NULL. */
const struct trace_symbol *trace_symbol_find(const struct trace_object *object, uint64_t address);

/* True when the file is whole and its writer has finished it well. */
bool trace_is_whole(const struct trace *trace);

/* True when it is also all that there ever was. Events can be missing all the same: see the chunks. */
bool trace_is_complete(const struct trace *trace);

/* When the last event happened, from the start of the trace. */
uint64_t trace_duration_ns(const struct trace *trace);

/* The clock's real step in picoseconds; 0: unknown. */
uint64_t trace_clock_step_ps(const struct trace *trace);

#endif
