#include "paths.h"

#include "lazy.h"
#include "names.h"
#include "table.h"

/*
 * The number of a path, which is new or not; PATH_NO_ROOM: the segment has no room for another one. `site`: with the
 * caller's path, as the dictionary has it; `key`: what the path's line has instead.
 */
static uint32_t path_intern(struct tracert__thread *thread, const struct segment *segment, uint32_t number,
                            uint64_t function, uint64_t site, uint64_t key)
{
    const uint64_t free = KEY_FREE(number);
    uint32_t nr_lines = table_lines(thread);
    uint32_t path = PATH_NO_ROOM;
    for (uint32_t i = 0; i < nr_lines; i++) {
        struct ring_line *line = path_line(thread, key, i);
        uint64_t known = ring_line_symbol(line, function, key);
        if (known != 0)
            return known & 0xffff;
        if (__atomic_load_n(&line->key, __ATOMIC_ACQUIRE) != free || line->site != 0)
            continue;
        if (path == PATH_NO_ROOM) {
            uint64_t region = (site & SITE_PATH_REGION) != 0 ? ENTRY_REGION : 0;
            uint32_t symbol = table_add(segment, function | region, site, nr_lines - nr_lines / 4);
            path = symbol == SYMBOL_NONE ? PATH_NO_ROOM : symbol - TF_SYM_ENTER + 1;
        }
        if (path == PATH_NO_ROOM || table_take(line, free, function, key, path))
            return path;
    }
    return PATH_NO_ROOM;
}

/* The path that goes on from `path` with a frame. */
static uint32_t frame_intern(struct tracert__thread *thread, const struct segment *segment, uint32_t number,
                             uint32_t path, const struct frame *frame, uint64_t hash)
{
    uint64_t site = path_site(frame) | (uint64_t)path << PATH_SHIFT;
    return path_intern(thread, segment, number, frame->function, site, path_key(hash));
}

/* The path of all frames before `end`, which have their hashes. */
static uint32_t frames_intern(struct tracert__thread *thread, const struct segment *segment, uint32_t number,
                              const struct frame *end)
{
    const struct frame *frame = end;
    uint32_t path = PATH_NO_ROOM;
    for (; frame > thread->frames; frame--) {
        if (frame[-1].function != 0)
            path = path_find(thread, frame[-1].function, path_key(frame[-1].ticks));
        if (path != PATH_NO_ROOM)
            break;
    }
    if (frame == thread->frames)
        path = PATH_NONE;
    for (; frame < end && path != PATH_NO_ROOM; frame++) {
        if (frame->function != 0)
            path = frame_intern(thread, segment, number, path, frame, frame->ticks);
    }
    return path;
}

/* The hash of the path that ends before `frame`: not of a frame whose hook was interrupted before it had begun. */
static uint64_t hash_before(const struct tracert__thread *thread, const struct frame *frame)
{
    while (frame > thread->frames && frame[-1].function == 0)
        frame--;
    return frame[-1].ticks;
}

/* The path of all frames that are open, without those in the middle: `outermost` and PATH_INNERMOST are left. */
static uint32_t frames_intern_apart(struct tracert__thread *thread, const struct segment *segment, uint32_t number,
                                    uint32_t outermost)
{
    static const char text[] = "(frames left out)";
    const struct frame *frame = thread->frames + outermost;
    uint64_t hash = hash_before(thread, frame);
    const struct frame gap = {.function = names_intern(thread->region, thread->region_path, text, sizeof text - 1),
                              .sp = FRAME_REGION};
    uint32_t path = frames_intern(thread, segment, number, frame);
    if (gap.function != 0 && path != PATH_NO_ROOM) {
        hash = path_hash_frame(hash, &gap);
        path = frame_intern(thread, segment, number, path, &gap, hash);
    }
    for (frame = thread->open - PATH_INNERMOST; frame < thread->open && path != PATH_NO_ROOM; frame++) {
        if (frame->function == 0)
            continue;
        hash = path_hash_frame(hash, frame);
        path = frame_intern(thread, segment, number, path, frame, hash);
    }
    return path;
}

static uint32_t open_intern(struct tracert__thread *thread, const struct segment *segment, uint32_t number)
{
    uint32_t max = segment->max_dict / 2;
    path_hash_open(thread);
    if (lazy_depth(thread) <= max)
        return frames_intern(thread, segment, number, thread->open);
    return frames_intern_apart(thread, segment, number, max - 1 - PATH_INNERMOST);
}

static uint32_t walk_intern(struct tracert__thread *thread, const struct segment *segment, uint32_t number,
                            const struct walk *walk)
{
    uint32_t path = PATH_NONE;
    for (uint32_t i = walk->nr; i-- > 0 && path != PATH_NO_ROOM;) {
        uint64_t site = walk->returns[i] | (uint64_t)path << PATH_SHIFT;
        path = path_intern(thread, segment, number, 0, site, path_key_of_site(site));
    }
    return path;
}

uint32_t paths_of_event(struct tracert__thread *thread, const struct segment *segment, uint32_t number,
                        const struct memory_event *event)
{
    if (event->symbol != TF_SYM_ALLOC || !region_records_paths(thread->region))
        return PATH_NONE;
    return event->walk != NULL ? walk_intern(thread, segment, number, event->walk)
                               : open_intern(thread, segment, number);
}

static void walk_remember(struct path_walks *walks, uint64_t hash, uint64_t number)
{
    struct path_walk *walk = &walks->walks[hash >> (64 - PATH_WALKS_BITS)];
    if (walks->busy)
        return;
    walks->busy = true;
    __asm__ volatile("" : : : "memory");
    walk->hash = 0;
    __asm__ volatile("" : : : "memory");
    walk->number = number;
    __asm__ volatile("" : : : "memory");
    walk->hash = hash;
    __asm__ volatile("" : : : "memory");
    walks->busy = false;
}

uint32_t paths_of_walk(struct tracert__thread *thread, uint32_t number, const struct walk *walk)
{
    uint32_t path = PATH_NONE;
    for (uint32_t i = walk->nr; i-- > 0 && path != PATH_NO_ROOM;)
        path = path_find(thread, 0, path_key_of_site(walk->returns[i] | (uint64_t)path << PATH_SHIFT));
    if (path != PATH_NO_ROOM)
        walk_remember(thread->walks, walk->hash, (uint64_t)number << 32 | path);
    return path;
}
