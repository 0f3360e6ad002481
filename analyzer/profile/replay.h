/*
 * Replay: the chunks of a trace become calls, and the calls a call tree.
 *
 * replay_run() streams through the file once and keeps the tree and one stack for each living thread; memory grows with
 * call paths and threads, not with events. replay_walk() does the same and tells an observer of every call;
 * replay_watch() does so in order of time over all threads. All count alike:
 *
 * - nr_events = 2 * nr_calls - open_frames - unwound_frames, always. Regions are calls in the tree and count in none of
 *   the four.
 * - After a gap the stack is what the next chunk says: frames that are gone are closed as unwound when the thread was
 *   last seen; frames that are new count as calls (and their enters as events) from the time at which they were
 * entered.
 * - Frames that a forked child inherited have no calls; their time begins with the child's first chunk, and their exits
 *   are inherited_exits.
 * - With a window of time, a call that is open when it begins counts as a call from there, and one that is open at its
 *   end is an open frame. A thread's counts of what the runtime lost stay those of the whole thread.
 *
 * The trace must outlive the replay; damage that is found on the way is added to the trace's notices. One thread.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include "profile/calltree.h"
#include "profile/fenced.h"
#include "profile/function_set.h"
#include "profile/histogram.h"
#include "profile/rhythm.h"
#include "trace/decode.h"

struct replay_filter {
    uint32_t thread, process; /* tid and pid; 0: all */
    uint64_t from_ns, to_ns;  /* from the start of the trace; 0 and UINT64_MAX: all */
    bool by_site;             /* calls from different places count as calls of different functions */
    bool folds;               /* fold recursion (fold.h) */
};

/* Frames that were left otherwise than by returning; for each node of the tree. */
struct replay_losses {
    uint64_t open, unwound;
};

struct replay_frame {
    uint64_t start_ticks; /* from when its time counts */
    uint32_t node;
    uint32_t flags; /* enum replay_flag */
};

/* What the words of a chunk's symbols are: (number of the function << 2) | REPLAY_REGION | REPLAY_INLINED. */
struct replay_words {
    uint32_t *words;
    size_t capacity;
    uint64_t until_ticks; /* from then on an address may mean something else */
};

struct replay_thread {
    /* Results */
    bool seen;         /* something of it is in the replay */
    uint32_t process;  /* serial */
    uint64_t nr_calls; /* of functions */
    uint64_t nr_exits; /* of frames that count as calls; nr_events = nr_calls + nr_exits */
    uint64_t open_frames, unwound_frames, inherited_exits, orphan_exits;
    uint64_t stalled_ticks, first_ticks, last_ticks;
    uint64_t hook_calls, recorded, dropped_full, torn; /* of the whole thread, as its last chunk says */
    uint64_t lost_events;                              /* in chunks that are missing or damaged */
    uint64_t loaded_events;                            /* what the headers of its intact chunks say */

    /* The stack: frames[0] stands for the root, frames[depth] is the innermost. Below it `hidden` frames that no chunk
     * names. */
    struct replay_frame *frames;
    size_t capacity;
    uint32_t depth, hidden;
    uint32_t peak_depth; /* most frames in the replay at any moment */

    /* Where it is in the file */
    bool started, entered, finished, skipped;
    uint32_t next_number;
    uint64_t base_ticks;     /* of the first chunk: from when inherited frames count */
    uint64_t seen_recorded;  /* `recorded` of the last intact chunk */
    uint64_t pending_events; /* of damaged chunks since then */
    uint64_t memory_recorded, memory_dropped,
        memory_lost;      /* for an observer of memory: so far; missing between chunks */
    uint32_t *path_nodes; /* of the chunk at hand: the node of each path of its, if it has any (PATHS) */
    size_t path_capacity;
    uint64_t recovered; /* enters that were lost, and are known from a later chunk's stack */
    struct replay_words words;
};

struct callrun;

enum replay_flag {
    REPLAY_INLINED = 1u << 0,
    REPLAY_REGION = 1u << 1,
    REPLAY_INHERITED = 1u << 2, /* entered in the parent process, before the fork */
    REPLAY_UNCOUNTED = 1u << 3, /* not counted yet: before the window, or just taken from a chunk's stack */
    REPLAY_UNWOUND = 1u << 4,   /* left without returning */
    REPLAY_OPEN = 1u << 5,      /* never left */
    REPLAY_EARLIER = 1u << 6,   /* entered before the window, or in what is lost */
    REPLAY_LEAF = 1u << 7,      /* for an observer: nothing happens in the thread before it returns, at end_ticks */
    REPLAY_LATE = 1u << 8,      /* its call is in thread->nr_calls, and in its node's count when it ends */
    REPLAY_FOLDED = 1u << 30    /* its node is that of a call further out, or at the top of a tree that is cut */
};

/* These are the replay's own: an observer does not see them. */
#define REPLAY_INTERNAL ((uint32_t)(REPLAY_INLINED | REPLAY_UNCOUNTED | REPLAY_LATE | REPLAY_FOLDED))

/* A call, as an observer sees it. */
struct replay_call {
    uint32_t thread;   /* index into trace->threads */
    uint32_t function; /* number in replay->functions */
    uint32_t depth;    /* frames around it */
    uint32_t flags;    /* enum replay_flag */
    uint64_t start_ticks;
    uint64_t end_ticks; /* at leave, and at enter of a leaf */
};

/* An ALLOC, FREE or REALLOC. */
struct replay_memory {
    uint32_t thread;  /* index into trace->threads */
    uint32_t process; /* serial */
    uint32_t node;    /* of replay->tree: the call path */
    uint32_t symbol;
    uint64_t ticks;
    const struct memory_block *block;
    const struct memory_caller *caller; /* of an ALLOC */
};

/* Every function returns 0 to go on; another value ends the replay. NULL: not wanted. */
typedef int replay_teller(void *context, const struct replay_call *call);

struct replay_observer {
    void *context;
    replay_teller *enter, *leave;
    int (*note)(void *context, uint32_t thread, uint64_t ticks, const struct chunk_ext *ext);
    int (*memory)(void *context, const struct replay_memory *event); /* of replay_watch() */
};

struct replay {
    struct trace *trace;
    struct replay_filter filter;
    uint64_t from_ticks, to_ticks; /* 0 and UINT64_MAX: all */
    struct address_map map;
    struct function_set functions;
    struct calltree tree;           /* times in ns; while the replay runs: in ticks */
    struct histogram_set durations; /* of the functions, in ticks */
    struct rhythms *rhythms;        /* is filled, when there is one; the caller's */
    struct fenced fenced;           /* of the tree's nodes */
    struct replay_losses *losses;   /* nr_losses of the tree's nodes; the others have none */
    size_t nr_losses;
    struct replay_thread *threads; /* trace->nr_threads, in their order */
    struct callrun *run;
    struct replay_words words;
    const struct replay_observer *observer; /* NULL: none */
    uint64_t leaf_ticks;                    /* when the frame that is entered returns, if that is what comes next */
    int stopped;                            /* what the observer returned */
    /* Told now and then how many bytes of the file are done; NULL: nobody. */
    void (*progress)(void *context, uint64_t done_bytes, uint64_t all_bytes);
    void *progress_context;
};

/* 0 or -1; it is to be released in both cases. */
int replay_init(struct replay *replay, struct trace *trace, const struct replay_filter *filter, struct err *err);
void replay_release(struct replay *replay);

/* Replay the trace into the tree. 0; -1 with err set when nothing can be read any more or memory ran out. */
int replay_run(struct replay *replay, struct err *err);

/*
 * The same in order of time, with an observer. `functions` keeps what an earlier replay_run() of the same struct found,
 * so that names can be ready before the calls come; all other results begin anew.
 */
int replay_watch(struct replay *replay, const struct replay_observer *observer, struct err *err);

/*
 * The same for observers to whom the order of different threads is nothing: each thread's calls come in its own order,
 * and threads as their chunks are in the file. A fifth of the time; nobody says of a leaf that it is one.
 */
int replay_walk(struct replay *replay, const struct replay_observer *observer, struct err *err);

/*
 * How long the calls of a function took, in ns: a histogram in `arena`. 0, or -1 when memory ran out. Buckets of ticks
 * become those of ns by their middle.
 */
int replay_durations(const struct replay *replay, uint32_t function, struct arena *arena, struct histogram *durations);

/* Events that are known to be missing: lost with chunks, dropped, torn, and of threads that never got a ring. */
uint64_t replay_dropped(const struct replay *replay);

#endif
