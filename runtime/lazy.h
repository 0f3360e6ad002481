/*
 * The stack alone (TRACERT_MEMORY=lazy): hooks push and pop the thread's frames, without time and without a word in the
 * ring; an allocation looks at what is open (paths.h). The fast path is in hook.c.
 *
 * A signal handler may come between any two instructions here, too. So a frame is reserved first and filled then: its
 * function last, and until that is there the frame is nobody's. A frame that is not open has function and sp 0.
 */
#ifndef LAZY_H
#define LAZY_H

#include "ring.h"

/* A thread that begins: nothing is open. */
void lazy_prepare(struct tracert__thread *thread);

/* These frames are open, inherited from the parent process. There is room. */
void lazy_inherit(struct tracert__thread *thread, const struct frame *frames, uint32_t depth);

uint32_t lazy_depth(const struct tracert__thread *thread);

/* What the hooks' fast path leaves out; as their namesakes of record.h. False: no memory. */
bool lazy_enter(struct tracert__thread *thread, uint64_t function, uint64_t site, uint64_t sp, uint64_t hook);
void lazy_exit(struct tracert__thread *thread, uint64_t function, uint64_t sp, bool tail);
bool lazy_region_begin(struct tracert__thread *thread, uint32_t name, uint64_t sp);
void lazy_region_end(struct tracert__thread *thread, uint64_t sp);

/* Frames that lie below `sp` have been left by a jump. */
void lazy_leave_below(struct tracert__thread *thread, uint64_t sp);

/* Push a frame on top of all that are open, of which there is room for one more. */
static inline __attribute__((always_inline)) void lazy_push(struct tracert__thread *thread, struct frame *open,
                                                            const struct frame *entered)
{
    thread->open = open + 1;
    __asm__ volatile("" : : : "memory");
    open->site = entered->site;
    open->sp = entered->sp;
    __asm__ volatile("" : : : "memory");
    open->function = entered->function;
    __asm__ volatile("" : : : "memory");
}

static inline __attribute__((always_inline)) void lazy_pop(struct tracert__thread *thread, struct frame *top)
{
    top->function = top->sp = 0;
    __asm__ volatile("" : : : "memory");
    thread->open = top;
}

#endif
