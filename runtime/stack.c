#include "stack.h"

static bool frame_is_of(const struct frame *frame, uint64_t function)
{
    return frame->function == function && (frame->sp & FRAME_REGION) == 0;
}

/*
 * The top of frames[0, depth) lies where `entered` does: either that is inlined into them, or they were left by a jump
 * and it is a new call from the same place.
 */
static uint32_t depth_at_same_place(const struct frame *frames, uint32_t depth, const struct frame *entered)
{
    uint32_t first = depth; /* of the frames at the same place: the function whose code it is */
    uint32_t same_call = depth;
    while (first > 0 && frame_is_same_place(&frames[first - 1], entered)) {
        first--;
        if (frame_is_of(&frames[first], entered->function) && frames[first].site == entered->site)
            same_call = first;
    }
    if (same_call < depth)
        return same_call;
    return hook_is_own(entered->site >> 48, entered->function, frames[first].function) ? first : depth;
}

uint32_t stack_depth_at_enter(const struct frame *frames, uint32_t depth, const struct frame *entered)
{
    while (depth > 0) {
        const struct frame *top = &frames[depth - 1];
        if (frame_sp(top) > frame_sp(entered))
            break;
        if (frame_is_same_place(top, entered))
            return depth_at_same_place(frames, depth, entered);
        depth--;
    }
    return depth;
}

bool stack_is_inlined(const struct frame *frames, uint32_t depth, const struct frame *entered)
{
    return depth > 0 && frame_is_same_place(&frames[depth - 1], entered) &&
           depth_at_same_place(frames, depth, entered) == depth;
}

/*
 * A jump to the hook is seen at the edge of the caller's frame: the own frame is the outermost one below that edge. Or
 * the function's head was inlined into the caller, and its rest is a function that the compiler made: then the enter
 * was seen at that very edge.
 */
static uint32_t find_tail_exit(const struct frame *frames, uint32_t depth, uint64_t function, uint64_t sp)
{
    uint32_t edge = depth;
    while (edge > 0 && frame_sp(&frames[edge - 1]) < sp)
        edge--;
    if (edge < depth && frame_is_of(&frames[edge], function))
        return edge;
    for (uint32_t i = edge; i-- > 0 && frame_sp(&frames[i]) == sp;) {
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
        if (frame_is_of(&frames[i], function) && frame_sp(&frames[i]) >= sp)
            return i;
    }
    return STACK_NONE;
}

uint32_t stack_depth_at_region(const struct frame *frames, uint32_t depth, uint64_t sp)
{
    while (depth > 0 && frame_sp(&frames[depth - 1]) < sp)
        depth--;
    return depth;
}

uint32_t stack_find_region(const struct frame *frames, uint32_t depth, uint64_t sp)
{
    for (uint32_t i = depth; i-- > 0;) {
        if ((frames[i].sp & FRAME_REGION) != 0 && frame_sp(&frames[i]) >= sp)
            return i;
    }
    return STACK_NONE;
}
