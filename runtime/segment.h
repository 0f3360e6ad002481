/*
 * A segment of a ring: what a thread records until it turns to the next segment. A chunk of the file is made of one, or
 * of several that go on from each other.
 *
 *     words   | dict    | notes   | stack       | head
 *     1/2     | 1/8     | 1/8     | 1/4 - 256 B | 256 B
 *
 * A word is one symbol of the file's format with its time. Words are filled in order, each by one compare-and-swap that
 * no signal handler of the same thread can come between (ring.h): nobody has to count anything, and whatever kills a
 * program, the filled words are there. Nobody makes them blank again: what the bit WORD_FILLED of a filled word is
 * turns with each lap around the ring. So a word is swapped for whatever an earlier lap has left there, which is never
 * the same twice, and who was interrupted in that lap finds nothing to fill. The owner fills, the drain only reads.
 */
#ifndef SEGMENT_H
#define SEGMENT_H

#include "config.h"
#include "stack.h"
#include "tracert/format.h"

#include <stdint.h>

#define SEGMENT_MIN_BYTES  (64u << 10)
#define SEGMENT_MAX_BYTES  (512u << 10)
#define SEGMENT_HEAD_BYTES 256u

/*
 * A word: the low 32 bits of its ticks, 15 bits that an ALLOC has its path in, WORD_FILLED, symbol. The high 32 bits of
 * the ticks are the segment's.
 */
#define WORD_TICKS_SHIFT 32
#define WORD_PATH_SHIFT  17
#define WORD_FILLED      (1ull << 16) /* in the first lap and every second one after it; else its absence */

/*
 * Symbols are the file's (enum tf_symbol), and these: the end of a region, which the file does not tell from that of a
 * function; operands, below; and, from 0xffff down, notes: symbol 0xffff - i is the note that begins at granule i.
 */
#define SYMBOL_CLOSED     6u /* no event: it keeps the word behind the last one of a segment that was closed early */
#define SYMBOL_REGION_END 7u
#define SYMBOL_NOTE_MAX   0xffffu
#define NOTE_GRANULE      32u

/*
 * What an ALLOC, FREE or REALLOC is about stands in the words before it, which are no events and have no time: an
 * address; before an ALLOC also, from last to first, its size with its api, and its caller. Nothing comes in between:
 * operands that are not followed by what they belong to mean nothing.
 */
#define SYMBOL_OPERAND      0x7fffu
#define SYMBOL_POOL_FREE    0x8000u            /* a FREE of a pool's block */
#define SYMBOL_POOL_REALLOC 0x8001u            /* a REALLOC of one */
#define OPERAND_SHIFT       17u                /* in its word, above WORD_FILLED */
#define OPERAND_MAX         ((1ull << 47) - 1) /* addresses of programs are below it */
#define OPERAND_API_BITS    4u
#define OPERAND_SIZE_MAX    (OPERAND_MAX >> OPERAND_API_BITS) /* larger sizes count as this */
#define ALLOC_OPERANDS      3u
#define FREE_OPERANDS       1u

/* What an ENTER symbol means: the symbol is TF_SYM_ENTER + its index. All zero: claimed and never used. */
struct segment_entry {
    uint64_t function; /* with ENTRY_REGION: a name */
    uint64_t site;     /* frame_site(), with ENTRY_INLINED */
};

/*
 * In a session that records no calls but call paths (paths.h), an entry is a path: the top 16 bits of `site` are the
 * number of the path that it goes on from, 0 for none, and the rest is the frame. The number of a path is its index,
 * plus 1.
 */
#define PATH_SHIFT    48
#define PATH_MASK     0x7fffu
#define ENTRY_REGION  (1ull << 63)
#define ENTRY_INLINED (1ull << 47) /* no address of a program has this bit */

enum note_kind {
    NOTE_MARK = 1,      /* data: name */
    NOTE_COUNTER,       /* number; data: name */
    NOTE_THREAD_NAME,   /* data: name */
    NOTE_MODULE_LOAD,   /* data: the nested fields of TF_FIELD_MODULE_LOAD; the segment ends soon */
    NOTE_MODULE_UNLOAD, /* data: the nested fields of TF_FIELD_MODULE_UNLOAD; the segment ends soon */
    NOTE_STALL,         /* number: ticks waited */
    NOTE_DROPPED,       /* number: hook calls dropped; data: u64 ticks of the first */
    NOTE_FORK,          /* a child may inherit the stack that is open here */
    NOTE_ORPHAN_EXIT,   /* number: address of the function; the only note that is a hook call */
    NOTE_MAPPED,        /* number: address; data: u64 bytes, u64 enum tf_map_how */
    NOTE_UNMAPPED,      /* the same */
    NOTE_ALLOCATOR,     /* number: bytes in use; data: u64 free, u64 mapped */
    NOTE_SNAPSHOT       /* number; data: u64 ticks when the copying began, then its name */
};

struct segment_note {
    uint16_t kind;
    uint16_t bytes; /* of data */
    uint32_t unused;
    uint64_t number;
    uint8_t data[];
};

#define NOTE_DATA_MAX     6144u
#define SNAPSHOT_NAME_MAX 255u

struct segment_head {
    uint64_t base_ticks; /* when it began; no word is older, and all have the same high 32 bits */
    uint32_t nr;         /* words, once the segment is closed */
    uint32_t nr_dict;    /* entries claimed, possibly more than there are; atomic */
    uint32_t nr_notes;   /* granules claimed, possibly more than there are; atomic */
    uint32_t nr_stack;   /* frames listed, the innermost ones */
    uint32_t depth;      /* frames open when the segment began */
    uint32_t end_depth;  /* … and when its owner closed it */
    uint32_t is_fenced;
};

/*
 * In a fenced segment hooks read the clock only when all that came before is done, and nothing of what follows has
 * begun. Elsewhere the processor does a hook's work and the program's at once, so that what takes less than a hook
 * leaves no trace in the times; here it does, though hooks take three times as long. So one segment in many is fenced,
 * a short one. The analyzer learns from it how the time is shared among the functions (compensate.h).
 */
#define FENCED_EVERY 32u /* of so many segments one is fenced, and more of the first of a ring … */
#define FENCED_SHARE 8u  /* … and has this fraction of another one's words */

_Static_assert(SEGMENT_MAX_BYTES / 2 / sizeof(uint64_t) <= UINT16_MAX, "ring.h, fenced_limit");

/* No program has the rhythm of it. `fence`: enum config_fence. */
static inline uint32_t segment_is_fenced(uint32_t number, uint32_t fence)
{
    uint32_t which = (number / FENCED_EVERY * 0x9E3779B1u) >> 16;
    if (fence != CONFIG_FENCE_SOME)
        return fence == CONFIG_FENCE_ALL;
    if (number < FENCED_EVERY)
        return number == 1 || number == 5 || number == 17;
    return number % FENCED_EVERY == which % FENCED_EVERY;
}

/* Where a segment's parts lie and how much fits. */
struct segment {
    uint64_t *words;
    struct segment_entry *dict;
    uint8_t *notes;
    struct frame *stack;
    struct segment_head *head;
    uint32_t max_words, max_dict, max_notes, max_stack;
    uint32_t lap; /* around the ring, from 0 */
    uint64_t odd; /* WORD_FILLED in laps where it means the opposite, else 0 */
};

/* How large the segments of a ring are: at least two, mostly four. */
static inline uint32_t segment_bytes(uint32_t ring_bytes)
{
    uint32_t bytes = ring_bytes / 4;
    bytes = bytes < SEGMENT_MIN_BYTES ? SEGMENT_MIN_BYTES : bytes;
    return bytes > SEGMENT_MAX_BYTES ? SEGMENT_MAX_BYTES : bytes;
}

/* How many there are: a power of two. */
static inline uint32_t segments_of(uint32_t ring_bytes)
{
    return ring_bytes / segment_bytes(ring_bytes);
}

/* `odd`: the segment's. */
static inline __attribute__((always_inline)) int word_is_filled(uint64_t word, uint64_t odd)
{
    return ((word ^ odd) & WORD_FILLED) != 0;
}

/* Segment `number` of a ring, counted from the ring's first owner on. */
static inline struct segment segment_at(uint8_t *ring, uint32_t ring_bytes, uint32_t number)
{
    uint32_t bytes = segment_bytes(ring_bytes);
    uint32_t nr = segments_of(ring_bytes);
    uint32_t lap = number / nr;
    uint8_t *base = ring + (uint64_t)(number & (nr - 1)) * bytes;
    return (struct segment){.words = (uint64_t *)(void *)base,
                            .dict = (struct segment_entry *)(void *)(base + bytes / 2),
                            .notes = base + bytes / 2 + bytes / 8,
                            .stack = (struct frame *)(void *)(base + bytes / 2 + bytes / 4),
                            .head = (struct segment_head *)(void *)(base + bytes - SEGMENT_HEAD_BYTES),
                            .max_words = bytes / 2 / (uint32_t)sizeof(uint64_t),
                            .max_dict = bytes / 8 / (uint32_t)sizeof(struct segment_entry),
                            .max_notes = bytes / 8 / NOTE_GRANULE,
                            .max_stack = (bytes / 4 - SEGMENT_HEAD_BYTES) / (uint32_t)sizeof(struct frame),
                            .lap = lap,
                            .odd = lap % 2 * WORD_FILLED};
}

/* The ticks of a word. */
static inline uint64_t segment_ticks(const struct segment *segment, uint64_t word)
{
    return (segment->head->base_ticks & ~(uint64_t)UINT32_MAX) | word >> WORD_TICKS_SHIFT;
}

static inline int segment_is_filled(const struct segment *segment, uint32_t index)
{
    return word_is_filled(__atomic_load_n(&segment->words[index], __ATOMIC_ACQUIRE), segment->odd);
}

/* The words filled so far of a segment that is open, or was when its owner died. */
static inline uint32_t segment_count(const struct segment *segment)
{
    uint32_t low = 0;
    uint32_t high = segment->max_words;
    while (low < high) { /* they are filled in order */
        uint32_t middle = low + (high - low) / 2;
        if (segment_is_filled(segment, middle))
            low = middle + 1;
        else
            high = middle;
    }
    low -= low > 0 && (segment->words[low - 1] & 0xffff) == SYMBOL_CLOSED;
    while (low > 0 && (segment->words[low - 1] & 0xffff) == SYMBOL_OPERAND) /* what they belong to is to come */
        low--;
    return low;
}

static inline int symbol_is_enter(uint32_t symbol)
{
    return symbol - TF_SYM_ENTER < SYMBOL_OPERAND - TF_SYM_ENTER;
}

/* The entries of its dictionary so far. */
static inline uint32_t segment_nr_dict(const struct segment *segment)
{
    uint32_t claimed = __atomic_load_n(&segment->head->nr_dict, __ATOMIC_RELAXED);
    return claimed < segment->max_dict ? claimed : segment->max_dict;
}

/* The words of a segment that is closed. */
static inline uint32_t segment_closed_count(const struct segment *segment)
{
    return segment->head->nr < segment->max_words ? segment->head->nr : segment->max_words;
}

static inline int symbol_is_note(uint32_t symbol, const struct segment *segment)
{
    return symbol > SYMBOL_NOTE_MAX - segment->max_notes;
}

#endif
