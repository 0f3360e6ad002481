/*
 * The reader: block after block through the file, hopping from header to header; payloads of descriptive blocks are
 * taken in at once, those of chunks when somebody asks.
 *
 * The file is read with pread and never mapped: somebody may cut it while we read, and a read that comes up short is an
 * ordinary case where a fault is not.
 */
#include "trace/reader.h"

#include "base/number.h"
#include "base/standard_input.h"
#include "trace/block.h"
#include "trace/fields.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    NOTICES_MAX = 64,
    THREAD_NAME_MAX = 4096,
    LOCK_TRIES = 200,          /* × 10 ms: how long a drain may take to finish after its program has ended */
    FIRST_BLOCK_MAX = 40 << 20 /* a trace shows an intact header within this many bytes */
};

#define ARENA_BYTES_MAX ((size_t)1 << 30)

/* Times of a trace cannot add up to more than this, in ticks and in ns: sums over all threads stay below 2^63. */
#define SPAN_SUM_MAX ((uint64_t)1 << 62)

struct reader {
    struct block_file file;
    struct buffer raw; /* of descriptive blocks */
    struct facts facts;
    size_t chunk_capacity, notice_capacity, description_capacity;
    uint64_t offset; /* up to here the file is taken in */
    uint32_t expected_sequence;
    bool has_session;
};

/* ---- Notices -------------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 0))) static void notice_add(struct trace *trace, const char *format, va_list arguments)
{
    char text[1024];
    vsnprintf(text, sizeof(text), format, arguments);
    const char **notices =
        array_grow(trace->notices, trace->nr_notices, &trace->reader->notice_capacity, sizeof(*notices));
    if (notices == NULL)
        return;
    trace->notices = notices;
    const char *copy = arena_copy(&trace->arena, text, strlen(text));
    if (copy != NULL)
        notices[trace->nr_notices++] = copy;
}

void trace_notice(struct trace *trace, const char *format, ...)
{
    if (trace->nr_notices >= NOTICES_MAX)
        return;
    va_list arguments;
    va_start(arguments, format);
    notice_add(trace, format, arguments);
    va_end(arguments);
}

/* Many blocks can be damaged in one file: some are described, all are counted. `what` is " (…)", or "". */
static void damage_notice(struct trace *trace, uint64_t offset, const char *what, const char *why)
{
    trace->nr_damaged++;
    if (trace->nr_damaged <= NOTICES_MAX / 4)
        trace_notice(trace, "block at byte %llu%s is damaged: %s", (unsigned long long)offset, what, why);
    else if (trace->nr_damaged == NOTICES_MAX / 4 + 1)
        trace_notice(trace, "more blocks are damaged");
}

static void block_damaged(struct trace *trace, uint64_t offset, const char *why)
{
    damage_notice(trace, offset, "", why);
}

void trace_damaged(struct trace *trace, const struct trace_chunk *chunk, const char *why)
{
    char what[96];
    struct trace_chunk *own = &trace->chunks[chunk - trace->chunks];
    if (own->is_damaged)
        return;
    own->is_damaged = true;
    snprintf(what, sizeof(what), " (%u events of thread %u)", chunk->nr_events, trace->threads[chunk->thread].tid);
    damage_notice(trace, chunk->offset, what, why);
}

static const char *type_name(uint8_t type)
{
    static const char *const names[] = {
        [TF_BLOCK_SESSION] = " (the facts of the session)",
        [TF_BLOCK_PROCESS] = " (the facts of a process)",
        [TF_BLOCK_THREAD] = " (the facts of a thread)",
        [TF_BLOCK_MODULE] = " (what was loaded and unloaded)",
        [TF_BLOCK_END] = " (the end)",
        [TF_BLOCK_SYMBOLS] = " (packed names)",
    };
    return type < sizeof(names) / sizeof(names[0]) && names[type] != NULL ? names[type] : "";
}

/* ---- Blocks --------------------------------------------------------------------------------------- */

static int chunk_add(struct trace *trace, uint64_t offset, const struct tf_header *header, struct err *err)
{
    struct reader *reader = trace->reader;
    if (header->first_ticks > header->last_ticks) {
        block_damaged(trace, offset, "it ends before it begins");
        return 0;
    }
    uint32_t number = facts_thread(&reader->facts, trace, header->thread, err);
    if (number == TRACE_NONE)
        return -1;
    struct trace_chunk *chunks = array_grow(trace->chunks, trace->nr_chunks, &reader->chunk_capacity, sizeof(*chunks));
    if (chunks == NULL || trace->nr_chunks == TRACE_NONE)
        return err_set(err, ERR_INPUT, "%s: out of memory: %u chunks", trace->path, trace->nr_chunks);
    trace->chunks = chunks;
    chunks[trace->nr_chunks] = (struct trace_chunk){.offset = offset,
                                                    .payload_bytes = header->payload_bytes,
                                                    .raw_bytes = header->raw_bytes,
                                                    .thread = number,
                                                    .next = TRACE_NONE,
                                                    .nr_events = header->nr_events,
                                                    .first_ticks = header->first_ticks,
                                                    .last_ticks = header->last_ticks};
    struct trace_thread *thread = &trace->threads[number];
    if (thread->nr_chunks++ == 0)
        thread->first_chunk = trace->nr_chunks;
    else
        chunks[thread->last_chunk].next = trace->nr_chunks;
    thread->last_chunk = trace->nr_chunks++;
    trace->header_events += header->nr_events;
    return 0;
}

static int description_keep(struct trace *trace, uint64_t offset, struct err *err)
{
    uint64_t *offsets =
        array_grow(trace->descriptions, trace->nr_descriptions, &trace->reader->description_capacity, sizeof(*offsets));
    if (offsets == NULL || trace->nr_descriptions == TRACE_NONE)
        return err_set(err, ERR_INPUT, "%s: out of memory: %u blocks", trace->path, trace->nr_descriptions);
    trace->descriptions = offsets;
    offsets[trace->nr_descriptions++] = offset;
    return 0;
}

static int description_add(struct trace *trace, uint64_t offset, const struct tf_header *header, struct err *err)
{
    struct reader *reader = trace->reader;
    struct err why = {0};
    if (block_load(&reader->file, offset, header->payload_bytes, header->raw_bytes, &reader->raw, &why) == 0 &&
        facts_add_block(&reader->facts, trace, header, reader->raw.bytes, &why) == 0)
        return description_keep(trace, offset, err);
    if (why.code != ERR_INCOMPLETE)
        return err_set(err, why.code, "%s: %s", trace->path, why.text);
    damage_notice(trace, offset, type_name(header->type), why.text);
    return 0;
}

/* True when the block belongs here: of this session, and not one that was already there. */
static bool block_is_expected(struct trace *trace, uint64_t offset, const struct tf_header *header)
{
    struct reader *reader = trace->reader;
    if (!reader->has_session) {
        reader->has_session = true;
        trace->session = header->session;
    }
    if (header->session != trace->session) {
        block_damaged(trace, offset, "it belongs to another trace");
        return false;
    }
    if (reader->facts.ended) {
        block_damaged(trace, offset, "it comes after the end of the trace");
        return false;
    }
    if (header->sequence < reader->expected_sequence) {
        block_damaged(trace, offset, "it comes twice or late");
        return false;
    }
    trace->nr_lost_blocks += header->sequence - reader->expected_sequence;
    reader->expected_sequence = header->sequence + 1;
    return true;
}

static int block_add(struct trace *trace, uint64_t offset, const struct tf_header *header, struct err *err)
{
    if (header->version != TF_VERSION)
        return err_set(err, ERR_INPUT, "%s: trace format version %u; this tracean reads version %u", trace->path,
                       header->version, TF_VERSION);
    if (header->type == TF_BLOCK_IMAGE)
        return err_set(err, ERR_INPUT, "%s: is an image of a heap: tracean heap shows it", trace->path);
    if ((header->type < TF_BLOCK_SESSION || header->type > TF_BLOCK_SYMBOLS) && !(header->flags & TF_BLOCK_MAY_SKIP))
        return err_set(err, ERR_INPUT, "%s: blocks of type %u, which this version of tracean does not understand",
                       trace->path, header->type);
    if (!block_is_expected(trace, offset, header))
        return 0;
    trace->nr_blocks++;
    anchors_add(&trace->anchors, header->anchor_ticks, header->anchor_ns);
    return header->type == TF_BLOCK_CHUNK ? chunk_add(trace, offset, header, err)
                                          : description_add(trace, offset, header, err);
}

/* Take in what is there from reader->offset on. Stops before a last block that is not whole: more may come. */
static int blocks_scan(struct trace *trace, struct err *err)
{
    struct reader *reader = trace->reader;
    for (;;) {
        struct tf_header header;
        uint64_t found = reader->offset;
        int result = block_find(&reader->file, &found, trace->file_bytes, &header, err);
        if (result < 0)
            return -1;
        if (result == 0)
            return 0;
        if (header.payload_bytes > trace->file_bytes - found - TF_HEADER_BYTES) {
            /* Cut short at the end of the file; or bytes are missing here, and other blocks come behind. */
            uint64_t behind = found + TF_HEADER_BYTES;
            result = block_find(&reader->file, &behind, trace->file_bytes, &header, err);
            if (result <= 0)
                return result;
            block_damaged(trace, found, "it is cut short");
            reader->offset = behind;
            continue;
        }
        if (found != reader->offset)
            block_damaged(trace, reader->offset, "no intact header");
        reader->offset = found + TF_HEADER_BYTES + header.payload_bytes;
        if (block_add(trace, found, &header, err) != 0)
            return -1;
    }
}

/* ---- The whole file ------------------------------------------------------------------------------- */

static int file_open(struct trace *trace, const char *place, struct err *err)
{
    struct stat status;
    const char *path = trace->path;
    /* Without O_NONBLOCK the open of a FIFO that nobody writes would wait for ever. */
    int fd = open(place, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    trace->reader->file.fd = fd;
    if (fd < 0)
        return err_set_errno(err, ERR_INPUT, errno, "%s", path);
    if (fstat(fd, &status) != 0)
        return err_set_errno(err, ERR_INPUT, errno, "%s", path);
    if (S_ISDIR(status.st_mode))
        return err_set(err, ERR_INPUT, "%s: is a directory", path);
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_INPUT, "%s: is not a regular file", path);
    if (status.st_size == 0)
        return err_set(err, ERR_INPUT, "%s: is empty", path);
    trace->file_bytes = (uint64_t)status.st_size;
    return block_file_init(&trace->reader->file, err);
}

/* A file that is no trace must be told from a damaged one, and without reading all of it. */
static int file_check(struct trace *trace, struct err *err)
{
    struct tf_header header;
    uint64_t found = 0;
    uint64_t end = trace->file_bytes < FIRST_BLOCK_MAX ? trace->file_bytes : FIRST_BLOCK_MAX;
    int result = block_find(&trace->reader->file, &found, end, &header, err);
    if (result == 0)
        return err_set(err, ERR_INPUT, "%s: is not a trace", trace->path);
    return result < 0 ? -1 : 0;
}

/* Wait for a writer that holds the file's lock. True when nobody writes any more. */
static bool writer_wait(int fd)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
            flock(fd, LOCK_UN);
            return true;
        }
        if (errno != EWOULDBLOCK && errno != EINTR)
            return true; /* a file system without locks */
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return false;
}

static int file_scan(struct trace *trace, struct err *err)
{
    struct reader *reader = trace->reader;
    struct stat status;
    if (file_check(trace, err) != 0 || blocks_scan(trace, err) != 0)
        return -1;
    if (reader->facts.ended)
        return 0;
    trace->being_written = !writer_wait(reader->file.fd);
    if (fstat(reader->file.fd, &status) == 0 && (uint64_t)status.st_size != trace->file_bytes) {
        trace->file_bytes = (uint64_t)status.st_size;
        return blocks_scan(trace, err);
    }
    return 0;
}

const struct anchors *trace_gaps(const struct trace *trace)
{
    return anchors_have_gaps(&trace->anchors) ? &trace->anchors : NULL;
}

/* Of all that has a time in what was read so far: chunks' own follow when they are loaded. */
static void gaps_close(struct trace *trace)
{
    const struct anchors *gaps = trace_gaps(trace);
    if (gaps == NULL)
        return;
    trace->session_ticks = anchors_close(gaps, trace->session_ticks);
    for (uint32_t i = 0; i < trace->nr_chunks; i++) {
        trace->chunks[i].first_ticks = anchors_close(gaps, trace->chunks[i].first_ticks);
        trace->chunks[i].last_ticks = anchors_close(gaps, trace->chunks[i].last_ticks);
    }
    for (uint32_t i = 0; i < trace->nr_processes; i++)
        trace->processes[i].start_ticks = anchors_close(gaps, trace->processes[i].start_ticks);
    for (uint32_t i = 0; i < trace->nr_threads; i++)
        trace->threads[i].start_ticks = anchors_close(gaps, trace->threads[i].start_ticks);
    for (uint32_t i = 0; i < trace->nr_modules; i++) {
        struct trace_module *module = &trace->modules[i];
        module->load_ticks = anchors_close(gaps, module->load_ticks);
        if (module->unload_ticks != UINT64_MAX)
            module->unload_ticks = anchors_close(gaps, module->unload_ticks);
    }
}

/* The line through the anchors, and where 0 is. */
static int clock_settle(struct trace *trace, struct err *err)
{
    gaps_close(trace);
    uint64_t origin = trace->session_ticks != 0 ? trace->session_ticks : trace->anchors.first_ticks;
    uint64_t ticks, ns;
    for (uint32_t i = 0; i < trace->nr_chunks; i++) {
        const struct trace_chunk *chunk = &trace->chunks[i];
        origin = chunk->first_ticks < origin ? chunk->first_ticks : origin;
        trace->last_ticks = chunk->last_ticks > trace->last_ticks ? chunk->last_ticks : trace->last_ticks;
    }
    if (trace->last_ticks < origin)
        trace->last_ticks = origin;
    trace->clock_is_known = true;
    if (trace->clock_kind == TF_CLOCK_MONOTONIC && trace->session_ticks != 0) {
        clock_init_ns(&trace->clock, origin);
    } else if (anchors_rate(&trace->anchors, &ticks, &ns)) {
        clock_init_rate(&trace->clock, origin, ticks, ns);
    } else {
        clock_init_ns(&trace->clock, origin);
        trace->clock_is_known = false;
    }
    uint64_t span = trace->last_ticks - origin, span_ns = trace_duration_ns(trace);
    uint64_t most = SPAN_SUM_MAX / ((uint64_t)trace->nr_threads + 1);
    if (span > most || span_ns > most)
        return err_set(err, ERR_INPUT, "%s: its times are impossible: %u threads and %llu ns", trace->path,
                       trace->nr_threads, (unsigned long long)span_ns);
    return 0;
}

static const char *failure_name(uint64_t failure)
{
    switch (failure) {
    case TF_FAILURE_WRITE:
        return "the trace could not be written";
    case TF_FAILURE_DRAIN_LOST:
        return "the process that wrote the trace was lost";
    case TF_FAILURE_MEMORY:
        return "there was no memory for more";
    default:
        return "recording failed";
    }
}

/* What is left over at the end of the file: how many events would have been in it. */
static void tail_count(struct trace *trace)
{
    struct reader *reader = trace->reader;
    struct tf_header header;
    struct err ignored = {0};
    uint64_t found = reader->offset;
    if (!trace->being_written && !reader->facts.ended &&
        block_find(&reader->file, &found, trace->file_bytes, &header, &ignored) > 0 && header.type == TF_BLOCK_CHUNK &&
        header.session == trace->session)
        trace->cut_events = header.nr_events;
}

/* The trace's clock has not gone on with the system's all the time. */
static void clock_notice(struct trace *trace)
{
    const struct anchors *anchors = &trace->anchors;
    char at[NUMBER_BYTES], jump[NUMBER_BYTES], slack[NUMBER_BYTES], more[64] = "";
    uint64_t jump_ns = (uint64_t)(anchors->jump_ns < 0 ? -anchors->jump_ns : anchors->jump_ns);
    number_time(at, anchors->break_ns);
    number_time(jump, jump_ns);
    if (anchors->nr_breaks > 1)
        snprintf(more, sizeof(more), " (and at %u moments more)", anchors->nr_breaks - 1);
    if (anchors_have_gaps(anchors))
        trace_notice(trace,
                     "at %s the clock jumped by %s, as when a machine is suspended or moved%s: that is taken out, give "
                     "or take %s",
                     at, jump, more, number_time(slack, anchors->gap_ns));
    else if (jump_ns == 0)
        trace_notice(trace, "at %s the clock was turned back%s: times across that are wrong", at, more);
    else
        trace_notice(
            trace,
            "at %s the clock jumped by %s, as when a machine is suspended or moved%s: times across that are too %s", at,
            jump, more, anchors->jump_ns > 0 ? "long" : "short");
}

/* Images of heaps are files of their own, and nobody would miss one that was never made. */
static void images_notice(struct trace *trace)
{
    static const struct {
        enum tf_no_image why;
        const char *text;
    } reasons[] = {{TF_NO_IMAGE_MEMORY, "memory was not recorded (TRACERT_MEMORY)"},
                   {TF_NO_IMAGE_MALLOC, "of the peak, as the program's malloc does not tell what it has given out"},
                   {TF_NO_IMAGE_FAILED, "one at least could not be written whole"}};

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if ((trace->no_image & (uint64_t)reasons[i].why) != 0)
            trace_notice(trace, "an image of the heap was asked for and is missing: %s", reasons[i].text);
}

/* Say once, in words, what is wrong with the trace as a whole. */
static void completeness_notice(struct trace *trace)
{
    struct reader *reader = trace->reader;
    uint64_t tail = trace->file_bytes - reader->offset;
    if (trace->ending == TRACE_FAILED && trace->failure_errno != 0)
        trace_notice(trace, "the trace is incomplete: %s (%s)", failure_name(trace->failure),
                     strerror((int)(trace->failure_errno & 0xfff)));
    else if (trace->ending == TRACE_FAILED)
        trace_notice(trace, "the trace is incomplete: %s", failure_name(trace->failure));
    if (trace->being_written)
        trace_notice(trace, "the trace is still being written; this is what is there so far");
    else if (trace->ending == TRACE_UNFINISHED)
        trace_notice(trace, "the trace is unfinished: it was cut, or its writer was killed");
    if (tail > 0 && reader->facts.ended)
        block_damaged(trace, reader->offset, "it comes after the end of the trace");
    else if (tail > 0 && !trace->being_written)
        block_damaged(trace, reader->offset, "it is cut off, or no intact block follows");
    if (trace->repaired)
        trace_notice(trace, "the trace was repaired: it was damaged or unfinished, and there was more of it");
    if (trace->nr_lost_blocks > 0)
        trace_notice(trace, "blocks of the trace that are missing: %llu", (unsigned long long)trace->nr_lost_blocks);
    if (!trace->clock_is_known)
        trace_notice(trace, "the clock's rate is unknown; times are in ticks");
    else if (trace->anchors.nr_breaks > 0)
        clock_notice(trace);
}

struct trace *trace_open(const char *path, struct err *err)
{
    struct trace *trace = calloc(1, sizeof(*trace));
    struct reader *reader = calloc(1, sizeof(*reader));
    if (trace == NULL || reader == NULL) {
        free(trace);
        free(reader);
        err_set(err, ERR_INPUT, "%s: out of memory", path);
        return NULL;
    }
    *trace = (struct trace){.reader = reader, .ending = TRACE_UNFINISHED};
    trace->runtime_version = trace->host = trace->kernel = trace->region = trace->boot_id = "";
    reader->file.fd = -1;
    arena_init(&trace->arena, ARENA_BYTES_MAX);
    facts_init(&reader->facts);
    const char *name = standard_input_name(path);
    trace->path = arena_copy(&trace->arena, name, strlen(name));
    if (trace->path == NULL)
        err_set(err, ERR_INPUT, "%s: out of memory", path);
    if (trace->path == NULL || file_open(trace, standard_input_place(path), err) != 0 || file_scan(trace, err) != 0 ||
        clock_settle(trace, err) != 0) {
        trace_close(trace);
        return NULL;
    }
    tail_count(trace);
    completeness_notice(trace);
    images_notice(trace);
    return trace;
}

void trace_close(struct trace *trace)
{
    if (trace == NULL)
        return;
    block_file_release(&trace->reader->file);
    buffer_release(&trace->reader->raw);
    facts_release(&trace->reader->facts);
    free(trace->reader);
    free(trace->processes);
    free(trace->threads);
    free(trace->objects);
    free(trace->modules);
    free(trace->chunks);
    free(trace->descriptions);
    free(trace->notices);
    arena_release(&trace->arena);
    free(trace);
}

int trace_load(struct trace *trace, const struct trace_chunk *chunk, struct buffer *buffer, struct err *err)
{
    return block_load(&trace->reader->file, chunk->offset, chunk->payload_bytes, chunk->raw_bytes, buffer, err);
}

int trace_file_dup(const struct trace *trace)
{
    return fcntl(trace->reader->file.fd, F_DUPFD_CLOEXEC, 0);
}

const struct trace_process *trace_process_find(const struct trace *trace, uint32_t serial)
{
    uint32_t found = facts_process_find(&trace->reader->facts, trace, serial);
    return found == TRACE_NONE ? NULL : &trace->processes[found];
}

void trace_thread_name(struct trace *trace, uint32_t thread, const char *name, size_t bytes)
{
    const char *copy = NULL;
    if (trace->threads[thread].name[0] == '\0' && bytes > 0)
        copy = arena_copy(&trace->arena, name, bytes < THREAD_NAME_MAX ? bytes : THREAD_NAME_MAX);
    if (copy != NULL)
        trace->threads[thread].name = copy;
}

int trace_block(struct trace *trace, uint64_t offset, struct tf_header *header, struct buffer *raw,
                const uint8_t **packed, struct err *err)
{
    struct block_file *file = &trace->reader->file;
    int result = block_find(file, &offset, offset + TF_HEADER_BYTES, header, err);
    if (result <= 0)
        return result < 0 ? -1 : err_set(err, ERR_INPUT, "%s: changes while it is read", trace->path);
    result = block_load(file, offset, header->payload_bytes, header->raw_bytes, raw, err);
    *packed = file->packed.bytes;
    return result;
}

bool trace_is_complete(const struct trace *trace)
{
    return trace_is_whole(trace) && !trace->repaired;
}

bool trace_is_whole(const struct trace *trace)
{
    return trace->ending == TRACE_FINISHED && trace->nr_damaged == 0 && trace->nr_lost_blocks == 0 &&
           !trace->being_written;
}

uint64_t trace_duration_ns(const struct trace *trace)
{
    return clock_ns(&trace->clock, trace->last_ticks);
}

/* Of 2^32 ticks a million times as many are many hours, so that the product fits. */
uint64_t trace_clock_step_ps(const struct trace *trace)
{
    const uint64_t scale = 1000000;
    uint64_t ticks = trace->clock_step_ticks < UINT32_MAX ? trace->clock_step_ticks : UINT32_MAX;
    return clock_duration_ns(&trace->clock, ticks * scale) / (scale / 1000);
}
