/*
 * Take up a session whose drain was killed: the trace says how far it had come, the region what is left.
 *
 * Both are this user's own files, but a process was killed while it wrote them: every number is checked against what is
 * there.
 */
#define ZSTD_STATIC_LINKING_ONLY /* a decompressor in memory of ours */
#include "drain/drain.h"

#include "drain/memory.h"
#include "sys.h"
#include "tracert/format.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* What reading the trace from its beginning collects. */
struct resume {
    struct drain *drain;
    uint64_t *last_chunk; /* by thread serial: offset of its last chunk, plus 1; 0: none */
    uint32_t nr_threads;  /* highest serial */
    bool *announced;      /* by process serial */
    uint32_t nr_processes;
    uint8_t *packed;
    ZSTD_DCtx *zstd;
};

/* ---- The file ------------------------------------------------------------------------------------- */

/* Decompress the payload of the block at `offset` to sink->raw. False when it is not whole. */
static bool block_load(struct resume *resume, uint64_t offset, const struct tf_header *header)
{
    struct sink *sink = &resume->drain->sink;
    long got = sys_pread(sink->fd, resume->packed, header->payload_bytes, offset + TF_HEADER_BYTES);
    if (got != (long)header->payload_bytes)
        return false;
    return ZSTD_decompressDCtx(resume->zstd, sink->raw, TF_RAW_MAX, resume->packed, header->payload_bytes) ==
           header->raw_bytes;
}

/* The header of the block at `offset`, if the whole block is there and of this session. */
static bool block_find(const struct sink *sink, uint64_t offset, uint64_t file_bytes, struct tf_header *header)
{
    uint8_t bytes[TF_HEADER_BYTES];
    return sys_pread(sink->fd, bytes, sizeof bytes, offset) == (long)sizeof bytes &&
           tf_header_load(bytes, header) == 0 && header->session == sink->session && header->raw_bytes <= TF_RAW_MAX &&
           header->payload_bytes <= sink->packed_bytes &&
           offset + TF_HEADER_BYTES + header->payload_bytes <= file_bytes;
}

/* The PROCESS field of a PROCESS block whose payload is in sink->raw. */
static uint32_t process_serial(const struct sink *sink, uint32_t raw_bytes)
{
    uint64_t key = 0;
    uint64_t bytes = 0;
    uint64_t serial = 0;
    const uint8_t *p = sink->raw;
    const uint8_t *end = p + raw_bytes;
    p = tf_get_varint(p, end, &key);
    p = p == NULL ? NULL : tf_get_varint(p, end, &bytes);
    if (p == NULL || key != TF_FIELD_PROCESS || tf_get_varint(p, end, &serial) == NULL)
        return 0;
    return (uint32_t)serial;
}

/* Arrays indexed by serials grow with the serials that the region says were given out. */
static void block_note(struct resume *resume, uint64_t offset, const struct tf_header *header)
{
    struct sink *sink = &resume->drain->sink;
    if (header->thread > resume->drain->last_thread)
        resume->drain->last_thread = header->thread;
    if (header->type == TF_BLOCK_CHUNK && header->thread <= resume->nr_threads)
        resume->last_chunk[header->thread] = offset + 1;
    if (header->type == TF_BLOCK_PROCESS && block_load(resume, offset, header)) {
        uint32_t serial = process_serial(sink, header->raw_bytes);
        if (serial <= resume->nr_processes)
            resume->announced[serial] = true;
    }
    if (header->type == TF_BLOCK_END)
        sink->end_offset = offset;
    sink->nr_events += header->nr_events;
}

/* Read all whole blocks; what follows them is cut off. */
static int file_read(struct resume *resume)
{
    struct sink *sink = &resume->drain->sink;
    struct stat status;
    struct tf_header header;
    int result = (int)sys_fstatat(sink->fd, "", &status, AT_EMPTY_PATH);
    if (result != 0)
        return result;
    uint64_t file_bytes = (uint64_t)status.st_size;
    while (block_find(sink, sink->bytes, file_bytes, &header) && header.sequence == sink->sequence) {
        block_note(resume, sink->bytes, &header);
        sink->bytes += TF_HEADER_BYTES + header.payload_bytes;
        sink->sequence++;
    }
    if (sink->sequence == 0)
        return -EINVAL; /* not even its SESSION block: another session's file, or none */
    return sink->bytes < file_bytes ? (int)sys_ftruncate(sink->fd, sink->bytes) : 0;
}

/* ---- A thread's state at the end of its last chunk ------------------------------------------------------- */

struct span {
    const uint8_t *at, *end;
};

/* A payload's sections by id. */
struct payload {
    struct tf_chunk_head head;
    struct span sections[TF_SECTION_SP + 1];
};

static uint64_t span_varint(struct span *span)
{
    uint64_t value = 0;
    const uint8_t *next = span->at == NULL ? NULL : tf_get_varint(span->at, span->end, &value);
    span->at = next; /* NULL from the first missing byte on */
    return value;
}

static bool payload_open(struct payload *payload, const uint8_t *raw, uint32_t raw_bytes)
{
    memset(payload, 0, sizeof *payload);
    if (raw_bytes < TF_CHUNK_HEAD_BYTES)
        return false;
    tf_chunk_head_load(raw, &payload->head);
    const uint8_t *table = raw + TF_CHUNK_HEAD_BYTES;
    const uint8_t *end = raw + raw_bytes;
    if (payload->head.nr_sections > 64 || (size_t)(end - table) < 8 * (size_t)payload->head.nr_sections)
        return false;
    const uint8_t *data = table + 8 * (size_t)payload->head.nr_sections;
    for (uint32_t i = 0; i < payload->head.nr_sections; i++, table += 8) {
        uint32_t id = tf_load32(table);
        uint32_t bytes = tf_load32(table + 4);
        if ((size_t)(end - data) < bytes)
            return false;
        if (id <= TF_SECTION_SP)
            payload->sections[id] = (struct span){data, data + bytes};
        data += bytes;
    }
    const struct span *symbols = &payload->sections[TF_SECTION_SYMBOLS];
    const struct span *deltas = &payload->sections[TF_SECTION_DELTAS];
    return payload->head.nr_dict <= TF_DICT_MAX &&
           symbols->end - symbols->at == 2 * (ptrdiff_t)payload->head.nr_symbols &&
           deltas->end - deltas->at == (ptrdiff_t)payload->head.nr_symbols;
}

/* One entry of DICT or STACK as a frame. */
static struct frame entry_get(struct names *names, struct span *span, struct frame *previous)
{
    struct frame frame = {0};
    uint64_t k = span_varint(span);
    if (k & TF_ENTRY_INLINED)
        frame.flags |= FRAME_INLINED;
    if (k & TF_ENTRY_REGION) {
        uint64_t bytes = k >> TF_ENTRY_SHIFT;
        frame.flags |= FRAME_REGION;
        if (span->at != NULL && (uint64_t)(span->end - span->at) >= bytes) {
            frame.function = names_intern(names, (const char *)span->at, (uint32_t)bytes);
            span->at += bytes;
        } else {
            span->at = NULL;
        }
        return frame;
    }
    frame.function = previous->function += tf_unzigzag(k >> TF_ENTRY_SHIFT);
    frame.site = previous->site += tf_unzigzag(span_varint(span));
    return frame;
}

static void stack_load(struct chunker *chunker, struct payload *payload, struct stack *stack)
{
    struct span *span = &payload->sections[TF_SECTION_STACK];
    struct frame previous = {0};
    uint64_t sp = 0;
    for (uint32_t i = 0; i < payload->head.nr_stack && span->at != NULL; i++) {
        struct frame frame = entry_get(&chunker->names, span, &previous);
        frame.ticks = payload->head.base_ticks - span_varint(span);
        frame.flags |= span_varint(span) & 1 ? (uint32_t)FRAME_INHERITED : 0;
        frame.sp = sp += tf_unzigzag(span_varint(span));
        if (span->at == NULL || stack_push(stack, &frame) != 0)
            break;
        stack->frames[stack->depth - 1].flags &= ~(uint32_t)FRAME_FRESH;
    }
}

/* Follow the chunk's symbols: afterwards `stack` is what it was at the chunk's end. */
static void stack_follow(struct payload *payload, const struct frame *dict, struct stack *stack, uint64_t *ticks)
{
    const uint8_t *symbols = payload->sections[TF_SECTION_SYMBOLS].at;
    const uint8_t *deltas = payload->sections[TF_SECTION_DELTAS].at;
    *ticks = payload->head.base_ticks;
    for (uint32_t i = 0; i < payload->head.nr_symbols; i++) {
        uint32_t symbol = tf_load16(symbols + 2 * (size_t)i);
        *ticks += deltas[i] == TF_DELTA_WIDE ? span_varint(&payload->sections[TF_SECTION_WIDE])
                                             : (uint64_t)deltas[i] * payload->head.tick_unit;
        if (symbol >= TF_SYM_ENTER && symbol - TF_SYM_ENTER < payload->head.nr_dict) {
            struct frame frame = dict[symbol - TF_SYM_ENTER];
            frame.ticks = *ticks;
            stack_push(stack, &frame);
        } else if (symbol <= TF_SYM_UNWIND && stack->depth > 0) {
            stack->depth--;
        }
    }
    uint64_t sp = 0;
    for (uint32_t i = 0; i < stack->depth; i++) {
        if (stack->frames[i].flags & FRAME_FRESH)
            stack->frames[i].sp = sp += tf_unzigzag(span_varint(&payload->sections[TF_SECTION_SP]));
        stack->frames[i].flags &= ~(uint32_t)FRAME_FRESH;
    }
}

static void thread_restore(struct resume *resume, struct drain_thread *thread, const struct tf_header *header)
{
    struct chunker *chunker = &resume->drain->chunker;
    struct payload payload;
    if (!payload_open(&payload, resume->drain->sink.raw, header->raw_bytes))
        return;
    struct frame *dict = memory_map((payload.head.nr_dict + 1u) * sizeof *dict);
    if (dict == NULL)
        return;
    struct frame previous = {0};
    for (uint32_t i = 0; i < payload.head.nr_dict; i++)
        dict[i] = entry_get(&chunker->names, &payload.sections[TF_SECTION_DICT], &previous);
    stack_load(chunker, &payload, &thread->stack);
    stack_follow(&payload, dict, &thread->stack, &thread->last_ticks);
    memory_unmap(dict, (payload.head.nr_dict + 1u) * sizeof *dict);
    thread->nr_chunks = payload.head.number + 1;
    thread->recorded = payload.head.recorded;
    thread->dropped = payload.head.dropped_full;
    thread->torn = payload.head.torn;
    thread->stalled_ticks = payload.head.stalled_ticks;
}

/* ---- The region --------------------------------------------------------------------------------------------- */

/* The slot's owner, if the trace knows it, goes on where its last chunk ended. */
static void slot_resume(struct resume *resume, uint32_t index)
{
    struct drain *drain = resume->drain;
    struct region_slot *slot = &drain->region->slots[index];
    struct tf_header header;
    uint32_t serial = slot->thread_serial;
    if (slot->state == SLOT_FREE || serial == 0 || serial > resume->nr_threads ||
        slot->thread_generation != slot->generation || resume->last_chunk[serial] == 0)
        return;
    uint64_t offset = resume->last_chunk[serial] - 1;
    struct drain_thread *thread = &drain->threads[index];
    if (!block_find(&drain->sink, offset, drain->sink.bytes, &header) || !block_load(resume, offset, &header))
        return;
    thread->serial = serial;
    thread->generation = slot->generation;
    thread->process_serial = drain->region->processes[slot->process % REGION_NR_PROCESSES].serial;
    thread_restore(resume, thread, &header);
    if (thread->nr_chunks == slot->chunk_number + 1 && slot->next_read_at > slot->read_at)
        slot->read_at = slot->next_read_at; /* that chunk is in the file; the drain died before it could say so */
}

static void processes_resume(struct resume *resume)
{
    struct drain *drain = resume->drain;
    /* Counted anew: who died while joining, or the drain while closing, has left a number that nobody would ever take
     * back. */
    drain->region->nr_live = drain->region->forks = 0;
    for (uint32_t i = 0; i < REGION_NR_PROCESSES; i++) {
        const struct region_process *process = &drain->region->processes[i];
        if (process->state != PROCESS_LIVE)
            continue;
        drain->region->nr_live++;
        drain->processes[i].serial = process->serial;
        drain->processes[i].announced = process->serial <= resume->nr_processes && resume->announced[process->serial];
        drain->processes[i].pidfd = (int)sys_pidfd_open((int)process->pid);
        if (drain->processes[i].pidfd < 0)
            drain->processes[i].pidfd = drain->processes[i].pidfd == -ESRCH ? -2 : -1;
    }
    drain->processes_seen = drain->region->next_process - 1; /* look once more: some may not be announced */
}

int drain_resume(struct drain *drain)
{
    struct region *region = drain->region;
    struct resume resume = {.drain = drain, .nr_processes = region->next_process};
    uint32_t nr_slots = region->nr_slots_used < REGION_NR_SLOTS ? region->nr_slots_used : REGION_NR_SLOTS;
    for (uint32_t i = 0; i < nr_slots; i++) {
        if (region->slots[i].thread_serial > resume.nr_threads)
            resume.nr_threads = region->slots[i].thread_serial;
    }
    size_t workspace_bytes = ZSTD_estimateDCtxSize();
    void *workspace = memory_map(workspace_bytes);
    resume.last_chunk = memory_map((resume.nr_threads + 1u) * sizeof *resume.last_chunk);
    resume.announced = memory_map(resume.nr_processes + 1u);
    resume.packed = memory_map(drain->sink.packed_bytes);
    if (workspace == NULL || resume.last_chunk == NULL || resume.announced == NULL || resume.packed == NULL)
        return -ENOMEM;
    resume.zstd = ZSTD_initStaticDCtx(workspace, workspace_bytes);
    int result = file_read(&resume);
    if (result != 0)
        return result;
    for (uint32_t i = 0; i < nr_slots; i++)
        slot_resume(&resume, i);
    processes_resume(&resume);
    drain->resumed = true;
    return 0;
}
