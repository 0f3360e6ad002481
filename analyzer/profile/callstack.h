/*
 * One thread's stack while its chunks are replayed. Part of replay.
 */
#ifndef CALLSTACK_H
#define CALLSTACK_H

#include "profile/replay.h"

#define REPLAY_WORD_SHIFT 2

/* Take the next chunk of a thread: its words, and its stack where it does not follow from the chunk before. 0; -1 with
 * ERR_INCOMPLETE when it contradicts what came before (then nothing is changed), or ERR_INPUT. */
int callstack_begin(struct replay *replay, uint32_t thread, const struct trace_chunk *block, const struct chunk *chunk,
                    struct replay_words *words, struct err *err);

/* The window begins here: the frames that are open count from now on. */
void callstack_enter_window(struct replay *replay, uint32_t thread);

/* One symbol, inside or outside of the window, with the observer told; `ext` belongs to an EXT. 1: the window has
 * ended, and the symbol was not taken. */
int callstack_step(struct replay *replay, uint32_t thread, const struct chunk *chunk, uint32_t symbol, uint64_t ticks,
                   const struct chunk_ext *ext, struct replay_words *words, struct err *err);

/* The thread has ended, or the trace, or the window: close what is open. */
void callstack_finish(struct replay *replay, uint32_t thread, uint64_t end_ticks);

/* ---- Parts of it, for callrun.c ------------------------------------------------------------------- */

/* Find out what the symbols of `chunk` mean at `ticks`. */
int callstack_words(struct replay *replay, const struct chunk *chunk, uint64_t ticks, struct replay_words *words,
                    struct err *err);

/*
 * A folded call from `parent` has returned, and its time was added to its node's: but it is part of what the outer call
 * of that node takes, and not of what the nodes between them take. (Until the calls of those return as well, their
 * inclusive time may be below zero.)
 */
void callstack_unfold(struct calltree_node *nodes, uint32_t parent, uint32_t node, uint64_t duration);

/* EXIT and UNWIND; EXT. */
void callstack_leave(struct replay *replay, uint32_t thread, uint32_t symbol, uint64_t ticks);
void callstack_ext(struct replay *replay, uint32_t thread, uint64_t ticks, const struct chunk_ext *ext);

#endif
