#include "stack.h"

#define PUSHED_BYTES 256u /* of arguments: few calls have more */
#define INLINED_MAX  32u  /* into each other: deeper ones are not looked through */

static bool frame_is_of(const struct frame *frame, uint64_t function)
{
    return frame->function == function && (frame->sp & FRAME_REGION) == 0;
}

static bool frame_is_near(const struct frame *frame, const struct frame *other)
{
    uint64_t apart = frame_sp(frame) - frame_sp(other) + PUSHED_BYTES;
    return ((frame->site ^ other->site) & FRAME_SITE_MASK) == 0 && apart <= 2 * PUSHED_BYTES;
}

/*
 * The function in whose physical frame frames[i] lies: itself, or the one that it is inlined into. Behind a call with
 * many arguments these stay on the stack for a while, and a hook that is called then is called below them: near the
 * other hooks of the physical frame, and with its call site. A function that is called has another one; or the same,
 * where its caller was called by itself: but its own hook.
 */
static __attribute__((noinline)) uint32_t frame_owner(const struct frame *frames, uint32_t i)
{
    uint32_t owner = i;
    while (owner > 0 && i - owner < INLINED_MAX && (frames[i].site & FRAME_SITE_MASK) != 0 &&
           frame_is_near(&frames[owner - 1], &frames[i]))
        owner--;
    for (uint32_t inner = owner + 1; inner <= i; inner++) {
        const struct frame *frame = &frames[inner], *outer = &frames[owner];
        bool again = frame->function == outer->function && frame->site == outer->site;
        if (again || ((frame->sp & FRAME_INLINED) == 0 && frame_is_own(frame, outer->function)))
            owner = inner;
    }
    return owner;
}

static uint64_t frame_place(const struct frame *frames, uint32_t i)
{
    return frame_sp(&frames[frame_owner(frames, i)]);
}

/* Mostly the first question says it all: inlined functions are many, pushed arguments few. */
bool stack_is_same_place(const struct frame *frames, uint32_t i, const struct frame *entered)
{
    return ((frames[i].site ^ entered->site) & FRAME_SITE_MASK) == 0 &&
           (frame_sp(&frames[i]) == frame_sp(entered) || frame_place(frames, i) == frame_sp(entered));
}

/*
 * The top of frames[0, depth) lies where `entered` does: either that is inlined into them, or they were left by a jump
 * and it is a new call from the same place.
 */
static uint32_t depth_at_same_place(const struct frame *frames, uint32_t depth, const struct frame *entered,
                                    uint64_t hook)
{
    uint32_t first = depth; /* of the frames at the same place: the function whose code it is */
    uint32_t same_call = depth;
    while (first > 0 && stack_is_same_place(frames, first - 1, entered)) {
        first--;
        if (frame_is_of(&frames[first], entered->function) && frames[first].site == entered->site)
            same_call = first;
    }
    if (same_call < depth)
        return same_call;
    const struct frame *owner = &frames[first];
    if (first > 0 && frame_is_near(owner - 1, owner))
        owner = &frames[frame_owner(frames, first)];
    bool is_own = hook_is_own(hook, entered->function, owner->function);
    return is_own && frame_sp(owner) <= frame_sp(entered) ? first : depth;
}

uint32_t stack_depth_at_enter(const struct frame *frames, uint32_t depth, const struct frame *entered, uint64_t hook)
{
    while (depth > 0) {
        if (stack_is_same_place(frames, depth - 1, entered))
            return depth_at_same_place(frames, depth, entered, hook);
        if (frame_place(frames, depth - 1) > frame_sp(entered))
            break;
        depth--;
    }
    return depth;
}

bool stack_is_inlined(const struct frame *frames, uint32_t depth, const struct frame *entered, uint64_t hook)
{
    return depth > 0 && stack_is_same_place(frames, depth - 1, entered) &&
           depth_at_same_place(frames, depth, entered, hook) == depth;
}

/*
 * A jump to the hook is seen at the edge of the caller's frame: the own frame is the outermost one below that edge. Or
 * the function's head was inlined into the caller, and its rest is a function that the compiler made: then the enter
 * was seen at that very edge.
 */
static uint32_t find_tail_exit(const struct frame *frames, uint32_t depth, uint64_t function, uint64_t sp)
{
    uint32_t edge = depth;
    while (edge > 0 && frame_place(frames, edge - 1) < sp)
        edge--;
    if (edge < depth && frame_is_of(&frames[edge], function))
        return edge;
    for (uint32_t i = edge; i-- > 0 && frame_place(frames, i) == sp;) {
        if (frame_is_of(&frames[i], function))
            return i;
    }
    return STACK_NONE;
}

uint32_t stack_find_exit(const struct frame *frames, uint32_t depth, uint64_t function, uint64_t sp, bool tail)
{
    if (tail)
        return find_tail_exit(frames, depth, function, sp);
    for (uint32_t i = depth; i-- > 0;) {
        if (frame_is_of(&frames[i], function) && frame_place(frames, i) >= sp)
            return i;
    }
    return STACK_NONE;
}

uint32_t stack_depth_at_region(const struct frame *frames, uint32_t depth, uint64_t sp)
{
    while (depth > 0 && frame_place(frames, depth - 1) < sp)
        depth--;
    return depth;
}

uint32_t stack_find_region(const struct frame *frames, uint32_t depth, uint64_t sp)
{
    for (uint32_t i = depth; i-- > 0;) {
        if ((frames[i].sp & FRAME_REGION) != 0 && frame_place(frames, i) >= sp)
            return i;
    }
    return STACK_NONE;
}
