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

uint32_t stack_search_exit(const struct stack *stack, uint64_t function, uint64_t sp, bool tail)
{
    uint32_t found = STACK_NONE;
    for (uint32_t i = stack->depth; i-- > 0;) {
        const struct frame *frame = &stack->frames[i];
        if (tail && frame->sp >= sp)
            break; /* addresses only grow from here on: no own frame further out */
        if (frame->function != function || (frame->flags & FRAME_REGION) != 0)
            continue;
        if (tail)
            found = i; /* go on: the outermost one */
        else if (frame->sp >= sp)
            return i;
    }
    return found;
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
