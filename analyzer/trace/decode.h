/*
 * A chunk's payload as a checked struct, and a cursor over its symbols.
 *
 * chunk_decode() checks everything once: sizes, indexes, depths, times. What has passed needs no check in an inner
 * loop: every ENTER names an entry of `dict`, every EXIT and UNWIND has a frame (by `depth`), every wide delta,
 * EXT record and block of memory is there and whole, times do not go back and lie within what the block header says.
 * Used by one thread at a time; texts are untrusted and not terminated.
 */
#ifndef DECODE_H
#define DECODE_H

#include "trace/memory.h"
#include "trace/reader.h"

/* What a frame is: a function of the process, or a region. */
struct chunk_entry {
    uint64_t fn, site;
    const char *region; /* NULL: a function */
    uint32_t region_bytes;
    bool inlined;
};

/* A frame that is open when the chunk begins. */
struct chunk_frame {
    struct chunk_entry entry;
    uint64_t enter_ticks; /* at most base_ticks */
    bool inherited;       /* from the parent process, at fork */
};

/* A record of EXT. */
struct chunk_ext {
    uint64_t kind;
    uint64_t number; /* its first varint, when the kind has one (COUNTER: the value as it is coded, in zigzag) */
    uint64_t second; /* DROPPED: ticks since the first; SNAPSHOT: since the copying began; MAPPED, UNMAPPED: bytes;
                        ALLOCATOR: bytes that are free */
    uint64_t third;  /* MAPPED, UNMAPPED: enum tf_map_how; ALLOCATOR: bytes in mappings */
    const char *text;
    size_t text_bytes; /* MARK, COUNTER, THREAD_NAME, SNAPSHOT */
};

struct chunk {
    struct tf_chunk_head head;
    uint64_t last_ticks;    /* of the last symbol; base_ticks when there is none */
    uint32_t peak_depth;    /* most open frames at any moment */
    const uint8_t *symbols; /* head.nr_symbols × u16 */
    const uint8_t *deltas;  /* head.nr_symbols × u8 */
    const uint8_t *wide, *wide_end, *ext, *ext_end;
    struct chunk_entry *dict;  /* head.nr_dict */
    struct chunk_frame *stack; /* head.nr_stack, outermost first */
    struct memory_section memory;
    uint8_t *widened;  /* what `symbols` is when the chunk has a byte for each */
    uint8_t *unpacked; /* what `deltas` is when the chunk has them packed */
    uint8_t *retimed;  /* what `deltas` and `wide` are when there was a gap within the chunk */
    size_t dict_capacity, stack_capacity, widened_capacity, unpacked_capacity;
    const struct anchors *anchors; /* borrowed; the gaps that are taken out of all times. NULL: none */
    struct buffer raw;             /* the payload; what is above points into it */
};

/* A zeroed struct is an empty chunk, and can be decoded into any number of times. */
void chunk_release(struct chunk *chunk);

/*
 * Load and check a chunk. 0; -1 with ERR_INCOMPLETE when it is damaged or malformed, ERR_INPUT when nothing can be read
 * any more or memory ran out.
 */
int chunk_load(struct trace *trace, const struct trace_chunk *block, struct chunk *chunk, struct err *err);

/* Check the `raw_bytes` bytes that are in chunk->raw already. Gaps are those of chunk->anchors, in `block`, too. */
int chunk_decode(struct chunk *chunk, size_t raw_bytes, const struct trace_chunk *block, struct err *err);

/* A place in a chunk. */
struct chunk_cursor {
    uint32_t index; /* of the next symbol */
    uint64_t ticks; /* of the symbol that chunk_next returned last */
    const uint8_t *wide, *ext;
    struct memory_cursor memory;
};

void chunk_begin(const struct chunk *chunk, struct chunk_cursor *cursor);

/* The ticks of a delta that is TF_DELTA_WIDE: call it once for each. */
static inline uint64_t chunk_next_wide(const struct chunk *chunk, struct chunk_cursor *cursor)
{
    uint64_t wide = 0;
    cursor->wide = tf_get_varint(cursor->wide, chunk->wide_end, &wide);
    return wide;
}

/* The next symbol, and its time in cursor->ticks. The chunk must have one: cursor->index < nr_symbols. */
static inline uint32_t chunk_next(const struct chunk *chunk, struct chunk_cursor *cursor)
{
    uint32_t delta = chunk->deltas[cursor->index];
    if (delta == TF_DELTA_WIDE)
        cursor->ticks += chunk_next_wide(chunk, cursor);
    else
        cursor->ticks += (uint64_t)delta * chunk->head.tick_unit;
    return tf_load16(chunk->symbols + 2 * (size_t)cursor->index++);
}

/* The record of an EXT symbol: call it once for each. */
void chunk_next_ext(const struct chunk *chunk, struct chunk_cursor *cursor, struct chunk_ext *ext);

/* What an ALLOC, FREE or REALLOC symbol is about: call it once for each. */
static inline void chunk_next_memory(const struct chunk *chunk, struct chunk_cursor *cursor, uint32_t symbol,
                                     struct memory_block *block)
{
    memory_next(&chunk->memory, &cursor->memory, symbol, block);
}

#endif
