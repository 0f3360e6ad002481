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

/* ---- The region --------------------------------------------------------------------------------------------- */

/* The counts at the head of MEMORY. */
static void memory_restore(struct drain_thread *thread, const struct tf_chunk_head *head, const uint8_t *raw,
                           uint32_t raw_bytes)
{
    uint64_t offset = TF_CHUNK_HEAD_BYTES + 8ull * head->nr_sections;
    for (uint32_t i = 0; i < head->nr_sections && offset <= raw_bytes; i++) {
        const uint8_t *entry = raw + TF_CHUNK_HEAD_BYTES + 8ull * i;
        const uint8_t *p = raw + offset;
        offset += tf_load32(entry + 4);
        if (tf_load32(entry) != TF_SECTION_MEMORY || offset > raw_bytes)
            continue;
        p = tf_get_varint(p, raw + offset, &thread->memory_recorded);
        if (p != NULL)
            tf_get_varint(p, raw + offset, &thread->memory_dropped);
    }
}

/* What the thread's chunks have counted, from the head of its last one, whose payload is in sink->raw. */
static void thread_restore(struct resume *resume, struct drain_thread *thread, const struct tf_header *header)
{
    struct tf_chunk_head head;
    if (header->raw_bytes < TF_CHUNK_HEAD_BYTES)
        return;
    tf_chunk_head_load(resume->drain->sink.raw, &head);
    thread->nr_chunks = head.number + 1;
    thread->last_ticks = header->last_ticks;
    thread->recorded = head.recorded;
    thread->dropped = head.dropped_full;
    thread->stalled_ticks = head.stalled_ticks;
    memory_restore(thread, &head, resume->drain->sink.raw, header->raw_bytes);
}

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
    thread->process_serial = drain->region->processes[region_process_of(slot)].serial;
    thread_restore(resume, thread, &header);
    if (thread->nr_chunks != slot->chunk_number + 1 || slot->next_read_at <= slot->read_at)
        return;
    /* That chunk is in the file; the drain died before it could say so. */
    __atomic_store_n(&slot->read_at, slot->next_read_at, __ATOMIC_RELEASE);
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

/* No more blocks fit into the file, and no serial of a process or a thread in it is higher. */
static uint32_t blocks_most(const struct sink *sink)
{
    struct stat status;
    if (sys_fstatat(sink->fd, "", &status, AT_EMPTY_PATH) != 0)
        return 0;
    uint64_t nr = (uint64_t)status.st_size / TF_HEADER_BYTES;
    return nr < UINT32_MAX - 1 ? (uint32_t)nr : UINT32_MAX - 1;
}

int drain_resume(struct drain *drain)
{
    struct region *region = drain->region;
    uint32_t nr_blocks = blocks_most(&drain->sink);
    struct resume resume = {.drain = drain,
                            .nr_processes = region->next_process < nr_blocks ? region->next_process : nr_blocks};
    uint32_t nr_slots = region_nr_slots(region);
    for (uint32_t i = 0; i < nr_slots; i++) {
        uint32_t serial = region->slots[i].thread_serial;
        if (serial > resume.nr_threads && serial <= nr_blocks)
            resume.nr_threads = serial;
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
