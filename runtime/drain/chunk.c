#include "drain/chunk.h"

#include "drain/memory.h"
#include "drain/session_facts.h"

#include <errno.h>
#include <string.h>

#define SP_MASK    0x0000fffffffffff0ull
#define KIND_MASK  7u
#define TIP_EVENTS 16u /* room kept for what one event may add besides its unwinds */

/* The state of one chunk_take. */
struct take {
    struct chunker *chunker;
    struct drain_thread *thread;
    uint8_t *ring;
    uint64_t mask;
    uint32_t index;
    uint64_t at, end;
    enum chunk_torn torn;
    bool modules_changed; /* the chunk ends here; `note` describes the change */
    enum ring_note module_note;
    uint32_t module_bytes;
    uint8_t note[RING_NOTE_DATA_MAX + RING_DATA_BYTES];
};

int chunker_init(struct chunker *chunker, struct region *region, struct sink *sink)
{
    memset(chunker, 0, sizeof *chunker);
    chunker->region = region;
    chunker->sink = sink;
    chunker->snapshots = memory_map(NR_SNAPSHOTS * sizeof *chunker->snapshots);
    if (chunker->snapshots == NULL || names_init(&chunker->names) != 0)
        return -1;
    return encoder_init(&chunker->encoder, region->clock_step, &chunker->names);
}

static inline const struct ring_event *take_slot(const struct take *take, uint64_t at)
{
    return (const struct ring_event *)(const void *)(take->ring + (at & take->mask));
}

/* The tag of a slot when it is filled in the lap of `at`; else 0. */
static inline uint64_t slot_tag(const struct ring_event *event, uint64_t at)
{
    uint64_t tag = __atomic_load_n(&event->tag, __ATOMIC_ACQUIRE);
    return tag >> 48 == (at >> RING_TAG_SHIFT & 0xffff) && (tag & KIND_MASK) != 0 ? tag : 0;
}

bool chunk_is_filled(struct region *region, uint32_t index, uint64_t at)
{
    const uint8_t *ring = region_ring(region, index);
    uint64_t mask = region_ring_bytes(region, index) - 1;
    return slot_tag((const struct ring_event *)(const void *)(ring + (at & mask)), at) != 0;
}

/*
 * The time of the event at `at`. A signal handler that interrupts a hook between claim and clock leaves a later time
 * than those of the slots that the handler took after it: then the earlier of the two counts. Time never goes back.
 */
static inline uint64_t take_ticks(const struct take *take, const struct ring_event *event, uint64_t at)
{
    uint64_t ticks = event->ticks;
    const struct ring_event *next = take_slot(take, at + RING_SLOT_BYTES);
    if (at + RING_SLOT_BYTES < take->end) {
        uint64_t next_kind = slot_tag(next, at + RING_SLOT_BYTES) & KIND_MASK;
        if (next_kind != 0 && next_kind != RING_DATA && next->ticks < ticks)
            ticks = next->ticks;
    }
    uint64_t last = take->chunker->encoder.last_ticks;
    return ticks > last ? ticks : last;
}

/*
 * Close all frames from `depth` up as unwound. False when the chunk is full before that is done: the event is then
 * looked at again in the next chunk, with what is left of the stack.
 */
static inline bool take_unwind(struct take *take, uint32_t depth, uint64_t ticks)
{
    struct stack *stack = &take->thread->stack;
    struct encoder *encoder = &take->chunker->encoder;
    while (stack->depth > depth) {
        if (!encoder_has_room(encoder, TIP_EVENTS))
            return false;
        stack->depth--;
        encoder_put(encoder, TF_SYM_UNWIND, ticks);
    }
    return true;
}

static inline void take_push(struct take *take, const struct frame *frame)
{
    struct encoder *encoder = &take->chunker->encoder;
    uint32_t entry = (frame->flags & FRAME_REGION ? (uint32_t)TF_ENTRY_REGION : 0) |
                     (frame->flags & FRAME_INLINED ? (uint32_t)TF_ENTRY_INLINED : 0);
    if (stack_push(&take->thread->stack, frame) != 0)
        sink_fail(take->chunker->sink, TF_FAILURE_MEMORY, ENOMEM); /* what follows would be wrong */
    encoder_put(encoder, encoder_symbol(encoder, frame->function, frame->site, entry), frame->ticks);
}

/* Each of these takes one event; false: no room, not taken. */
static inline bool take_enter(struct take *take, const struct ring_event *event, uint64_t sp, uint64_t ticks)
{
    struct stack *stack = &take->thread->stack;
    struct frame frame = {.function = event->function,
                          .site = event->site & RING_SITE_MASK,
                          .sp = sp,
                          .ticks = ticks,
                          .hook = (uint32_t)(event->site >> 48)};
    uint32_t depth = stack_depth_at_enter(stack, &frame);
    if (depth != stack->depth && !take_unwind(take, depth, ticks))
        return false;
    if (depth > 0 && stack->frames[depth - 1].sp == sp && stack->frames[depth - 1].site == frame.site)
        frame.flags = FRAME_INLINED;
    take_push(take, &frame);
    take->chunker->encoder.nr_events++;
    return true;
}

static inline bool take_exit(struct take *take, const struct ring_event *event, uint64_t sp, uint64_t ticks, bool tail)
{
    struct stack *stack = &take->thread->stack;
    struct encoder *encoder = &take->chunker->encoder;
    uint32_t found = stack_find_exit(stack, event->function, sp, tail);
    if (found == STACK_NONE) {
        encoder_put_ext_numbers(encoder, TF_EXT_ORPHAN_EXIT, event->function, NULL, ticks);
    } else {
        if (found + 1 != stack->depth && !take_unwind(take, found + 1, ticks))
            return false;
        stack->depth = found;
        encoder_put(encoder, TF_SYM_EXIT, ticks);
    }
    encoder->nr_events++;
    return true;
}

/* ---- Notes -------------------------------------------------------------------------------------- */

/* A region is a frame at the address of the API function's frame; the frame it lies on is its caller's. */
static bool take_region_begin(struct take *take, uint32_t name, uint64_t sp, uint64_t ticks)
{
    struct stack *stack = &take->thread->stack;
    uint32_t depth = stack->depth;
    while (depth > 0 && stack->frames[depth - 1].sp < sp)
        depth--;
    if (!take_unwind(take, depth, ticks))
        return false;
    struct frame frame = {.function = name, .sp = sp, .ticks = ticks, .flags = FRAME_REGION};
    if (depth > 0 && stack->frames[depth - 1].sp == sp)
        frame.site = stack->frames[depth - 1].site;
    take_push(take, &frame);
    return true;
}

static bool take_region_end(struct take *take, uint64_t sp, uint64_t ticks)
{
    uint32_t found = stack_find_region(&take->thread->stack, sp);
    if (found == STACK_NONE)
        return true;
    if (!take_unwind(take, found + 1, ticks))
        return false;
    take->thread->stack.depth = found;
    encoder_put(&take->chunker->encoder, TF_SYM_EXIT, ticks);
    return true;
}

void snapshot_release(struct fork_snapshot *snapshot)
{
    memory_unmap(snapshot->frames, snapshot->depth * sizeof *snapshot->frames);
    memset(snapshot, 0, sizeof *snapshot);
}

static void take_snapshot(struct take *take)
{
    struct chunker *chunker = take->chunker;
    const struct stack *stack = &take->thread->stack;
    struct fork_snapshot *snapshot = &chunker->snapshots[chunker->next_snapshot++ % NR_SNAPSHOTS];
    snapshot_release(snapshot);
    if (stack->depth > 0) {
        snapshot->frames = memory_map(stack->depth * sizeof *snapshot->frames);
        if (snapshot->frames == NULL)
            return;
        memcpy(snapshot->frames, stack->frames, stack->depth * sizeof *snapshot->frames);
    }
    snapshot->depth = stack->depth;
    snapshot->slot = take->index;
    snapshot->generation = take->thread->generation;
    snapshot->at = take->at;
}

struct fork_snapshot *chunker_snapshot(struct chunker *chunker, uint32_t slot, uint32_t generation, uint64_t at)
{
    for (uint32_t i = 0; i < NR_SNAPSHOTS; i++) {
        struct fork_snapshot *snapshot = &chunker->snapshots[i];
        if (snapshot->depth > 0 && snapshot->slot == slot && snapshot->generation == generation && snapshot->at == at)
            return snapshot;
    }
    return NULL;
}

static void take_counter(struct take *take, uint64_t number, uint32_t bytes, uint64_t ticks)
{
    uint8_t value[TF_VARINT_MAX + NAME_BYTES_MAX];
    uint8_t *end = tf_put_varint(value, tf_zigzag(number));
    bytes = bytes < NAME_BYTES_MAX ? bytes : NAME_BYTES_MAX;
    memcpy(end, take->note, bytes);
    encoder_put_ext(&take->chunker->encoder, TF_EXT_COUNTER, value, (size_t)(end - value) + bytes, ticks);
}

static bool take_note(struct take *take, const struct ring_event *event, uint32_t bytes, uint64_t sp, uint64_t ticks)
{
    struct encoder *encoder = &take->chunker->encoder;
    struct drain_thread *thread = take->thread;
    uint64_t number = event->site;
    switch ((enum ring_note)(event->function & 0xffff)) {
    case NOTE_REGION_BEGIN:
        return take_region_begin(take, names_intern(&take->chunker->names, (const char *)take->note, bytes), sp, ticks);
    case NOTE_REGION_END:
        return take_region_end(take, sp, ticks);
    case NOTE_MARK:
        encoder_put_ext(encoder, TF_EXT_MARK, take->note, bytes, ticks);
        break;
    case NOTE_COUNTER:
        take_counter(take, number, bytes, ticks);
        break;
    case NOTE_THREAD_NAME:
        encoder_put_ext(encoder, TF_EXT_THREAD_NAME, take->note, bytes, ticks);
        break;
    case NOTE_MODULE_LOAD:
    case NOTE_MODULE_UNLOAD:
        take->modules_changed = true;
        take->module_note = (enum ring_note)(event->function & 0xffff);
        take->module_bytes = bytes;
        break;
    case NOTE_STALL:
        thread->stalled_ticks += number;
        encoder_put_ext_numbers(encoder, TF_EXT_STALL, number, NULL, ticks);
        break;
    case NOTE_DROPPED: {
        uint64_t since;
        memcpy(&since, take->note, sizeof since);
        uint64_t width = ticks - since;
        thread->dropped += number;
        encoder_put_ext_numbers(encoder, TF_EXT_DROPPED, number, &width, ticks);
        break;
    }
    case NOTE_FORK:
        take_snapshot(take);
        encoder_put_ext(encoder, TF_EXT_FORK, NULL, 0, ticks);
        break;
    }
    return true;
}

/* Copy the note's data out of the ring. The slots it takes, or 0 when they are not all filled. */
static uint32_t note_gather(struct take *take, uint32_t bytes)
{
    uint32_t nr = (bytes + RING_DATA_BYTES - 1) / RING_DATA_BYTES;
    if (bytes > RING_NOTE_DATA_MAX)
        return 0;
    for (uint32_t i = 0; i < nr; i++) {
        uint64_t at = take->at + (uint64_t)(i + 1) * RING_SLOT_BYTES;
        const struct ring_event *data = take_slot(take, at);
        if (at >= take->end || (slot_tag(data, at) & KIND_MASK) != RING_DATA)
            return 0;
        memcpy(take->note + (size_t)i * RING_DATA_BYTES, data, RING_DATA_BYTES);
    }
    return nr + 1;
}

/* ---- The loop ------------------------------------------------------------------------------------- */

/* Take the note at take->at. Returns the slots it took; 0: stop before it. */
static uint32_t take_whole_note(struct take *take, const struct ring_event *event, uint64_t tag)
{
    uint32_t bytes = (uint32_t)(event->function >> 32);
    uint32_t nr = note_gather(take, bytes);
    if (nr == 0)
        return take->torn == CHUNK_SKIP_GAP ? 1 : 0;
    return take_note(take, event, bytes, tag & SP_MASK, take_ticks(take, event, take->at)) ? nr : 0;
}

/* Slots that stay unfilled are counted; one record for a run of them. */
static void take_torn(struct take *take)
{
    uint64_t nr = 0;
    while (take->at < take->end && slot_tag(take_slot(take, take->at), take->at) == 0) {
        take->at += RING_SLOT_BYTES;
        nr++;
    }
    take->thread->torn += nr;
    encoder_put_ext_numbers(&take->chunker->encoder, TF_EXT_TORN, nr, NULL, take->chunker->encoder.last_ticks);
}

static void take_events(struct take *take)
{
    while (take->at < take->end && !take->modules_changed && encoder_has_room(&take->chunker->encoder, TIP_EVENTS)) {
        const struct ring_event *event = take_slot(take, take->at);
        uint64_t tag = slot_tag(event, take->at);
        uint32_t nr = 1;
        switch (tag & KIND_MASK) {
        case RING_ENTER:
            nr = take_enter(take, event, tag & SP_MASK, take_ticks(take, event, take->at));
            break;
        case RING_EXIT:
        case RING_EXIT_TAIL:
            nr = take_exit(take, event, tag & SP_MASK, take_ticks(take, event, take->at),
                           (tag & KIND_MASK) == RING_EXIT_TAIL);
            break;
        case RING_NOTE:
            nr = take_whole_note(take, event, tag);
            break;
        case 0:
            if (take->torn == CHUNK_STOP_AT_GAP)
                return;
            take_torn(take);
            continue;
        default: /* data of a note that was torn */
            break;
        }
        if (nr == 0)
            return;
        take->at += (uint64_t)nr * RING_SLOT_BYTES;
    }
}

static void chunk_write(struct take *take, bool last)
{
    struct chunker *chunker = take->chunker;
    struct drain_thread *thread = take->thread;
    struct encoder *encoder = &chunker->encoder;
    encoder_end(encoder, &thread->stack);
    thread->recorded += encoder->nr_events;
    thread->last_ticks = encoder->last_ticks;
    struct tf_chunk_head head = {.process = thread->process_serial,
                                 .number = thread->nr_chunks,
                                 .flags = last ? (uint32_t)TF_CHUNK_LAST : 0,
                                 .hook_calls = thread->recorded + thread->dropped + thread->torn,
                                 .recorded = thread->recorded,
                                 .dropped_full = thread->dropped,
                                 .torn = thread->torn,
                                 .stalled_ticks = thread->stalled_ticks};
    struct tf_header header = {.type = TF_BLOCK_CHUNK,
                               .thread = thread->serial,
                               .nr_events = encoder->nr_events,
                               .first_ticks = encoder->base_ticks,
                               .last_ticks = encoder->last_ticks};
    uint32_t parts[ENCODE_NR_PARTS];
    size_t bytes = encoder_store(encoder, &head, chunker->sink->raw, parts);
    sink_write_parts(chunker->sink, &header, parts, ENCODE_NR_PARTS - 1, bytes);
    thread->nr_chunks++;
}

/* A thread that ended with frames open has left them (pthread_exit, cancellation); one whose process died has not. */
static bool take_last_unwinds(struct take *take)
{
    const struct region_slot *slot = &take->chunker->region->slots[take->index];
    return slot->state != SLOT_ENDED || take_unwind(take, 0, take->chunker->encoder.last_ticks);
}

/* Drops that no note has told of: the thread ended, or was killed, while it was dropping. */
static void take_last_drops(struct take *take)
{
    struct region_slot *slot = &take->chunker->region->slots[take->index];
    uint64_t dropped = __atomic_load_n(&slot->dropped, __ATOMIC_RELAXED);
    if (dropped <= take->thread->dropped)
        return;
    uint64_t calls = dropped - take->thread->dropped;
    uint64_t width = 0;
    take->thread->dropped = dropped;
    encoder_put_ext_numbers(&take->chunker->encoder, TF_EXT_DROPPED, calls, &width, take->chunker->encoder.last_ticks);
}

/* Leave word of what the chunk that is about to be written contains. */
static void slot_intend(struct region_slot *slot, const struct drain_thread *thread, uint64_t next_read_at)
{
    slot->thread_serial = thread->serial;
    slot->thread_generation = thread->generation;
    slot->chunk_number = thread->nr_chunks;
    __atomic_store_n(&slot->next_read_at, next_read_at, __ATOMIC_RELEASE);
}

bool chunk_take(struct chunker *chunker, struct drain_thread *thread, uint32_t index, uint64_t end,
                enum chunk_torn torn, bool last)
{
    struct region *region = chunker->region;
    struct region_slot *slot = &region->slots[index];
    uint64_t begin = slot->read_at;
    struct take take = {.chunker = chunker,
                        .thread = thread,
                        .ring = region_ring(region, index),
                        .mask = region_ring_bytes(region, index) - 1,
                        .index = index,
                        .at = begin,
                        .end = end,
                        .torn = torn};
    const struct ring_event *first = take_slot(&take, begin);
    uint64_t kind = slot_tag(first, begin) & KIND_MASK;
    chunker->encoder.last_ticks = thread->last_ticks;
    encoder_begin(&chunker->encoder, &thread->stack,
                  kind == 0 || kind == RING_DATA ? thread->last_ticks : take_ticks(&take, first, begin));
    take_events(&take);
    if (last && take.at >= end && take_last_unwinds(&take))
        take_last_drops(&take);
    if (take.modules_changed) /* before the chunk: written twice it does no harm, but missing it would */
        facts_write_module(chunker->sink, thread->process_serial,
                           take.module_note == NOTE_MODULE_LOAD ? TF_FIELD_MODULE_LOAD : TF_FIELD_MODULE_UNLOAD,
                           take.note, take.module_bytes);
    if (chunker->encoder.nr_symbols > 0) {
        slot_intend(slot, thread, take.at);
        chunk_write(&take, last && take.at >= end);
    }
    __atomic_store_n(&slot->read_at, take.at, __ATOMIC_RELEASE);
    return take.at != begin ||
           chunker->encoder.nr_symbols > 0; /* a deep stack may take chunks to unwind for one event */
}
