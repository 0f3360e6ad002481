#include "profile/fenced.h"

#include "profile/callstack.h"

#include <stdlib.h>
#include <string.h>

/* A frame while the chunk is walked. */
struct fenced_frame {
    uint32_t node;
    bool is_region;
};

/* What the walk has come to. */
struct walk {
    struct fenced_frame *top, *bottom;
    uint64_t ticks;          /* of the event before … */
    bool is_hook, was_enter; /* … and whether a hook has recorded it, and which */
};

static int no_memory(struct err *err)
{
    return err_set(err, ERR_INPUT, "out of memory");
}

void fenced_release(struct fenced *fenced)
{
    free(fenced->sums);
    free(fenced->stack);
    *fenced = (struct fenced){0};
}

void fenced_to_ns(struct fenced *fenced, const struct clock *clock)
{
    for (size_t i = 0; i < fenced->nr; i++)
        fenced->sums[i].time = clock_duration_ns(clock, fenced->sums[i].time);
}

/* Room for the sums of so many nodes. */
static int sums_reserve(struct fenced *fenced, uint32_t nr_nodes, struct err *err)
{
    if (nr_nodes <= fenced->nr)
        return 0;
    size_t nr = nr_nodes + (size_t)nr_nodes / 2;
    struct fenced_sum *sums = realloc(fenced->sums, nr * sizeof(*sums));
    if (sums == NULL)
        return no_memory(err);
    memset(sums + fenced->nr, 0, (nr - fenced->nr) * sizeof(*sums));
    fenced->sums = sums;
    fenced->nr = nr;
    return 0;
}

/* The thread's frames, with room for all that the chunk may enter. */
static int walk_begin(struct walk *walk, struct fenced *fenced, const struct replay_thread *thread,
                      const struct chunk *chunk, struct err *err)
{
    size_t nr = (size_t)thread->depth + chunk->head.nr_symbols + 1;
    if (nr > fenced->stack_capacity) {
        free(fenced->stack);
        fenced->stack_capacity = nr;
        fenced->stack = calloc(nr, sizeof(*fenced->stack));
        if (fenced->stack == NULL) {
            fenced->stack_capacity = 0;
            return no_memory(err);
        }
    }
    for (uint32_t i = 0; i <= thread->depth; i++)
        fenced->stack[i] = (struct fenced_frame){.node = thread->frames[i].node,
                                                 .is_region = (thread->frames[i].flags & REPLAY_REGION) != 0};
    *walk = (struct walk){.bottom = fenced->stack, .top = fenced->stack + thread->depth};
    return 0;
}

static void gap_add(struct fenced_sum *sum, uint64_t time, bool own_begins, bool own_ends)
{
    sum->time += time;
    sum->own += (uint32_t)own_begins + own_ends;
    sum->callees += 2 - (uint32_t)own_begins - own_ends;
}

/* What the symbol does to the stack, and whether a hook has recorded it. 1: nobody knows the frames further out; -1: no
 * memory. */
static int walk_step(struct walk *walk, struct replay *replay, uint32_t symbol, const uint32_t *words, uint64_t ticks,
                     struct err *err)
{
    walk->ticks = ticks;
    walk->is_hook = false;
    if (symbol >= TF_SYM_ENTER) {
        uint32_t word = words[symbol - TF_SYM_ENTER];
        uint32_t node = calltree_child(&replay->tree, walk->top->node, word >> REPLAY_WORD_SHIFT, err);
        *++walk->top = (struct fenced_frame){.node = node, .is_region = (word & REPLAY_REGION) != 0};
        walk->is_hook = walk->was_enter = !walk->top->is_region;
        return node != UINT32_MAX ? 0 : -1;
    }
    if (symbol != TF_SYM_EXIT && symbol != TF_SYM_UNWIND)
        return 0;
    if (walk->top == walk->bottom)
        return 1;
    walk->was_enter = false;
    walk->is_hook = symbol == TF_SYM_EXIT && !walk->top->is_region;
    walk->top--;
    return 0;
}

int fenced_chunk(struct replay *replay, uint32_t number, const struct chunk *chunk, const struct replay_words *words,
                 struct err *err)
{
    struct fenced *fenced = &replay->fenced;
    const struct clock *clock = &replay->trace->clock;
    struct chunk_cursor cursor;
    struct walk walk = {0};
    if (!(chunk->head.flags & TF_CHUNK_FENCED))
        return 0;
    if (walk_begin(&walk, fenced, &replay->threads[number], chunk, err) != 0)
        return -1;
    const uint64_t longest = clock_ticks(clock, FENCED_GAP_MAX_NS) - clock->origin_ticks;
    chunk_begin(chunk, &cursor);
    while (cursor.index < chunk->head.nr_symbols) {
        uint32_t symbol = chunk_next(chunk, &cursor);
        const struct walk before = walk;
        if (cursor.ticks >= words->until_ticks)
            return 0;
        int result = walk_step(&walk, replay, symbol, words->words, cursor.ticks, err);
        if (result != 0)
            return result < 0 ? -1 : 0;
        if (sums_reserve(fenced, replay->tree.nr_nodes, err) != 0)
            return -1;
        uint64_t gap = cursor.ticks - before.ticks;
        if (before.is_hook && walk.is_hook && gap <= longest)
            gap_add(&fenced->sums[before.top->node], gap, before.was_enter, !walk.was_enter);
    }
    return 0;
}
