/*
 * The trace format, version 1: the only copy in code of what FORMAT.md specifies.
 *
 * Everybody may include this header; it includes nothing of ours, does no I/O, allocates nothing and
 * keeps no state. All functions are pure, so they are thread-safe and async-signal-safe. All integers
 * in a trace are little-endian; the helpers below load and store them byte by byte.
 */
#ifndef TRACERT_FORMAT_H
#define TRACERT_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TF_VERSION 1u

/* ---- Blocks (FORMAT.md §2) ------------------------------------------------------------------- */

#define TF_FRAME_MAGIC   0x184D2A5Cu   /* a zstd skippable frame: every block begins with one */
#define TF_SIGNATURE     "\x8Atracert" /* bytes 8..15 of every block */
#define TF_HEADER_BYTES  96u
#define TF_SKIPPED_BYTES (TF_HEADER_BYTES - 8u) /* what the skippable frame says of its own size */
#define TF_RAW_MAX       (16u << 20)            /* a payload is never larger when decompressed */

enum tf_block_type {
    TF_BLOCK_SESSION = 1, /* first block: what ran, on what clock */
    TF_BLOCK_PROCESS = 2, /* a process joined the session */
    TF_BLOCK_THREAD = 3,  /* a thread was born, or got a name */
    TF_BLOCK_MODULE = 4,  /* objects mapped into, or unmapped from, a process */
    TF_BLOCK_CHUNK = 5,   /* the events of one thread */
    TF_BLOCK_END = 6,     /* last block: totals, and how the session ended */
    TF_BLOCK_HOOKS = 7,   /* what the hooks cost; may be skipped */
    TF_BLOCK_SYMBOLS = 8, /* names of functions, for readers that do not have the binaries */
    /* Of images of the heap (FORMAT.md §6), and of these only: */
    TF_BLOCK_IMAGE = 9,     /* first block: whose memory it is, and its threads */
    TF_BLOCK_MAPPINGS = 10, /* what is mapped */
    TF_BLOCK_PAGES = 11     /* what the memory held */
};

enum tf_block_flag {
    TF_BLOCK_MAY_SKIP = 1u << 0 /* a reader that does not know the type may ignore the block */
};

/* The fixed header of a block, as a struct in memory (never copied from the file as it is). */
struct tf_header {
    uint16_t version;
    uint8_t type;           /* enum tf_block_type */
    uint8_t flags;          /* enum tf_block_flag */
    uint32_t sequence;      /* number of the block in the file, from 0 */
    uint64_t session;       /* random id of the session; the same in all blocks */
    uint32_t payload_bytes; /* size of the zstd frames that follow the header */
    uint32_t raw_bytes;     /* its size when decompressed */
    uint32_t thread;        /* CHUNK, THREAD: serial of the thread; else 0 */
    uint32_t nr_events;     /* CHUNK: enter and exit events of functions; else 0 */
    uint64_t first_ticks;   /* CHUNK: time of the first event */
    uint64_t last_ticks;    /* CHUNK: time of the last event */
    uint64_t anchor_ticks;  /* one instant, read on the trace's clock … */
    uint64_t anchor_ns;     /* … and on CLOCK_MONOTONIC */
};

/* ---- Fields of the descriptive blocks (FORMAT.md §3) ------------------------------------------ */

/* A field is varint key, varint length, value. An odd key must be understood, an even one may be skipped. */
enum tf_field {
    /* SESSION */
    TF_FIELD_RUNTIME_VERSION = 2, /* text */
    TF_FIELD_CLOCK = 4,           /* enum tf_clock */
    TF_FIELD_CLOCK_STEP = 6,      /* ticks between two readings that differ, as measured */
    TF_FIELD_REALTIME_NS = 8,     /* CLOCK_REALTIME at the header's anchor */
    TF_FIELD_HOST = 10,           /* text */
    TF_FIELD_KERNEL = 12,         /* text */
    TF_FIELD_REGION = 14,         /* path of the shared memory the rings lie in */
    TF_FIELD_FULL_POLICY = 16,    /* enum tf_full_policy */
    TF_FIELD_BOOT_ID = 18,        /* text: /proc/sys/kernel/random/boot_id */
    TF_FIELD_CLOCK_REASON = 20,   /* enum tf_clock_reason */
    TF_FIELD_MEMORY = 24,         /* enum tf_memory */
    /* PROCESS */
    TF_FIELD_PROCESS = 31, /* serial, from 1 */
    TF_FIELD_PID = 32,
    TF_FIELD_PARENT_PROCESS = 34, /* serial; 0 for the first */
    TF_FIELD_START_TICKS = 36,
    TF_FIELD_COMMAND = 38,    /* arguments, each ended by a NUL byte */
    TF_FIELD_EXECUTABLE = 40, /* path */
    TF_FIELD_DIRECTORY = 42,  /* working directory */
    TF_FIELD_ORIGIN = 44,     /* enum tf_origin */
    /* THREAD (with TF_FIELD_PROCESS and TF_FIELD_START_TICKS) */
    TF_FIELD_THREAD = 51, /* serial, from 1 */
    TF_FIELD_TID = 52,
    TF_FIELD_NAME = 54, /* text */
    /* MODULE (with TF_FIELD_PROCESS first) */
    TF_FIELD_MODULE_LOAD = 61,   /* nested fields, below */
    TF_FIELD_MODULE_UNLOAD = 63, /* nested fields: TF_FIELD_MODULE_BASE, TF_FIELD_TICKS */
    TF_FIELD_MODULE_BASE = 64,   /* what is added to the file's addresses */
    TF_FIELD_TICKS = 66,         /* when it was seen to appear or go */
    TF_FIELD_MODULE_PATH = 68,
    TF_FIELD_BUILD_ID = 70, /* bytes */
    TF_FIELD_SEGMENT = 72,  /* nested: varints address (before the base is added), bytes, PF_* flags */
    /* END */
    TF_FIELD_NR_BLOCKS = 81, /* blocks before this one */
    TF_FIELD_NR_EVENTS = 82,
    TF_FIELD_FAILURE = 84,         /* enum tf_failure; absent when all went well */
    TF_FIELD_FAILURE_ERRNO = 86,   /* the errno behind it */
    TF_FIELD_DROPPED_NO_RING = 88, /* hook calls without a ring to go to */
    TF_FIELD_RECOVERED = 90,       /* 1: the rings were finished after the drain had died */
    TF_FIELD_MEMORY_NO_RING = 92,  /* events of MEMORY without a ring to go to */
    TF_FIELD_REPAIRED = 94,        /* made of a damaged trace: events known to be lost that no chunk counts */
    TF_FIELD_NO_IMAGE = 96, /* enum tf_no_image, added up: images of heaps that were asked for and are not there */
    /* HOOKS */
    TF_FIELD_HOOK_COST = 100, /* varints: enum tf_hook_work, length, zigzag inside, zigzag outside */
    /* SYMBOLS (with TF_FIELD_MODULE_PATH and TF_FIELD_BUILD_ID first) */
    TF_FIELD_SYMBOL = 110,         /* nested fields, below */
    TF_FIELD_SYMBOL_ADDRESS = 112, /* in the object's file */
    TF_FIELD_SYMBOL_LINKAGE = 114,
    TF_FIELD_SYMBOL_NAME = 116,
    TF_FIELD_SYMBOL_SHORT = 118,
    TF_FIELD_SYMBOL_FILE = 120,
    TF_FIELD_SYMBOL_LINE = 122,
    TF_FIELD_SYMBOL_NOTICE = 124, /* text */
    TF_FIELD_IMAGE_NUMBER = 131,  /* IMAGE: of the snapshot in its session; odd: an image is no trace */
    TF_FIELD_IMAGE_NAME = 132,    /* text */
    TF_FIELD_IMAGE_TRACE = 134,   /* text: name of the trace's file */
    TF_FIELD_IMAGE_THREAD = 136,  /* nested: TID, STACK_POINTER, REGISTER */
    TF_FIELD_STACK_POINTER = 138, /* in IMAGE_THREAD; absent: unknown */
    TF_FIELD_REGISTER = 140,      /* in IMAGE_THREAD: what a register held; repeats */
    TF_FIELD_MAPPING = 143,       /* MAPPINGS, nested: */
    TF_FIELD_MAPPING_START = 144,
    TF_FIELD_MAPPING_BYTES = 146,
    TF_FIELD_MAPPING_FLAGS = 148, /* enum tf_mapping_flag */
    TF_FIELD_MAPPING_PATH = 150,  /* text, as /proc/PID/maps has it */
    TF_FIELD_THREAD_POINTER = 152 /* in IMAGE_THREAD */
};

enum tf_mapping_flag {
    TF_MAPPING_SHARED = 1u << 0,   /* with other processes */
    TF_MAPPING_LEFT_OUT = 1u << 1, /* too large: its contents are not in the image */
    TF_MAPPING_GUARDED = 1u << 2   /* what lies directly below it cannot be accessed */
};

#define TF_HOOK_TICK 256u /* HOOK_COST counts in this fraction of a tick */

/* What the function did whose hooks' cost was measured. */
enum tf_hook_work {
    TF_HOOK_CHAIN = 0, /* each step waited for the one before */
    TF_HOOK_WIDE = 1,  /* as much as the processor can do at once */
    TF_NR_HOOK_WORKS = 2
};

enum tf_clock { TF_CLOCK_MONOTONIC = 0, TF_CLOCK_TSC = 1, TF_CLOCK_CNTVCT = 2 };

/* Why it is that clock. */
enum tf_clock_reason {
    TF_CLOCK_UNEXPLAINED = 0,
    TF_CLOCK_FIT = 1,     /* the counter runs at one rate, and nobody has found processors to disagree */
    TF_CLOCK_ORDERED = 2, /* the user said so */
    TF_CLOCK_UNEVEN = 3,  /* the processor does not promise that its counter keeps its rate */
    TF_CLOCK_SHUNNED = 4  /* the kernel takes time from a slower device, as it does where counters disagree */
};

/* What was recorded of the heap, and of calls. */
enum tf_memory {
    TF_MEMORY_OFF = 0,    /* calls alone */
    TF_MEMORY_EVENTS = 1, /* the heap's events alone */
    TF_MEMORY_FULL = 2,   /* the heap's events among the calls */
    TF_MEMORY_LAZY = 3,   /* no calls; each allocation with its call path (PATHS), as the hooks saw it … */
    TF_MEMORY_FP = 4      /* … or as the chain of frame pointers said */
};

enum tf_full_policy { TF_FULL_WAIT = 0, TF_FULL_DROP = 1 };

enum tf_origin { TF_ORIGIN_START = 0, TF_ORIGIN_FORK = 1, TF_ORIGIN_EXEC = 2 };

enum tf_failure { TF_FAILURE_NONE = 0, TF_FAILURE_WRITE = 1, TF_FAILURE_DRAIN_LOST = 2, TF_FAILURE_MEMORY = 3 };

/* ---- Chunks (FORMAT.md §4) --------------------------------------------------------------------- */

/* Why there is no image of a heap, or none that is whole. */
enum tf_no_image {
    TF_NO_IMAGE_MEMORY = 1, /* memory was not recorded */
    TF_NO_IMAGE_MALLOC = 2, /* the program's malloc does not tell what it has given out: none of the peak */
    TF_NO_IMAGE_FAILED = 4  /* it could not be begun, or written */
};

#define TF_CHUNK_HEAD_BYTES 96u
#define TF_CHUNK_EVENTS_MAX 131072u /* symbols of one chunk */
#define TF_CHUNK_STACK_MAX  65536u  /* frames that a chunk lists of the stack open when it begins */

enum tf_chunk_flag {
    TF_CHUNK_LAST = 1u << 0,  /* the thread has ended */
    TF_CHUNK_GAP = 1u << 1,   /* events between this chunk and the one before are lost */
    TF_CHUNK_FENCED = 1u << 2 /* hooks read the clock behind a fence: all before it was done, nothing after it begun */
};

struct tf_chunk_head {
    uint32_t process;       /* serial */
    uint32_t number;        /* of the chunk in its thread, from 0 */
    uint32_t nr_symbols;    /* length of the SYMBOLS and DELTAS columns */
    uint32_t tick_unit;     /* ticks of one unit in DELTAS; at least 1 */
    uint32_t nr_dict;       /* entries of DICT */
    uint32_t depth;         /* open frames when the chunk begins */
    uint32_t nr_stack;      /* how many of them STACK lists: the innermost */
    uint32_t flags;         /* enum tf_chunk_flag */
    uint64_t base_ticks;    /* the deltas count from here */
    uint64_t hook_calls;    /* of the thread, from its start to the end of this chunk */
    uint64_t recorded;      /* of these: enter and exit events in the chunks so far */
    uint64_t dropped_full;  /* of these: dropped because the ring was full (TRACERT_FULL=drop) */
    uint64_t torn;          /* of these: begun and never stored, by a writer to which that can happen */
    uint64_t stalled_ticks; /* time the thread has waited for room in its ring */
    uint32_t nr_sections;   /* entries of the section table that follows the head */
};

enum tf_section {
    TF_SECTION_SYMBOLS = 1, /* a symbol: u8, if they all fit, or u16 */
    TF_SECTION_DELTAS = 2,  /* u8 a symbol */
    TF_SECTION_WIDE = 3,    /* varints: the deltas that DELTAS cannot hold */
    TF_SECTION_DICT = 4,    /* what the ENTER symbols mean */
    TF_SECTION_STACK = 5,   /* the open frames when the chunk begins, outermost first */
    TF_SECTION_EXT = 6,     /* records of the EXT symbols */
    TF_SECTION_MEMORY = 7,  /* what the ALLOC, FREE and REALLOC symbols are about */
    TF_SECTION_PACKED = 9,  /* 2 bits a symbol: its delta, or TF_PACKED_REST */
    TF_SECTION_PATHS = 11   /* call paths of the ALLOC symbols */
};

enum tf_symbol {
    TF_SYM_EXIT = 0,    /* the innermost frame returns */
    TF_SYM_UNWIND = 1,  /* the innermost frame is gone without returning */
    TF_SYM_EXT = 2,     /* see the next record of EXT */
    TF_SYM_ALLOC = 3,   /* a block begins: see MEMORY */
    TF_SYM_FREE = 4,    /* a block ends */
    TF_SYM_REALLOC = 5, /* a block ends because it is resized: an ALLOC of the thread takes its place */
    TF_SYM_ENTER = 8    /* + index into DICT */
};

#define TF_DICT_MAX    (65536u - TF_SYM_ENTER)
#define TF_PACKED_REST 3u /* in PACKED: the next byte of DELTAS is the delta */

#define TF_DELTA_WIDE 255u /* in DELTAS: the next varint of WIDE is the delta, in ticks */

/* How an entry of DICT or STACK begins: a varint of these bits, and what they leave above. */
enum tf_entry_flag {
    TF_ENTRY_REGION = 1u << 0, /* a named measurement: length << 2, then the name */
    TF_ENTRY_INLINED = 1u << 1 /* shares the physical frame of its caller */
};

#define TF_ENTRY_SHIFT 2

/* Where a block comes from, for MEMORY. */
enum tf_api {
    TF_API_POOL = 0, /* the program's own allocator says so */
    TF_API_MALLOC = 1,
    TF_API_CALLOC = 2,
    TF_API_REALLOC = 3,  /* the other half of a REALLOC symbol, or of realloc(NULL) */
    TF_API_ALIGNED = 4,  /* aligned_alloc, posix_memalign, memalign, valloc, pvalloc */
    TF_API_NEW = 5,      /* C++ operator new, new[] */
    TF_API_RESTORED = 6, /* no new block: the one of the REALLOC before lives on, resizing it has failed */
    TF_API_NR
};

#define TF_POOL_ADDRESS (1ull << 47) /* in the address of a block of TF_API_POOL */

/* How memory is mapped and unmapped. */
enum tf_map_how {
    TF_MAP_PLAIN = 0, /* mmap */
    TF_MAP_MOVED =
        1, /* munmap and mremap: MAPPED is what the thread's UNMAPPED before has become, if that was anything */
    TF_MAP_BREAK = 2 /* sbrk, brk */
};

/* Kinds of EXT records. Odd: must be understood. Even: may be skipped. */
enum tf_ext {
    TF_EXT_STALL = 2,         /* ticks waited for room in the ring */
    TF_EXT_DROPPED = 4,       /* hook calls dropped here, ticks since the first of them */
    TF_EXT_TORN = 6,          /* hook calls begun and never stored here */
    TF_EXT_ORPHAN_EXIT = 8,   /* address of a function that exits without having entered */
    TF_EXT_MARK = 10,         /* text */
    TF_EXT_COUNTER = 12,      /* value (zigzag), text */
    TF_EXT_THREAD_NAME = 14,  /* text */
    TF_EXT_FORK = 16,         /* - */
    TF_EXT_EXEC = 18,         /* - */
    TF_EXT_SWITCH_OUT = 20,   /* reserved: the kernel took the CPU away; flags */
    TF_EXT_SWITCH_IN = 22,    /* reserved */
    TF_EXT_MUTE = 24,         /* reserved: address of a function that is no longer recorded */
    TF_EXT_UNMUTE = 26,       /* reserved: address of a function that is recorded again */
    TF_EXT_STACK_SWITCH = 28, /* reserved: the thread runs on another stack from here */
    TF_EXT_MODULES = 30,      /* - : the process's modules changed; chunks end here */
    TF_EXT_SNAPSHOT = 32,     /* an image of the heap was made: number, ticks that it took, text */
    TF_EXT_MAPPED = 34,       /* the program has mapped memory without a file: address, bytes, enum tf_map_how */
    TF_EXT_UNMAPPED = 36,     /* the same goes */
    TF_EXT_ALLOCATOR = 38     /* how malloc stands: bytes in use, free, in mappings of its own */
};

/* ---- Images of the heap (FORMAT.md §6) ------------------------------------------------------------- */

#define TF_PAGE_BYTES       4096u
#define TF_PAGES_HEAD_BYTES 8u  /* u32 number of runs, 4 zero bytes */
#define TF_PAGES_RUN_BYTES  16u /* u64 address, u64 bytes */

/* ---- Loads, stores, varints ---------------------------------------------------------------------- */

static inline void tf_store16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void tf_store32(uint8_t *p, uint32_t v)
{
    tf_store16(p, (uint16_t)v);
    tf_store16(p + 2, (uint16_t)(v >> 16));
}

static inline void tf_store64(uint8_t *p, uint64_t v)
{
    tf_store32(p, (uint32_t)v);
    tf_store32(p + 4, (uint32_t)(v >> 32));
}

static inline uint16_t tf_load16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t tf_load32(const uint8_t *p)
{
    return tf_load16(p) | (uint32_t)tf_load16(p + 2) << 16;
}

static inline uint64_t tf_load64(const uint8_t *p)
{
    return tf_load32(p) | (uint64_t)tf_load32(p + 4) << 32;
}

#define TF_VARINT_MAX 10u /* bytes of the longest varint */

/* LEB128: seven bits a byte, the low ones first. Returns the end; needs TF_VARINT_MAX bytes of room. */
static inline uint8_t *tf_put_varint(uint8_t *p, uint64_t v)
{
    while (v >= 0x80) {
        *p++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *p++ = (uint8_t)v;
    return p;
}

/* Returns the byte after the varint, or NULL when it is longer than [p, end) or than 64 bits. */
static inline const uint8_t *tf_get_varint(const uint8_t *p, const uint8_t *end, uint64_t *v)
{
    uint64_t value = 0;
    for (unsigned shift = 0; p < end && shift < 64; shift += 7) {
        uint8_t byte = *p++;
        if (shift == 63 && byte > 1)
            return NULL;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *v = value;
            return p;
        }
    }
    return NULL;
}

/* Signed differences as small unsigned numbers: 0, -1, 1, -2 … become 0, 1, 2, 3 … (arithmetic modulo 2^64). */
static inline uint64_t tf_zigzag(uint64_t difference)
{
    return (difference << 1) ^ (0 - (difference >> 63));
}

static inline uint64_t tf_unzigzag(uint64_t v)
{
    return (v >> 1) ^ (0 - (v & 1));
}

/* One field of a descriptive block; the same caution about room as tf_put_varint, plus `bytes`. */
static inline uint8_t *tf_put_field(uint8_t *p, uint32_t key, const void *value, size_t bytes)
{
    p = tf_put_varint(p, key);
    p = tf_put_varint(p, bytes);
    if (bytes > 0)
        memcpy(p, value, bytes);
    return p + bytes;
}

static inline uint8_t *tf_put_field_number(uint8_t *p, uint32_t key, uint64_t number)
{
    uint8_t value[TF_VARINT_MAX];
    return tf_put_field(p, key, value, (size_t)(tf_put_varint(value, number) - value));
}

/* CRC-32C (Castagnoli, reflected 0x82F63B78, initial and final complement), as in RFC 3720 B.4. */
static inline uint32_t tf_crc32c(const uint8_t *p, size_t bytes)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (0x82F63B78u & (0u - (crc & 1)));
    }
    return ~crc;
}

/* Write the 96 bytes of a block header, checksum included. */
static inline void tf_header_store(uint8_t *p, const struct tf_header *h)
{
    memset(p, 0, TF_HEADER_BYTES);
    tf_store32(p, TF_FRAME_MAGIC);
    tf_store32(p + 4, TF_SKIPPED_BYTES);
    memcpy(p + 8, TF_SIGNATURE, 8);
    tf_store16(p + 16, h->version);
    p[18] = h->type;
    p[19] = h->flags;
    tf_store32(p + 20, h->sequence);
    tf_store64(p + 24, h->session);
    tf_store32(p + 32, h->payload_bytes);
    tf_store32(p + 36, h->raw_bytes);
    tf_store32(p + 40, h->thread);
    tf_store32(p + 44, h->nr_events);
    tf_store64(p + 48, h->first_ticks);
    tf_store64(p + 56, h->last_ticks);
    tf_store64(p + 64, h->anchor_ticks);
    tf_store64(p + 72, h->anchor_ns);
    tf_store32(p + 92, tf_crc32c(p, 92));
}

/* Read a block header of TF_HEADER_BYTES. Returns 0, or -1 when the bytes are not an intact header. */
static inline int tf_header_load(const uint8_t *p, struct tf_header *h)
{
    if (tf_load32(p) != TF_FRAME_MAGIC || tf_load32(p + 4) != TF_SKIPPED_BYTES || memcmp(p + 8, TF_SIGNATURE, 8) != 0)
        return -1;
    if (tf_load32(p + 92) != tf_crc32c(p, 92))
        return -1;
    h->version = tf_load16(p + 16);
    h->type = p[18];
    h->flags = p[19];
    h->sequence = tf_load32(p + 20);
    h->session = tf_load64(p + 24);
    h->payload_bytes = tf_load32(p + 32);
    h->raw_bytes = tf_load32(p + 36);
    h->thread = tf_load32(p + 40);
    h->nr_events = tf_load32(p + 44);
    h->first_ticks = tf_load64(p + 48);
    h->last_ticks = tf_load64(p + 56);
    h->anchor_ticks = tf_load64(p + 64);
    h->anchor_ns = tf_load64(p + 72);
    return 0;
}

static inline void tf_chunk_head_store(uint8_t *p, const struct tf_chunk_head *h)
{
    memset(p, 0, TF_CHUNK_HEAD_BYTES);
    tf_store32(p, h->process);
    tf_store32(p + 4, h->number);
    tf_store32(p + 8, h->nr_symbols);
    tf_store32(p + 12, h->tick_unit);
    tf_store32(p + 16, h->nr_dict);
    tf_store32(p + 20, h->depth);
    tf_store32(p + 24, h->nr_stack);
    tf_store32(p + 28, h->flags);
    tf_store64(p + 32, h->base_ticks);
    tf_store64(p + 40, h->hook_calls);
    tf_store64(p + 48, h->recorded);
    tf_store64(p + 56, h->dropped_full);
    tf_store64(p + 64, h->torn);
    tf_store64(p + 72, h->stalled_ticks);
    tf_store32(p + 80, h->nr_sections);
}

static inline void tf_chunk_head_load(const uint8_t *p, struct tf_chunk_head *h)
{
    h->process = tf_load32(p);
    h->number = tf_load32(p + 4);
    h->nr_symbols = tf_load32(p + 8);
    h->tick_unit = tf_load32(p + 12);
    h->nr_dict = tf_load32(p + 16);
    h->depth = tf_load32(p + 20);
    h->nr_stack = tf_load32(p + 24);
    h->flags = tf_load32(p + 28);
    h->base_ticks = tf_load64(p + 32);
    h->hook_calls = tf_load64(p + 40);
    h->recorded = tf_load64(p + 48);
    h->dropped_full = tf_load64(p + 56);
    h->torn = tf_load64(p + 64);
    h->stalled_ticks = tf_load64(p + 72);
    h->nr_sections = tf_load32(p + 80);
}

#endif
