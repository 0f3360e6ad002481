/*
 * The open frames of one thread, and the exact-stack rule (FORMAT.md §5): which frames are gone when an event arrives.
 */
#ifndef STACK_H
#define STACK_H

#include <stdbool.h>
#include <stdint.h>

enum frame_flag {
    FRAME_REGION = 1u << 0,    /* function is the number of a name */
    FRAME_INLINED = 1u << 1,   /* shares the physical frame of the one below it */
    FRAME_INHERITED = 1u << 2, /* was open in the parent process at fork */
    FRAME_FRESH = 1u << 3      /* pushed in the current chunk */
};

struct frame {
    uint64_t function;
    uint64_t site;
    uint64_t sp;
    uint64_t ticks; /* when it was entered */
    uint32_t flags; /* enum frame_flag */
    uint32_t hook;  /* 16 bits of the place in the program that called the enter hook */
};

struct stack {
    struct frame *frames; /* the outermost first */
    uint32_t depth;
    uint32_t capacity;
};

#define STACK_NONE UINT32_MAX

/* Release the frames. */
void stack_release(struct stack *stack);

/* Room for one more frame. 0, or -1 without memory. */
int stack_grow(struct stack *stack);

/* Make `stack` a copy of the `depth` frames, all of them inherited. 0, or -1 without memory. */
int stack_inherit(struct stack *stack, const struct frame *frames, uint32_t depth);

/*
 * `depth` frames are left, the top ones with the entered function's address of the hook's frame and call site. The
 * depth at which it really goes on: either it is inlined into them, or they were left by a jump and it is a new call
 * from the same place.
 */
uint32_t stack_depth_at_same_place(const struct stack *stack, uint32_t depth, const struct frame *entered);

/* The depth that is left of the stack when a function is entered: `entered` has function, site, sp and hook. */
static inline uint32_t stack_depth_at_enter(const struct stack *stack, const struct frame *entered)
{
    uint32_t depth = stack->depth;
    while (depth > 0) {
        const struct frame *top = &stack->frames[depth - 1];
        if (top->sp > entered->sp)
            break;
        if (top->sp == entered->sp && top->site == entered->site)
            return stack_depth_at_same_place(stack, depth, entered);
        depth--;
    }
    return depth;
}

/* Slow part of stack_find_exit. */
uint32_t stack_search_exit(const struct stack *stack, uint64_t function, uint64_t sp, bool tail);

/* The index of the frame that an exit of `function` closes, or STACK_NONE. `tail`: the exit hook was reached by a jump.
 */
static inline uint32_t stack_find_exit(const struct stack *stack, uint64_t function, uint64_t sp, bool tail)
{
    if (stack->depth > 0 && !tail) {
        const struct frame *top = &stack->frames[stack->depth - 1];
        if (top->function == function && top->sp >= sp && (top->flags & FRAME_REGION) == 0)
            return stack->depth - 1;
    }
    return stack_search_exit(stack, function, sp, tail);
}

/* The index of the innermost region, if no frame of a function that has the end's caller below it is in the way; or
 * STACK_NONE. */
uint32_t stack_find_region(const struct stack *stack, uint64_t sp);

/* Push a frame that belongs to the current chunk. 0, or -1 without memory. */
static inline int stack_push(struct stack *stack, const struct frame *frame)
{
    if (stack->depth == stack->capacity && stack_grow(stack) != 0)
        return -1;
    stack->frames[stack->depth] = *frame;
    stack->frames[stack->depth++].flags |= FRAME_FRESH;
    return 0;
}

#endif
