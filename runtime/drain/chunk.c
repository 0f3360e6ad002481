#include "drain/chunk.h"

#include "drain/memory.h"
#include "drain/session_facts.h"
#include "names.h"

#include <string.h>

/* The state of one chunk that is being made. */
struct take {
    struct chunker *chunker;
    struct drain_thread *thread;
    struct region_slot *slot;
    uint8_t *ring;
    uint32_t ring_bytes;
    uint32_t number;        /* of the segment that is being read */
    struct segment segment; /* … */
    uint32_t begin, end;    /* its words that are taken */
    uint32_t nr_dict;       /* of the dictionary, which is the last segment's that the chunk takes */
    uint32_t nr_events;     /* hook calls */
    uint32_t nr_others;     /* words of this segment that are none */
};

int chunker_init(struct chunker *chunker, struct region *region, struct sink *sink)
{
    uint32_t bytes = SEGMENT_MAX_BYTES; /* more frames than one segment lists and enters there are not */
    memset(chunker, 0, sizeof *chunker);
    chunker->region = region;
    chunker->sink = sink;
    chunker->frames = memory_map((bytes / 16 + bytes / 4 / sizeof(struct frame)) * sizeof *chunker->frames);
    return chunker->frames == NULL ? -1 : encoder_init(&chunker->encoder, region);
}

/* ---- The stack in the middle of a segment ------------------------------------------------------------- */

static struct frame entry_frame(const struct take *take, uint32_t symbol, uint64_t word)
{
    const struct segment_entry *entry = &take->segment.dict[symbol - TF_SYM_ENTER];
    bool region = (entry->function & ENTRY_REGION) != 0;
    bool inlined = (entry->site & ENTRY_INLINED) != 0;
    return (struct frame){.function = entry->function & ~ENTRY_REGION,
                          .site = entry->site & ~ENTRY_INLINED,
                          .sp = (region ? FRAME_REGION : 0) | (inlined ? FRAME_INLINED : 0),
                          .ticks = segment_ticks(&take->segment, word)};
}

/* Follow the segment's words up to `take->begin`. Returns how many frames are listed; *depth are open. */
static uint32_t take_follow(struct take *take, uint32_t *depth)
{
    const struct segment_head *head = take->segment.head;
    struct frame *frames = take->chunker->frames;
    uint32_t nr = head->nr_stack < take->segment.max_stack ? head->nr_stack : take->segment.max_stack;
    uint32_t nr_dict = segment_nr_dict(&take->segment);
    *depth = head->depth;
    memcpy(frames, take->segment.stack, nr * sizeof *frames);
    for (uint32_t i = 0; i < take->begin; i++) {
        uint32_t symbol = (uint32_t)take->segment.words[i] & 0xffff;
        if (symbol_is_enter(symbol) && symbol - TF_SYM_ENTER < nr_dict) {
            frames[nr++] = entry_frame(take, symbol, take->segment.words[i]);
            ++*depth;
        } else if (symbol == TF_SYM_EXIT || symbol == TF_SYM_UNWIND || symbol == SYMBOL_REGION_END) {
            nr -= nr > 0;
            *depth -= *depth > 0;
        }
    }
    return nr;
}

/* ---- Notes ---------------------------------------------------------------------------------------------- */

static void note_counter(struct encoder *encoder, const struct segment_note *note, uint64_t ticks)
{
    uint8_t value[TF_VARINT_MAX + NAME_BYTES_MAX];
    uint8_t *end = tf_put_varint(value, tf_zigzag(note->number));
    uint32_t bytes = note->bytes < NAME_BYTES_MAX ? note->bytes : NAME_BYTES_MAX;
    memcpy(end, note->data, bytes);
    encoder_put_ext(encoder, TF_EXT_COUNTER, value, (size_t)(end - value) + bytes, ticks);
}

static void note_dropped(struct take *take, const struct segment_note *note, uint64_t ticks)
{
    uint64_t since = ticks;
    if (note->bytes == sizeof since)
        memcpy(&since, note->data, sizeof since);
    uint64_t width = ticks - since;
    take->thread->dropped += note->number;
    encoder_put_ext_numbers(&take->chunker->encoder, TF_EXT_DROPPED, note->number, &width, ticks);
}

/* A note of three numbers. */
static void note_numbers(struct encoder *encoder, enum tf_ext kind, const struct segment_note *note, uint64_t ticks)
{
    uint64_t data[2] = {0, 0};
    uint8_t value[3 * TF_VARINT_MAX];
    if (note->bytes == sizeof data)
        memcpy(data, note->data, sizeof data);
    uint8_t *end = tf_put_varint(tf_put_varint(tf_put_varint(value, note->number), data[0]), data[1]);
    encoder_put_ext(encoder, kind, value, (size_t)(end - value), ticks);
}

static void note_snapshot(struct encoder *encoder, const struct segment_note *note, uint64_t ticks)
{
    uint8_t value[2 * TF_VARINT_MAX + SNAPSHOT_NAME_MAX];
    uint64_t since = ticks;
    size_t name_bytes = note->bytes > sizeof since ? note->bytes - sizeof since : 0;
    if (note->bytes < sizeof since || name_bytes > SNAPSHOT_NAME_MAX)
        return;
    memcpy(&since, note->data, sizeof since);
    uint8_t *end = tf_put_varint(value, note->number);
    end = tf_put_varint(end, ticks > since ? ticks - since : 0);
    memcpy(end, note->data + sizeof since, name_bytes);
    encoder_put_ext(encoder, TF_EXT_SNAPSHOT, value, (size_t)(end - value) + name_bytes, ticks);
}

static void take_note(struct take *take, const struct segment_note *note, uint64_t ticks)
{
    struct encoder *encoder = &take->chunker->encoder;
    switch ((enum note_kind)note->kind) {
    case NOTE_MARK:
        encoder_put_ext(encoder, TF_EXT_MARK, note->data, note->bytes, ticks);
        break;
    case NOTE_COUNTER:
        note_counter(encoder, note, ticks);
        break;
    case NOTE_THREAD_NAME:
        encoder_put_ext(encoder, TF_EXT_THREAD_NAME, note->data, note->bytes, ticks);
        break;
    case NOTE_MODULE_LOAD:
    case NOTE_MODULE_UNLOAD: /* written twice, should this drain be killed now, it does no harm */
        facts_write_module(take->chunker->sink, take->thread->process_serial,
                           note->kind == NOTE_MODULE_LOAD ? TF_FIELD_MODULE_LOAD : TF_FIELD_MODULE_UNLOAD, note->data,
                           note->bytes);
        break;
    case NOTE_STALL:
        take->thread->stalled_ticks += note->number;
        encoder_put_ext_numbers(encoder, TF_EXT_STALL, note->number, NULL, ticks);
        break;
    case NOTE_DROPPED:
        note_dropped(take, note, ticks);
        break;
    case NOTE_FORK:
        encoder_put_ext(encoder, TF_EXT_FORK, NULL, 0, ticks);
        break;
    case NOTE_MAPPED:
        note_numbers(encoder, TF_EXT_MAPPED, note, ticks);
        break;
    case NOTE_UNMAPPED:
        note_numbers(encoder, TF_EXT_UNMAPPED, note, ticks);
        break;
    case NOTE_ALLOCATOR:
        note_numbers(encoder, TF_EXT_ALLOCATOR, note, ticks);
        break;
    case NOTE_ORPHAN_EXIT:
        encoder_put_ext_numbers(encoder, TF_EXT_ORPHAN_EXIT, note->number, NULL, ticks);
        return; /* the one note that is a hook call */
    case NOTE_SNAPSHOT:
        note_snapshot(encoder, note, ticks);
        break;
    }
    take->nr_others++;
}

/* ---- Memory --------------------------------------------------------------------------------------------- */

/* The operand `before` words before the event; all of them are there, or it is no event of ours. */
static bool operand_get(const struct take *take, const uint64_t *word, uint32_t before, uint64_t *operand)
{
    if (word - take->segment.words < (ptrdiff_t)before || (word[-(ptrdiff_t)before] & 0xffff) != SYMBOL_OPERAND)
        return false;
    *operand = word[-(ptrdiff_t)before] >> OPERAND_SHIFT;
    return true;
}

/* A pool's block may begin where the block does in which the pool lies: its address is another one in the file. */
static uint64_t pool_address(uint64_t address)
{
    return address | TF_POOL_ADDRESS;
}

/* What it is in the file, of a pool's block or not. */
static uint32_t symbol_in_file(uint32_t symbol)
{
    if (symbol == SYMBOL_POOL_FREE)
        return TF_SYM_FREE;
    return symbol == SYMBOL_POOL_REALLOC ? (uint32_t)TF_SYM_REALLOC : symbol;
}

static bool symbol_is_memory(uint32_t symbol)
{
    uint32_t in_file = symbol_in_file(symbol);
    return in_file == TF_SYM_ALLOC || in_file == TF_SYM_FREE || in_file == TF_SYM_REALLOC;
}

/* An ALLOC, FREE or REALLOC. */
static void take_memory(struct take *take, const uint64_t *word, uint32_t symbol, uint64_t ticks)
{
    struct encoder *encoder = &take->chunker->encoder;
    uint64_t address = 0;
    uint64_t size = 0;
    uint64_t caller = 0;
    if (!operand_get(take, word, 1, &address))
        return;
    if (symbol == TF_SYM_ALLOC) {
        if (!operand_get(take, word, 2, &size) || !operand_get(take, word, 3, &caller))
            return;
        uint32_t api = (uint32_t)size & ((1u << OPERAND_API_BITS) - 1);
        memory_columns_put_alloc(&encoder->memory_columns, api == TF_API_POOL ? pool_address(address) : address,
                                 size >> OPERAND_API_BITS, api, caller,
                                 (uint32_t)(*word >> WORD_PATH_SHIFT) & PATH_MASK);
    } else {
        memory_columns_put_release(&encoder->memory_columns,
                                   symbol_in_file(symbol) != symbol ? pool_address(address) : address);
    }
    encoder_put(encoder, symbol_in_file(symbol), ticks);
    take->thread->memory_recorded++;
}

/* ---- The loop ------------------------------------------------------------------------------------------- */

/* What is neither an enter nor an exit of a function. */
static void take_other(struct take *take, const uint64_t *word, uint32_t symbol, uint64_t ticks)
{
    if (symbol == TF_SYM_UNWIND || symbol == SYMBOL_REGION_END) {
        encoder_put(&take->chunker->encoder, symbol == TF_SYM_UNWIND ? TF_SYM_UNWIND : TF_SYM_EXIT, ticks);
        take->nr_others++;
    } else if (symbol_is_note(symbol, &take->segment)) {
        uint32_t granule = SYMBOL_NOTE_MAX - symbol;
        const struct segment_note *note =
            (const struct segment_note *)(const void *)(take->segment.notes + (size_t)granule * NOTE_GRANULE);
        if (sizeof *note + note->bytes <= (size_t)(take->segment.max_notes - granule) * NOTE_GRANULE)
            take_note(take, note, ticks);
    } else if (symbol_is_memory(symbol)) {
        take_memory(take, word, symbol, ticks);
        take->nr_others++;
    } else { /* an operand, or no word of ours */
        take->nr_others++;
    }
}

static bool word_is_call(uint64_t word, uint32_t nr_dict)
{
    uint32_t symbol = (uint32_t)word & 0xffff;
    return symbol == TF_SYM_EXIT || symbol - TF_SYM_ENTER < nr_dict;
}

/* A word that the columns cannot take as it is. */
static void take_word(struct take *take, const uint64_t *word)
{
    struct encoder *encoder = &take->chunker->encoder;
    uint32_t symbol = (uint32_t)*word & 0xffff;
    uint64_t ticks = segment_ticks(&take->segment, *word);
    ticks = ticks > encoder->last_ticks ? ticks : encoder->last_ticks; /* time never goes back */
    if (word_is_call(*word, take->nr_dict))
        encoder_put(encoder, symbol, ticks);
    else
        take_other(take, word, symbol, ticks);
}

static void take_words(struct take *take)
{
    struct encoder *encoder = &take->chunker->encoder;
    const uint64_t *words = take->segment.words + take->begin;
    const uint64_t *end = take->segment.words + take->end;
    const uint64_t high = segment_ticks(&take->segment, 0);
    while (words < end && encoder->last_ticks < high) /* from the segment before: the fast loop counts in 32 bits */
        take_word(take, words++);
    for (;;) {
        words = encoder_put_words(encoder, words, end, high, take->nr_dict);
        if (words == end)
            break;
        do { /* allocations come several words at a time, and where no calls are recorded there is nothing else */
            if ((*words & 0xffff) == SYMBOL_OPERAND)
                take->nr_others++; /* read with what it belongs to */
            else
                take_word(take, words);
            words++;
        } while (words < end && !word_is_call(*words, take->nr_dict));
    }
}

/* Regions are frames, but no hook calls; where there are none nobody has to look. */
static void take_count_regions(struct take *take)
{
    bool any = false;
    for (uint32_t i = 0; i < take->nr_dict; i++)
        any |= (take->segment.dict[i].function & ENTRY_REGION) != 0;
    for (uint32_t i = take->begin; any && i < take->end; i++) {
        uint32_t symbol = (uint32_t)take->segment.words[i] & 0xffff;
        if (symbol - TF_SYM_ENTER < take->nr_dict &&
            (take->segment.dict[symbol - TF_SYM_ENTER].function & ENTRY_REGION) != 0)
            take->nr_others++;
    }
}

/* Drops that no note has told of: the thread ended, or was killed, while it was dropping. */
static void take_last_drops(struct take *take)
{
    const struct region_slot *slot = take->slot;
    struct encoder *encoder = &take->chunker->encoder;
    uint64_t dropped = __atomic_load_n(&slot->dropped, __ATOMIC_RELAXED);
    bool memory_too = __atomic_load_n(&slot->memory_dropped, __ATOMIC_RELAXED) != take->thread->memory_dropped;
    if (dropped <= take->thread->dropped && !memory_too)
        return;
    uint64_t calls = dropped - take->thread->dropped;
    uint64_t width = 0;
    take->thread->dropped = dropped;
    encoder_put_ext_numbers(encoder, TF_EXT_DROPPED, calls, &width, encoder->last_ticks);
}

/* All segments of a chunk are alike. One without any has no times. */
static uint32_t chunk_flags(const struct take *take, bool last)
{
    bool fenced = take->nr_events > 0 && take->segment.head->is_fenced;
    return (last ? (uint32_t)TF_CHUNK_LAST : 0) | (fenced ? (uint32_t)TF_CHUNK_FENCED : 0);
}

static void chunk_write(struct take *take, bool last)
{
    struct chunker *chunker = take->chunker;
    struct drain_thread *thread = take->thread;
    struct encoder *encoder = &chunker->encoder;
    thread->recorded += take->nr_events;
    thread->last_ticks = encoder->last_ticks;
    if (thread->memory_recorded + thread->memory_dropped > 0)
        encoder_put_memory(encoder, thread->memory_recorded, thread->memory_dropped);
    if (region_records_paths(chunker->region) && encoder->memory_columns.nr_allocs > 0)
        encoder_put_paths(encoder, take->segment.dict);
    struct tf_chunk_head head = {.process = thread->process_serial,
                                 .number = thread->nr_chunks,
                                 .flags = chunk_flags(take, last),
                                 .hook_calls = thread->recorded + thread->dropped,
                                 .recorded = thread->recorded,
                                 .dropped_full = thread->dropped,
                                 .stalled_ticks = thread->stalled_ticks};
    struct tf_header header = {.type = TF_BLOCK_CHUNK,
                               .thread = thread->serial,
                               .nr_events = take->nr_events,
                               .first_ticks = encoder->base_ticks,
                               .last_ticks = encoder->last_ticks};
    struct part parts[ENCODE_NR_PARTS];
    uint32_t nr_parts = encoder_store(encoder, &head, chunker->sink->raw, parts);
    sink_write_parts(chunker->sink, &header, parts, nr_parts);
    thread->nr_chunks++;
}

/* Leave word of what the chunk that is about to be written contains. */
static void slot_intend(struct region_slot *slot, const struct drain_thread *thread, uint64_t next_read_at)
{
    slot->thread_serial = thread->serial;
    slot->thread_generation = thread->generation;
    slot->chunk_number = thread->nr_chunks;
    __atomic_store_n(&slot->next_read_at, next_read_at, __ATOMIC_RELEASE);
}

/* Write what has been taken, if anything; the read position is `next` then. */
static void take_write(struct take *take, uint64_t next, bool last)
{
    struct region_slot *slot = take->slot;
    if (last)
        take_last_drops(take);
    if (take->chunker->encoder.nr_symbols > 0) {
        take->thread->memory_dropped = __atomic_load_n(&slot->memory_dropped, __ATOMIC_RELAXED);
        slot_intend(slot, take->thread, next);
        chunk_write(take, last);
    }
    __atomic_store_n(&slot->read_at, next, __ATOMIC_RELEASE);
}

/* ---- Segments ------------------------------------------------------------------------------------------- */

static struct segment take_segment(const struct take *take, uint32_t number)
{
    return segment_at(take->ring, take->ring_bytes, number);
}

static struct take take_make(struct chunker *chunker, struct drain_thread *thread, uint32_t index)
{
    struct region *region = chunker->region;
    struct take take = {.chunker = chunker,
                        .thread = thread,
                        .slot = &region->slots[index],
                        .ring = region_ring(region, index),
                        .ring_bytes = region_ring_bytes(region, index)};
    take.number = (uint32_t)(take.slot->read_at >> 32);
    take.segment = take_segment(&take, take.number);
    take.begin = (uint32_t)take.slot->read_at;
    return take;
}

/* Begin a chunk with the frames that are open where it begins, and the dictionary of `dict`, which is `segment` or
 * later. */
static void take_begin(struct take *take, const struct segment *dict)
{
    const struct segment *segment = &take->segment;
    const struct segment_head *head = segment->head;
    uint32_t nr = head->nr_stack < segment->max_stack ? head->nr_stack : segment->max_stack;
    const struct frame *frames = segment->stack;
    uint64_t base = head->base_ticks;
    uint32_t depth = head->depth;
    take->nr_dict = segment_nr_dict(dict);
    if (take->begin > 0) {
        nr = take_follow(take, &depth);
        frames = take->chunker->frames;
    }
    base = base > take->thread->last_ticks ? base : take->thread->last_ticks;
    encoder_begin(&take->chunker->encoder, base, frames, nr, depth, dict->dict, take->nr_dict);
}

/* Take the words up to `end` of the segment that is being read. */
static void take_read(struct take *take, uint32_t end)
{
    take->begin = take->begin < end ? take->begin : end;
    take->end = end;
    take->nr_others = 0;
    take_words(take);
    take_count_regions(take);
    take->nr_events += take->end - take->begin - take->nr_others;
}

static void take_turn(struct take *take)
{
    take->segment = take_segment(take, ++take->number);
    take->begin = 0;
}

/* True when a segment says that modules came or went; perhaps when a name in it looks like that. */
static bool segment_changes_modules(const struct segment *segment)
{
    uint32_t nr = segment->head->nr_notes < segment->max_notes ? segment->head->nr_notes : segment->max_notes;
    for (uint32_t i = 0; i < nr; i++) {
        const struct segment_note *note =
            (const struct segment_note *)(const void *)(segment->notes + (size_t)i * NOTE_GRANULE);
        if (note->kind == NOTE_MODULE_LOAD || note->kind == NOTE_MODULE_UNLOAD)
            return true;
    }
    return false;
}

/*
 * True when `next` goes on where `segment` ends, in the same way, and with its dictionary. Where modules come and go a
 * chunk ends: an address means something else before and after.
 */
static bool segment_joins(const struct segment *segment, const struct segment *next)
{
    uint32_t nr_dict = segment_nr_dict(segment);
    return segment->head->end_depth == next->head->depth && segment->head->is_fenced == next->head->is_fenced &&
           nr_dict <= segment_nr_dict(next) && memcmp(segment->dict, next->dict, nr_dict * sizeof *next->dict) == 0 &&
           !segment_changes_modules(segment);
}

/*
 * The last segment of the chunk, of those below `end`. Frames and tables of the compressor cost as much for a small
 * chunk as for a large one, so it takes as many as fit. Where calls were dropped in between, the next segment's list
 * of open frames has what no word has told.
 */
static uint32_t take_reach(const struct take *take, uint32_t end)
{
    const struct region_slot *slot = take->slot;
    uint32_t most = TF_CHUNK_EVENTS_MAX / take->segment.max_words;
    uint32_t number = take->number;
    if (__atomic_load_n(&slot->dropped, __ATOMIC_RELAXED) != take->thread->dropped ||
        __atomic_load_n(&slot->memory_dropped, __ATOMIC_RELAXED) != take->thread->memory_dropped)
        return number;
    for (; number + 1 < end && number + 1 - take->number < most; number++) {
        struct segment segment = take_segment(take, number);
        struct segment next = take_segment(take, number + 1);
        if (!segment_joins(&segment, &next))
            break;
    }
    return number;
}

void chunk_take_closed(struct chunker *chunker, struct drain_thread *thread, uint32_t index, uint32_t end, bool last)
{
    struct take take = take_make(chunker, thread, index);
    uint32_t reach = take_reach(&take, end);
    struct segment dict = take_segment(&take, reach);
    take_begin(&take, &dict);
    take_read(&take, segment_closed_count(&take.segment));
    while (take.number < reach) {
        take_turn(&take);
        take_read(&take, segment_closed_count(&take.segment));
    }
    take_write(&take, region_position(reach + 1, 0), last && reach + 1 == end);
}

void chunk_take_open(struct chunker *chunker, struct drain_thread *thread, uint32_t index, uint32_t end)
{
    struct take take = take_make(chunker, thread, index);
    take_begin(&take, &take.segment);
    take_read(&take, end);
    take_write(&take, region_position(take.number, end), false);
}

void chunk_take_end(struct chunker *chunker, struct drain_thread *thread, uint32_t index)
{
    struct take take = take_make(chunker, thread, index);
    uint32_t depth = 0; /* what is open has been listed before */
    if (thread->nr_chunks > 0 && take.number > 0)
        depth = take_segment(&take, take.number - 1).head->end_depth;
    encoder_begin(&chunker->encoder, thread->last_ticks, NULL, 0, depth, NULL, 0);
    take_write(&take, take.slot->read_at, true);
}
