/*
 * Call paths of allocations, in a session that records no calls (TRACERT_MEMORY=lazy, fp): each path is its caller's
 * path and a frame, and has a number in the open segment, as a call site has elsewhere: an entry of the segment's
 * dictionary, found by a line of the thread's table. An allocation takes its number along.
 *
 * The frames are those that the hooks have kept (lazy.h), or the return addresses of a walk (walk.h). Either way the
 * paths of the frames that were there at the last allocation are remembered, and only the others are looked up.
 *
 * Signal-safe, as record.h.
 */
#ifndef PATHS_H
#define PATHS_H

#include "record.h"
#include "ring.h"
#include "walk.h"

#define PATH_NONE    0u         /* of an allocation outside of all functions */
#define PATH_NO_ROOM UINT32_MAX /* in this segment */

/* In a region's site: not part of an address, nor of a path's number. */
#define SITE_PATH_REGION (1ull << 63)

/* In frame.sp, beside enum frame_flag: frame.ticks is the number of the segment << 32 | that of the frame's path. */
#define FRAME_HAS_PATH 8u

/* The number of the path of an ALLOC in the open segment; PATH_NONE for other events. Adds what is new. */
uint32_t paths_of_event(struct tracert__thread *thread, const struct segment *segment, uint32_t number,
                        const struct memory_event *event);

/* A line for a frame on a path; `site` has both (segment.h). As ring_line(), with a hash that all bits count in. */
static inline __attribute__((always_inline)) struct ring_line *path_line(const struct tracert__thread *thread,
                                                                         uint64_t function, uint64_t site, uint32_t nr)
{
    uint64_t hash = (function * 0x9E3779B97F4A7C15u ^ site) * 0xD6E8FEB86659FD93u >> 47;
    uint64_t line = (hash ^ nr % RING_GROUP * sizeof(struct ring_line)) + nr / RING_GROUP * 64;
    return (struct ring_line *)(void *)(thread->table + (line & thread->table_mask & ~15ull));
}

/* The path that goes on from path `from` with a frame; PATH_NO_ROOM: not known, or not found at once. */
static inline __attribute__((always_inline)) uint32_t path_find(const struct tracert__thread *thread, uint32_t from,
                                                                uint64_t function, uint64_t site)
{
    site |= (uint64_t)from << PATH_SHIFT;
    for (uint32_t i = 0; i < 2 * RING_GROUP; i++) {
        const struct ring_line *line = path_line(thread, function, site, i);
        uint64_t key = line->key;
        if (__builtin_expect(key >> KEY_SHIFT == function && line->site == site && (key & WORD_FILLED) != 0, 1))
            return key & 0xffff;
    }
    return PATH_NO_ROOM;
}

/* What a frame that the hooks have kept is on a path. */
static inline __attribute__((always_inline)) uint64_t path_site(const struct frame *frame)
{
    return (frame->site & FRAME_SITE_MASK) | (frame->sp & FRAME_INLINED ? ENTRY_INLINED : 0) |
           (frame->sp & FRAME_REGION ? SITE_PATH_REGION : 0);
}

/* The frames that are open, from the innermost on whose path in segment `number` is known. */
static inline __attribute__((always_inline)) struct frame *path_known(const struct tracert__thread *thread,
                                                                      uint32_t number)
{
    struct frame *frame = thread->open;
    while (frame > thread->frames && !((frame[-1].sp & FRAME_HAS_PATH) != 0 && frame[-1].ticks >> 32 == number))
        frame--;
    return frame;
}

/* Its frames are a thread's only while it is not interrupted: what is remembered of a frame is true all the same. */
static inline __attribute__((always_inline)) void path_remember(struct frame *frame, uint32_t number, uint32_t path)
{
    frame->ticks = (uint64_t)number << 32 | path;
    __asm__ volatile("" : : : "memory");
    frame->sp |= FRAME_HAS_PATH;
}

/* The path of an allocation here and now, if all of it is known and lies at or above `sp`. Else PATH_NO_ROOM. */
static inline __attribute__((always_inline)) uint32_t path_of_open(const struct tracert__thread *thread,
                                                                   uint32_t number, uint64_t sp)
{
    if (__builtin_expect(thread->open[-1].sp < sp, 0))
        return PATH_NO_ROOM;
    struct frame *frame = path_known(thread, number);
    uint32_t path = frame > thread->frames ? (uint32_t)frame[-1].ticks : PATH_NONE;
    for (; frame < thread->open; frame++) {
        if (__builtin_expect(frame->function == 0, 0)) /* a hook was interrupted before it had begun */
            continue;
        path = path_find(thread, path, frame->function, path_site(frame));
        if (__builtin_expect(path == PATH_NO_ROOM, 0))
            break;
        path_remember(frame, number, path);
    }
    return path;
}

/* The last walk of a thread, outermost call first, and the path up to each of its calls in segment `number`. */
struct path_walked {
    bool busy;
    uint32_t number, nr;
    uint64_t returns[WALK_MAX];
    uint16_t paths[WALK_MAX];
};

/* The same of a walk; `number` as before. */
uint32_t paths_of_walk(struct tracert__thread *thread, uint32_t number, const struct walk *walk);

#endif
