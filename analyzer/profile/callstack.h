/*
 * One thread's stack while its chunks are replayed. Part of replay.
 */
#ifndef CALLSTACK_H
#define CALLSTACK_H

#include "profile/replay.h"

#define REPLAY_WORD_SHIFT  2
#define REPLAY_CACHE_SLOTS 2048u

/* Remembered children of nodes; direct-mapped. A node never goes, so what is in here is always true. */
struct replay_cache {
    struct replay_cache_slot {
        uint32_t parent, word, child;
    } slots[REPLAY_CACHE_SLOTS];
};

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

/* All symbols of a chunk that lies in the window, when nobody observes. */
int callstack_run(struct replay *replay, uint32_t thread, const struct chunk *chunk, struct replay_words *words,
                  struct err *err);

/* The thread has ended, or the trace, or the window: close what is open. */
void callstack_finish(struct replay *replay, uint32_t thread, uint64_t end_ticks);

#endif
