/*
 * Descriptive blocks stay as they are. So do chunks that follow the one before them; others get a new head, whose
 * counts go on from what was saved.
 */
#include "trace/repair.h"

#include "trace/renew.h"
#include "trace/rewrite.h"

#include <stdlib.h>
#include <string.h>

/* Serials that a block has described. */
struct serials {
    struct index index;
    uint32_t *all;
    uint32_t nr;
    size_t capacity;
};

struct repairer {
    struct repair *repair;
    struct trace *trace;
    struct rewrite rewrite;
    struct renew_thread *threads_of; /* by thread, as the two below */
    uint64_t *gap_events;            /* lost, and counted in the last saved chunk */
    uint64_t *tail_events;           /* of the damaged chunks behind it */
    struct serials processes, threads;
    struct chunk chunk;
    struct buffer raw, built;
    struct err *err;
};

static uint64_t more_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static int no_memory(struct repairer *repairer)
{
    return err_set(repairer->err, ERR_INPUT, "out of memory");
}

/* ---- Descriptions --------------------------------------------------------------------------------- */

static bool serial_equal(const void *table, uint32_t number, const void *key)
{
    return ((const struct serials *)table)->all[number] == *(const uint32_t *)key;
}

/* 1 when the serial is new, 0 when it was there, -1 without memory. */
static int serials_add(struct repairer *repairer, struct serials *serials, uint32_t serial)
{
    uint64_t hash = index_hash(&serials->index, serial, 0);
    if (index_find(&serials->index, hash, serial_equal, serials, &serial) != INDEX_NONE)
        return 0;
    uint32_t *all = array_grow(serials->all, serials->nr, &serials->capacity, sizeof(*all));
    if (all == NULL || index_add(&serials->index, hash, serials->nr) != 0)
        return no_memory(repairer);
    serials->all = all;
    all[serials->nr++] = serial;
    return 1;
}

/* The process that a block is of: its first field. 0: it does not say. */
static uint32_t payload_process(const uint8_t *payload, size_t bytes)
{
    uint64_t key, nr, serial;
    const uint8_t *end = payload + bytes, *at = tf_get_varint(payload, end, &key);
    at = at == NULL ? NULL : tf_get_varint(at, end, &nr);
    at = at == NULL ? NULL : tf_get_varint(at, end, &serial);
    return at == NULL || key != TF_FIELD_PROCESS || serial > UINT32_MAX ? 0 : (uint32_t)serial;
}

/* Describe a process, a thread, the session by no more than its number. */
static int description_make(struct repairer *repairer, const struct tf_header *like, uint8_t type, uint32_t process,
                            uint32_t thread)
{
    uint8_t payload[6 * TF_VARINT_MAX], *to = payload;
    const struct trace *trace = repairer->trace;
    const struct anchors *anchors = &trace->anchors;
    const struct tf_header header = {
        .type = type, .thread = thread, .anchor_ticks = like->anchor_ticks, .anchor_ns = like->anchor_ns};
    bool counts_ns = anchors->first_ticks == anchors->first_ns && anchors->last_ticks == anchors->last_ns;
    if (type == TF_BLOCK_SESSION) {
        to = tf_put_field_number(to, TF_FIELD_CLOCK, counts_ns ? TF_CLOCK_MONOTONIC : TF_CLOCK_TSC);
        if (trace->clock_step_ticks != 0) /* a SESSION further on says it, which is left out */
            to = tf_put_field_number(to, TF_FIELD_CLOCK_STEP, trace->clock_step_ticks);
    } else {
        to = tf_put_field_number(to, TF_FIELD_PROCESS, process);
    }
    if (type == TF_BLOCK_THREAD)
        to = tf_put_field_number(to, TF_FIELD_THREAD, thread);
    return rewrite_block(&repairer->rewrite, &header, payload, (size_t)(to - payload), repairer->err);
}

static int process_need(struct repairer *repairer, const struct tf_header *like, uint32_t process)
{
    int is_new = process == 0 ? 0 : serials_add(repairer, &repairer->processes, process);
    repairer->repair->nr_made_processes += is_new > 0;
    return is_new > 0 ? description_make(repairer, like, TF_BLOCK_PROCESS, process, 0) : is_new;
}

static int thread_need(struct repairer *repairer, const struct tf_header *like, uint32_t process)
{
    if (process_need(repairer, like, process) != 0)
        return -1;
    int is_new = serials_add(repairer, &repairer->threads, like->thread);
    repairer->repair->nr_made_threads += is_new > 0;
    return is_new > 0 ? description_make(repairer, like, TF_BLOCK_THREAD, process, like->thread) : is_new;
}

static int session_need(struct repairer *repairer, const struct tf_header *like)
{
    if (repairer->rewrite.sequence > 0 || like->type == TF_BLOCK_SESSION)
        return 0;
    repairer->repair->made_session = true;
    return description_make(repairer, like, TF_BLOCK_SESSION, 0, 0);
}

/* What must have been described before this block. */
static int description_need(struct repairer *repairer, const struct tf_header *header, uint32_t process)
{
    if (session_need(repairer, header) != 0)
        return -1;
    switch (header->type) {
    case TF_BLOCK_PROCESS:
        return serials_add(repairer, &repairer->processes, process) < 0 ? -1 : 0;
    case TF_BLOCK_THREAD:
        if (process_need(repairer, header, process) != 0)
            return -1;
        return serials_add(repairer, &repairer->threads, header->thread) < 0 ? -1 : 0;
    case TF_BLOCK_MODULE:
        return process_need(repairer, header, process);
    default:
        return 0;
    }
}

static int description_save(struct repairer *repairer, uint64_t offset)
{
    struct tf_header header;
    const uint8_t *packed;
    if (trace_block(repairer->trace, offset, &header, &repairer->raw, &packed, repairer->err) != 0)
        return -1;
    if (header.type == TF_BLOCK_END)
        return rewrite_keep_end(&repairer->rewrite, repairer->raw.bytes, header.raw_bytes, repairer->err);
    if (header.type == TF_BLOCK_SESSION && repairer->rewrite.sequence > 0) /* one is enough */
        return 0;
    uint32_t process = payload_process(repairer->raw.bytes, header.raw_bytes);
    if (description_need(repairer, &header, process) != 0)
        return -1;
    rewrite_copy(&repairer->rewrite, &header, packed);
    return 0;
}

/* ---- Chunks --------------------------------------------------------------------------------------- */

/* A chunk that cannot be used: what it held is known from its header alone. */
static void chunk_lose(struct repairer *repairer, const struct trace_chunk *block)
{
    repairer->threads_of[block->thread].broken = true;
    repairer->tail_events[block->thread] += block->nr_events;
    repairer->repair->nr_lost_chunks++;
}

/* Load, decode. 0; 1 when it is damaged, -1. */
static int chunk_read(struct repairer *repairer, const struct trace_chunk *block, struct tf_header *header,
                      const uint8_t **packed)
{
    struct err why = {0};
    struct trace_chunk as_written = *block; /* gaps of the clock, which a reader takes out, stay */
    if (trace_block(repairer->trace, block->offset, header, &repairer->chunk.raw, packed, &why) == 0) {
        as_written.first_ticks = header->first_ticks;
        as_written.last_ticks = header->last_ticks;
        if (chunk_decode(&repairer->chunk, block->raw_bytes, &as_written, &why) == 0)
            return 0;
    }
    if (why.code != ERR_INCOMPLETE)
        return err_set(repairer->err, why.code, "%s", why.text);
    trace_damaged(repairer->trace, block, why.text);
    return 1;
}

static int chunk_save(struct repairer *repairer, const struct trace_chunk *block)
{
    struct tf_header header;
    const uint8_t *packed;
    size_t bytes;
    struct renew_thread *thread = &repairer->threads_of[block->thread];
    int result = chunk_read(repairer, block, &header, &packed);
    if (result > 0)
        chunk_lose(repairer, block);
    if (result != 0)
        return result < 0 ? -1 : 0;
    if (session_need(repairer, &header) != 0 || thread_need(repairer, &header, repairer->chunk.head.process) != 0)
        return -1;
    uint64_t dropped = repairer->chunk.head.dropped_full;
    result = renew_chunk(thread, &repairer->chunk, block, &repairer->built, &bytes, repairer->err);
    if (result == 0)
        rewrite_copy(&repairer->rewrite, &header, packed);
    else if (result > 0)
        result = rewrite_block(&repairer->rewrite, &header, repairer->built.bytes, bytes, repairer->err);
    repairer->gap_events[block->thread] = thread->head.dropped_full - dropped;
    repairer->tail_events[block->thread] = 0;
    repairer->repair->nr_chunks++;
    repairer->repair->nr_events += block->nr_events;
    return result;
}

/* ---- The whole ------------------------------------------------------------------------------------ */

static int block_save(void *context, uint64_t offset, const struct trace_chunk *chunk)
{
    return chunk != NULL ? chunk_save(context, chunk) : description_save(context, offset);
}

static int end_save(struct repairer *repairer)
{
    const struct trace *trace = repairer->trace;
    uint64_t gaps = 0, tails = trace->cut_events, all;
    struct tf_header like = {.anchor_ticks = trace->anchors.last_ticks, .anchor_ns = trace->anchors.last_ns};
    for (uint32_t i = 0; i < trace->nr_threads; i++) {
        gaps += repairer->gap_events[i];
        tails += repairer->tail_events[i];
    }
    all = gaps + tails;
    if (trace->ending != TRACE_UNFINISHED && trace->end_nr_events > repairer->repair->nr_events)
        all = more_of(all, trace->end_nr_events - repairer->repair->nr_events);
    repairer->repair->lost_events = all;
    tails = all - gaps + trace->repaired_events;
    bool whole = trace_is_whole(trace) && all == 0;
    return rewrite_end(&repairer->rewrite, &like, whole ? NULL : &tails, repairer->err);
}

static bool repairer_init(struct repairer *repairer, struct out *out)
{
    size_t nr = (size_t)repairer->trace->nr_threads + 1;
    index_init(&repairer->processes.index);
    index_init(&repairer->threads.index);
    repairer->threads_of = calloc(nr, sizeof(*repairer->threads_of));
    repairer->gap_events = calloc(nr, sizeof(*repairer->gap_events));
    repairer->tail_events = calloc(nr, sizeof(*repairer->tail_events));
    return rewrite_init(&repairer->rewrite, out, repairer->trace->session, repairer->err) == 0 &&
           repairer->threads_of != NULL && repairer->gap_events != NULL && repairer->tail_events != NULL;
}

static void repairer_release(struct repairer *repairer)
{
    index_release(&repairer->processes.index);
    index_release(&repairer->threads.index);
    free(repairer->processes.all);
    free(repairer->threads.all);
    free(repairer->threads_of);
    free(repairer->gap_events);
    free(repairer->tail_events);
    chunk_release(&repairer->chunk);
    buffer_release(&repairer->raw);
    buffer_release(&repairer->built);
    rewrite_release(&repairer->rewrite);
}

int repair_trace(struct repair *repair, struct trace *trace, struct out *out, struct err *err)
{
    struct repairer repairer = {.repair = repair, .trace = trace, .err = err};
    *repair = (struct repair){0};
    int result = repairer_init(&repairer, out) ? 0 : no_memory(&repairer);
    if (result == 0)
        result = rewrite_each(trace, block_save, &repairer);
    if (result == 0)
        result = end_save(&repairer);
    repairer_release(&repairer);
    return result;
}
