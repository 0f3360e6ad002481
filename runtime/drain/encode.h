/*
 * The columns of one chunk while it is being filled, and their last step to the bytes of FORMAT.md §4.
 *
 * Fixed buffers, large enough for the largest chunk, touched as far as they are used. One encoder serves all threads, a
 * chunk at a time.
 */
#ifndef ENCODE_H
#define ENCODE_H

#include "drain/encode_memory.h"
#include "drain/pack.h"
#include "drain/part.h"
#include "drain/words.h"
#include "region.h"
#include "segment.h"
#include "tracert/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct encoder {
    uint8_t *symbols; /* the columns; see encode.c for their sizes */
    uint8_t *deltas;
    uint8_t *packed, *rest; /* the deltas again, if it pays: pack.h */
    uint8_t *wide, *wide_end;
    uint8_t *dict, *dict_end;
    uint8_t *stack, *stack_end;
    uint8_t *ext, *ext_end;
    uint8_t *memory, *memory_end; /* empty unless encoder_put_memory() has made it */
    uint8_t *paths, *paths_end;   /* empty unless encoder_put_paths() has made it */
    struct memory_columns memory_columns;
    uint32_t nr_symbols, nr_dict, nr_stack, depth;
    uint32_t symbol_bytes; /* 1 or 2: what the chunk's largest symbol needs */
    uint64_t base_ticks;
    uint64_t last_ticks; /* of the last symbol, as a reader will see it: to within the clock's slack */
    uint32_t tick_unit, slack;
    uint64_t unit_inverse; /* 2^32 / tick_unit, rounded up: division by multiplication */
    words_put *words_put;  /* NULL: the plain loop alone */
    pack_put *pack_put;
    const struct region *region; /* with the names of regions; borrowed */
};

#define ENCODE_EXT_BYTES (1u << 20)

/* Map the buffers for chunks of a region with rings of at most `big_bytes`. 0, or -1 without memory. */
int encoder_init(struct encoder *encoder, const struct region *region);

/*
 * Begin a chunk at `base_ticks`, with the frames open then: `depth` of them, of which `nr` are listed, and a dictionary
 * of `nr_dict` entries.
 */
void encoder_begin(struct encoder *encoder, uint64_t base_ticks, const struct frame *frames, uint32_t nr,
                   uint32_t depth, const struct segment_entry *dict, uint32_t nr_dict);

/* The units of a difference to the last symbol's time, or TF_DELTA_WIDE when it is no small multiple of the unit. */
static inline uint32_t encoder_units(const struct encoder *encoder, uint64_t difference)
{
    uint64_t rounded = difference + encoder->tick_unit / 2;
    uint64_t units = (rounded & 0xffffffff) * encoder->unit_inverse >> 32;
    uint64_t rest = difference - units * encoder->tick_unit + encoder->slack;
    return rounded < 1u << 20 && units < TF_DELTA_WIDE && rest <= 2 * encoder->slack ? (uint32_t)units : TF_DELTA_WIDE;
}

/* Append a symbol that happens at `ticks`; one that is before the last one counts as that one's time. */
void encoder_put(struct encoder *encoder, uint32_t symbol, uint64_t ticks);

/*
 * Append what words[0, end) of a segment say, up to the first that is not an exit or one of the `nr_dict` enters a
 * small multiple of the unit after the one before. Returns that one, or `end`. `high`: what their ticks are added to.
 */
const uint64_t *encoder_put_words(struct encoder *encoder, const uint64_t *words, const uint64_t *end, uint64_t high,
                                  uint32_t nr_dict);

/* Append an EXT symbol with a record of `bytes` of value. */
void encoder_put_ext(struct encoder *encoder, enum tf_ext kind, const void *value, size_t bytes, uint64_t ticks);

/* Append an EXT symbol whose record is one or two varints. */
void encoder_put_ext_numbers(struct encoder *encoder, enum tf_ext kind, uint64_t first, const uint64_t *second,
                             uint64_t ticks);

/* Make the section MEMORY of what memory_columns has, with the thread's counts so far. */
void encoder_put_memory(struct encoder *encoder, uint64_t recorded, uint64_t dropped);

/* Make the section PATHS: the dictionary, which is the chunk's, holds paths. */
void encoder_put_paths(struct encoder *encoder, const struct segment_entry *dict);

#define ENCODE_NR_PARTS                                                                           \
    5u /* head with all small sections; then those of STACK, DELTAS, SYMBOLS, PACKED that are not \
        */

/*
 * Finish the payload. `head` is complete but for what the encoder knows. It and the small sections are written to
 * `raw`, which has TF_RAW_MAX bytes; the other parts lie in the encoder until the next chunk begins. Returns how many
 * parts there are.
 */
uint32_t encoder_store(struct encoder *encoder, struct tf_chunk_head *head, uint8_t *raw,
                       struct part parts[ENCODE_NR_PARTS]);

#endif
