/*
 * Call paths of allocations, in a session that records no calls (TRACERT_MEMORY=lazy, fp): each path is its caller's
 * path and a frame, and has a number in the open segment, as a call site has elsewhere: an entry of the segment's
 * dictionary, found by a line of the thread's table. An allocation takes its number along.
 *
 * The frames are those that the hooks have kept (lazy.h): each has a hash of its path, made when something below it
 * first allocates, and that of the innermost one is looked up. Or they are the return addresses of a walk (walk.h),
 * which are looked up one by one, but for the walks that are remembered as a whole, by their hash.
 *
 * A path of more frames than half of a dictionary has entries has a gap: its outermost frames, a region that says so,
 * and its innermost PATH_INNERMOST.
 *
 * Signal-safe, as record.h.
 */
#ifndef PATHS_H
#define PATHS_H

#include "path_hash.h"
#include "record.h"
#include "ring.h"
#include "walk.h"

#define PATH_NONE    0u         /* of an allocation outside of all functions */
#define PATH_NO_ROOM UINT32_MAX /* in this segment */

#define PATH_INNERMOST 32u /* frames behind a gap */

/* In a region's site: not part of an address, nor of a path's number. */
#define SITE_PATH_REGION (1ull << 63)

/* In frame.sp, beside enum frame_flag: frame.ticks is path_hash() of the path that ends with the frame. */
#define FRAME_HAS_HASH 8u

/* The number of the path of an ALLOC in the open segment; PATH_NONE for other events. Adds what is new. */
uint32_t paths_of_event(struct tracert__thread *thread, const struct segment *segment, uint32_t number,
                        const struct memory_event *event);

/* What the line of a path of frames has as its site, for path_hash(); never 0. */
static inline __attribute__((always_inline)) uint64_t path_key(uint64_t hash)
{
    return hash | 1;
}

/* The same for a path that is told by its caller's path and its site, together (segment.h): one-to-one. */
static inline __attribute__((always_inline)) uint64_t path_key_of_site(uint64_t site)
{
    return path_hash(0, 0, site);
}

/* As ring_line(): the key is a hash already. */
static inline __attribute__((always_inline)) struct ring_line *path_line(const struct tracert__thread *thread,
                                                                         uint64_t key, uint32_t nr)
{
    uint64_t line = (key >> 44 ^ nr % RING_GROUP * sizeof(struct ring_line)) + nr / RING_GROUP * 64;
    return (struct ring_line *)(void *)(thread->table + (line & thread->table_mask & ~15ull));
}

/* The path whose line has these, if it is the `nr`th of those to try; else 0. */
static inline __attribute__((always_inline)) uint32_t path_at(const struct tracert__thread *thread, uint64_t function,
                                                              uint64_t key, uint32_t nr)
{
    const struct ring_line *line = path_line(thread, key, nr);
    uint64_t known = line->key;
    bool is_it = known >> KEY_SHIFT == function && line->site == key && (known & WORD_FILLED) != 0;
    return __builtin_expect(is_it, 1) ? known & 0xffff : 0;
}

/* The path whose line has these; PATH_NO_ROOM: not known, or not found at once. */
static inline __attribute__((always_inline)) uint32_t path_find(const struct tracert__thread *thread, uint64_t function,
                                                                uint64_t key)
{
    uint32_t path = path_at(thread, function, key, 0);
    for (uint32_t i = 1; __builtin_expect(path == 0, 0) && i < 2 * RING_GROUP; i++)
        path = path_at(thread, function, key, i);
    return __builtin_expect(path == 0, 0) ? PATH_NO_ROOM : path;
}

/* What a frame that the hooks have kept is on a path. */
static inline __attribute__((always_inline)) uint64_t path_site(const struct frame *frame)
{
    return (frame->site & FRAME_SITE_MASK) | (frame->sp & FRAME_INLINED ? ENTRY_INLINED : 0) |
           (frame->sp & FRAME_REGION ? SITE_PATH_REGION : 0);
}

/* The same for path_hash(): without the flags' bits among those of the address, nor those of the hook. */
static inline __attribute__((always_inline)) uint64_t path_hash_frame(uint64_t from, const struct frame *frame)
{
    return path_hash(from, frame->function, frame->site << 16 | (frame->sp & (FRAME_REGION | FRAME_INLINED)));
}

/* Its frames are a thread's only while it is not interrupted: what is remembered of a frame is true all the same. */
static inline __attribute__((always_inline)) void path_remember(struct frame *frame, uint64_t hash)
{
    frame->ticks = hash;
    __asm__ volatile("" : : : "memory");
    frame->sp |= FRAME_HAS_HASH;
}

/* The hash of what is open; of each frame, too, afterwards. 0: nothing is open. */
static inline __attribute__((always_inline)) uint64_t path_hash_open(const struct tracert__thread *thread)
{
    struct frame *frame = thread->open;
    while ((frame[-1].sp & FRAME_HAS_HASH) == 0) /* the one before all others has it, and ticks 0 */
        frame--;
    uint64_t hash = frame[-1].ticks;
    for (; frame < thread->open; frame++) {
        if (__builtin_expect(frame->function == 0, 0)) /* a hook was interrupted before it had begun */
            continue;
        hash = path_hash_frame(hash, frame);
        path_remember(frame, hash);
    }
    return hash;
}

/* The path of an allocation here and now, if it is known and lies at or above `sp`. Else PATH_NO_ROOM. */
static inline __attribute__((always_inline)) uint32_t path_of_open(const struct tracert__thread *thread, uint64_t sp)
{
    const struct frame *top = thread->open - 1;
    if (__builtin_expect(top->sp < sp, 0))
        return PATH_NO_ROOM;
    uint64_t hash = path_hash_open(thread);
    return __builtin_expect(hash == 0, 0) ? PATH_NONE : path_find(thread, top->function, path_key(hash));
}

/* The walks that a thread remembers, each where its hash says, and the numbers of their paths. */
#define PATH_WALKS_BITS 11 /* of how many: 32 KB */

struct path_walks {
    bool busy; /* one is being written: a handler that comes in between remembers none */

    struct path_walk {
        uint64_t hash;   /* walk.hash; 0: none */
        uint64_t number; /* of the segment << 32 | of the path */
    } walks[1u << PATH_WALKS_BITS];
};

/* The path of a walk in segment `number`, each of its calls being looked up; PATH_NO_ROOM as above. Remembers it. */
uint32_t paths_of_walk(struct tracert__thread *thread, uint32_t number, const struct walk *walk);

static inline __attribute__((always_inline)) uint32_t path_of_walk(struct tracert__thread *thread, uint32_t number,
                                                                   const struct walk *walk)
{
    const struct path_walk *known = &thread->walks->walks[walk->hash >> (64 - PATH_WALKS_BITS)];
    uint64_t told = known->number;
    __asm__ volatile("" : : : "memory"); /* a handler that changes it here leaves another hash */
    if (__builtin_expect(known->hash == walk->hash && told >> 32 == number && walk->nr > 0, 1))
        return (uint32_t)told;
    return paths_of_walk(thread, number, walk);
}

#endif
