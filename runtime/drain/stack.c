#include "drain/stack.h"

#include "drain/memory.h"

#include <string.h>

enum { STACK_FIRST = 128 };

int stack_grow(struct stack *stack)
{
    uint32_t capacity = stack->capacity == 0 ? STACK_FIRST : 2 * stack->capacity;
    if (capacity <= stack->capacity)
        return -1;
    struct frame *frames = memory_grow(stack->frames, stack->capacity * sizeof *frames, capacity * sizeof *frames);
    if (frames == NULL)
        return -1;
    stack->frames = frames;
    stack->capacity = capacity;
    return 0;
}

void stack_release(struct stack *stack)
{
    memory_unmap(stack->frames, stack->capacity * sizeof *stack->frames);
    stack->frames = NULL;
    stack->depth = stack->capacity = 0;
}

int stack_inherit(struct stack *stack, const struct frame *frames, uint32_t depth)
{
    while (stack->capacity < depth) {
        if (stack_grow(stack) != 0)
            return -1;
    }
    if (depth > 0)
        memcpy(stack->frames, frames, depth * sizeof *frames);
    stack->depth = depth;
    for (uint32_t i = 0; i < depth; i++)
        stack->frames[i].flags = (stack->frames[i].flags & ~(uint32_t)FRAME_FRESH) | FRAME_INHERITED;
    return 0;
}

/* The enter hook is called this near to a function's beginning, unless the function is inlined somewhere else. */
#define PROLOGUE_BYTES 512u

/*
 * Does the hook's call lie in the code of `function` itself, rather than in that of `physical`, whose frame it seems to
 * share? It does when `function` begins shortly before the call, and `physical` not between the two. Addresses modulo
 * 2^16.
 */
static bool hook_is_own(uint64_t hook, uint64_t function, uint64_t physical)
{
    uint32_t from_function = (uint32_t)(hook - function) & 0xffff;
    uint32_t from_physical = (uint32_t)(hook - physical) & 0xffff;
    return function != physical && from_function != 0 && from_function < PROLOGUE_BYTES &&
           (from_physical == 0 || from_physical > from_function);
}

uint32_t stack_depth_at_same_place(const struct stack *stack, uint32_t depth, const struct frame *entered)
{
    uint32_t first = depth; /* of the frames at the same place: the function whose code it is */
    uint32_t same_call = depth;
    while (first > 0 && stack->frames[first - 1].sp == entered->sp && stack->frames[first - 1].site == entered->site) {
        const struct frame *frame = &stack->frames[--first];
        if (frame->hook == entered->hook && frame->function == entered->function && !(frame->flags & FRAME_REGION))
            same_call = first;
    }
    if (same_call < depth)
        return same_call;
    return hook_is_own(entered->hook, entered->function, stack->frames[first].function) ? first : depth;
}

/*
 * A jump to the hook is seen at the edge of the caller's frame: the own frame is the outermost one below that edge. Or
 * the function's head was inlined into the caller, and its rest is a function that the compiler made: then the enter
 * was seen at that very edge.
 */
static uint32_t stack_search_tail(const struct stack *stack, uint64_t function, uint64_t sp)
{
    uint32_t edge = stack->depth;
    while (edge > 0 && stack->frames[edge - 1].sp < sp)
        edge--;
    if (edge < stack->depth && stack->frames[edge].function == function && !(stack->frames[edge].flags & FRAME_REGION))
        return edge;
    for (uint32_t i = edge; i-- > 0 && stack->frames[i].sp == sp;) {
        if (stack->frames[i].function == function && !(stack->frames[i].flags & FRAME_REGION))
            return i;
    }
    return STACK_NONE;
}

uint32_t stack_search_exit(const struct stack *stack, uint64_t function, uint64_t sp, bool tail)
{
    if (tail)
        return stack_search_tail(stack, function, sp);
    for (uint32_t i = stack->depth; i-- > 0;) {
        const struct frame *frame = &stack->frames[i];
        if (frame->function == function && frame->sp >= sp && (frame->flags & FRAME_REGION) == 0)
            return i;
    }
    return STACK_NONE;
}

uint32_t stack_find_region(const struct stack *stack, uint64_t sp)
{
    for (uint32_t i = stack->depth; i-- > 0;) {
        const struct frame *frame = &stack->frames[i];
        if ((frame->flags & FRAME_REGION) != 0 && frame->sp >= sp)
            return i;
    }
    return STACK_NONE;
}
