#include "lazy.h"

#include "record.h"
#include "session.h"
#include "sys.h"

#include <signal.h>

void lazy_prepare(struct tracert__thread *thread)
{
    while (thread->open > thread->frames)
        lazy_pop(thread, thread->open - 1);
    thread->open = thread->frames;
    thread->end_open = thread->region->memory == TF_MEMORY_LAZY ? thread->frames + thread->nr_frames : NULL;
}

void lazy_inherit(struct tracert__thread *thread, const struct frame *frames, uint32_t depth)
{
    for (uint32_t i = 0; i < depth; i++) {
        thread->frames[i] = frames[i];
        thread->frames[i].sp = frame_sp(&frames[i]) | (frames[i].sp & (FRAME_REGION | FRAME_INLINED)) | FRAME_INHERITED;
    }
    thread->open = thread->frames + depth;
    thread->end_open = thread->frames + thread->nr_frames;
}

uint32_t lazy_depth(const struct tracert__thread *thread)
{
    return (uint32_t)(thread->open - thread->frames);
}

/* Leave frames until `depth` are open. */
static void lazy_leave(struct tracert__thread *thread, uint32_t depth)
{
    while (lazy_depth(thread) > depth)
        lazy_pop(thread, thread->open - 1);
}

/*
 * Frames at the top that are reserved and not filled are those of hooks that were interrupted, by a handler that we are
 * in: they must not look as if they had been left, so they lie above all others until they are filled.
 */
static void lazy_spare_interrupted(struct tracert__thread *thread)
{
    for (struct frame *frame = thread->open; frame > thread->frames && frame[-1].sp == 0; frame--)
        frame[-1].sp = UINT64_MAX & ~FRAME_FLAGS;
}

/* Room for another frame. The frames may move. */
static bool lazy_reserve(struct tracert__thread *thread)
{
    if (thread->open < thread->frames + thread->nr_frames)
        return true;
    uint64_t all = ~0ull;
    uint64_t old;
    sys_sigprocmask(SIG_BLOCK, &all, &old);
    uint32_t depth = lazy_depth(thread);
    bool done = record_reserve_frames(thread, depth) == 0;
    if (done) {
        thread->open = thread->frames + depth;
        thread->end_open = thread->frames + thread->nr_frames;
    }
    sys_sigprocmask(SIG_SETMASK, &old, NULL);
    return done;
}

bool lazy_enter(struct tracert__thread *thread, uint64_t function, uint64_t site, uint64_t sp, uint64_t hook)
{
    struct frame frame = {.function = function, .site = site, .sp = sp};
    lazy_spare_interrupted(thread);
    lazy_leave(thread, record_depth_at_enter(thread, lazy_depth(thread), &frame, hook));
    if (!lazy_reserve(thread))
        return false;
    struct frame *open = thread->open;
    if (open > thread->frames && stack_is_same_place(thread->frames, lazy_depth(thread) - 1, &frame))
        frame.sp |= FRAME_INLINED;
    lazy_push(thread, open, &frame);
    return true;
}

void lazy_exit(struct tracert__thread *thread, uint64_t function, uint64_t sp, bool tail)
{
    lazy_spare_interrupted(thread);
    uint32_t found = record_find_exit(thread, lazy_depth(thread), function, sp, tail);
    if (found != STACK_NONE)
        lazy_leave(thread, found);
}

void lazy_leave_below(struct tracert__thread *thread, uint64_t sp)
{
    lazy_spare_interrupted(thread);
    lazy_leave(thread, record_depth_at_region(thread, lazy_depth(thread), sp));
}

bool lazy_region_begin(struct tracert__thread *thread, uint32_t name, uint64_t sp)
{
    lazy_leave_below(thread, sp);
    if (!lazy_reserve(thread))
        return false;
    struct frame frame = {.function = name, .sp = sp | FRAME_REGION};
    struct frame *open = thread->open;
    if (open > thread->frames && frame_sp(open - 1) == sp)
        frame.site = open[-1].site & FRAME_SITE_MASK;
    lazy_push(thread, open, &frame);
    return true;
}

void lazy_region_end(struct tracert__thread *thread, uint64_t sp)
{
    lazy_spare_interrupted(thread);
    uint32_t found = stack_find_region(thread->frames, lazy_depth(thread), sp);
    if (found != STACK_NONE)
        lazy_leave(thread, found);
}
