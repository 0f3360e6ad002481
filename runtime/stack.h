/*
 * The frames that are open in one thread, and the exact-stack rule (FORMAT.md §5): which of them are gone when an event
 * arrives.
 *
 * The thread keeps its frames in private memory of its own (record.h); the drain sees those that were open when a
 * segment began. Pure functions of what they are given, signal-safe.
 */
#ifndef STACK_H
#define STACK_H

#include <stdbool.h>
#include <stdint.h>

/* The low four bits of frame.sp, free because the stack is aligned to 16 bytes where functions are called. */
enum frame_flag {
    FRAME_REGION = 1u << 0,   /* function is a name: names.h */
    FRAME_INLINED = 1u << 1,  /* shares the physical frame of the one below it */
    FRAME_INHERITED = 1u << 2 /* was open in the parent process at fork */
};

#define FRAME_FLAGS 15ull

struct frame {
    uint64_t function;
    uint64_t site;  /* frame_site() */
    uint64_t sp;    /* address of the enter hook's frame, with enum frame_flag */
    uint64_t ticks; /* when it was entered */
};

/*
 * Where the call returns to, with 16 bits of where the enter hook returns to: these tell a function that is inlined
 * into itself from one that was left by a jump and is called again from the same place.
 */
static inline __attribute__((always_inline)) uint64_t frame_site(uint64_t call_site, uint64_t hook_return)
{
    return call_site | hook_return << 48;
}

#define FRAME_SITE_MASK 0x0000ffffffffffffull

/* The address that the function's hooks are told apart by: of the frame that calls this, were it a hook's. */
#define FRAME_ADDRESS() ((uint64_t)__builtin_dwarf_cfa() - 16)

static inline uint64_t frame_sp(const struct frame *frame)
{
    return frame->sp & ~FRAME_FLAGS;
}

/* Both lie in one physical frame: the same address of the hook's frame and the same call site. */
static inline bool frame_is_same_place(const struct frame *a, const struct frame *b)
{
    return frame_sp(a) == frame_sp(b) && ((a->site ^ b->site) & FRAME_SITE_MASK) == 0;
}

/* The enter hook is called this near to a function's beginning, unless the function is inlined somewhere else. */
#define PROLOGUE_BYTES 512u

/*
 * Does the hook's call, which returns to `hook`, lie in the code of `function` itself, rather than in that of
 * `physical`, whose frame it seems to share? It does when `function` begins shortly before the call, and `physical` not
 * between the two.
 */
static inline bool hook_is_own(uint64_t hook, uint64_t function, uint64_t physical)
{
    return function != physical && hook - function - 1 < PROLOGUE_BYTES - 1 &&
           physical - function - 1 >= hook - function - 1;
}

/* The same of a frame, of whose hook there is less: in one of 128 places that are somebody else's it is mistaken. */
static inline bool frame_is_own(const struct frame *frame, uint64_t physical)
{
    uint64_t from_function = ((frame->site >> 48) - frame->function) & 0xffff;
    return hook_is_own(frame->function + from_function, frame->function, physical);
}

/* True when `entered` is inlined into `top`, the innermost frame, which itself is not inlined. False says nothing.
 * `hook`: where its enter hook returns to, here and below. */
static inline bool frame_takes_inlined(const struct frame *top, const struct frame *entered, uint64_t hook)
{
    return frame_is_same_place(top, entered) && (top->sp & FRAME_FLAGS) == 0 &&
           (top->function != entered->function || top->site != entered->site) &&
           !hook_is_own(hook, entered->function, top->function);
}

#define STACK_NONE UINT32_MAX

/* The depth that is left of frames[0, depth) when `entered` is entered. */
uint32_t stack_depth_at_enter(const struct frame *frames, uint32_t depth, const struct frame *entered, uint64_t hook);

/* True when `entered` lies in the physical frame of frames[i]: at either, arguments may have been on the stack. */
bool stack_is_same_place(const struct frame *frames, uint32_t i, const struct frame *entered);

/* True when `entered` is inlined into the innermost of frames[0, depth), all of which stay. */
bool stack_is_inlined(const struct frame *frames, uint32_t depth, const struct frame *entered, uint64_t hook);

/* The index of the frame that an exit of `function` closes, or STACK_NONE. `tail`: the exit hook was reached by a jump.
 */
uint32_t stack_find_exit(const struct frame *frames, uint32_t depth, uint64_t function, uint64_t sp, bool tail);

/* The depth that is left when a region begins in a function whose call of the API lies at `sp`. */
uint32_t stack_depth_at_region(const struct frame *frames, uint32_t depth, uint64_t sp);

/* The index of the innermost region whose beginning may be the end's at `sp`; or STACK_NONE. */
uint32_t stack_find_region(const struct frame *frames, uint32_t depth, uint64_t sp);

#endif
