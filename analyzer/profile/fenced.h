/*
 * What fenced chunks (FORMAT.md §4) show of each call path: where its own time goes when hooks and program do not
 * overlap.
 *
 * Own time is made of gaps between one event and the next. Each is a frame's whose node is known, and begins and ends
 * with half a pair of hooks: its own, behind its enter and before its exit, or a callee's, behind that one's exit and
 * before its enter. compensate.c makes use of it.
 */
#ifndef FENCED_H
#define FENCED_H

#include "base/err.h"
#include "trace/decode.h"

struct replay;
struct replay_words;

/* Longer gaps are known as well without a fence, and what interrupts a program would outweigh all else in them. */
#define FENCED_GAP_MAX_NS 300u

/* Of the other gaps of a node. */
struct fenced_sum {
    uint64_t time;         /* ticks; ns when the replay is done */
    uint32_t own, callees; /* ends of such gaps, two each */
};

struct fenced {
    struct fenced_sum *sums; /* nr of the tree's nodes; the others have none */
    size_t nr;
    struct fenced_frame *stack;
    size_t stack_capacity;
};

void fenced_release(struct fenced *fenced);

/* Times become ns. */
void fenced_to_ns(struct fenced *fenced, const struct clock *clock);

/*
 * Count the chunk's gaps, if it is fenced. The thread's stack is the one that the chunk begins with, all of the chunk
 * lies in the window, and neither is changed. 0, or -1 when memory ran out.
 */
int fenced_chunk(struct replay *replay, uint32_t thread, const struct chunk *chunk, const struct replay_words *words,
                 struct err *err);

#endif
