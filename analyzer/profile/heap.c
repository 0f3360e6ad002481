#include "profile/heap.h"

#include "profile/heap_blocks.h"

#include <stdlib.h>
#include <string.h>

#define SITE_NONE      UINT32_MAX
#define PLACES         1024u  /* remembered callers; a power of two */
#define DISORDER_NS    10000u /* the processors' clocks agree at least so well */
#define DISORDERED_MAX 64u

/* A release that waits for its allocation, or whose allocation's successor came first. */
struct disordered {
    uint64_t address, ticks;
    uint32_t process, thread;
    bool early; /* its allocation is to come; else the block has gone already */
};

/* Which function an address in a process lies in, for a while. */
struct place {
    uint64_t address, until_ticks;
    uint32_t process, function;
};

struct thread_state {
    uint64_t nr_allocs;
    struct heap_block resized;  /* address 0: none waits for its other half */
    uint64_t *resized_lifetime; /* where its lifetime was counted */
};

struct heap_state {
    struct heap_blocks blocks;
    struct thread_state *threads;
    uint32_t *site_of; /* by node of the tree */
    size_t nr_nodes, site_capacity;
    uint64_t peak_number;
    struct disordered disordered[DISORDERED_MAX];
    uint32_t nr_disordered;
    uint64_t disorder_ticks, span_ticks;
    struct place places[PLACES];
    uint32_t instant; /* of the timeline, at hand */
    bool at_is_over;
    struct err *err;
};

static int no_memory(struct heap *heap)
{
    return err_set(heap->state->err, ERR_INPUT, "out of memory: %zu live blocks", heap->state->blocks.nr);
}

/* ---- Call paths ----------------------------------------------------------------------------------- */

/* The function that a call returns to: the one that the byte before is in. FUNCTION_NONE without memory. */
static uint32_t place_function(struct heap *heap, uint32_t process, uint64_t address, uint64_t ticks)
{
    struct replay *replay = heap->replay;
    struct place *place = &heap->state->places[(address ^ address >> 10 ^ process) & (PLACES - 1)];
    if (place->address == address && place->process == process && ticks < place->until_ticks)
        return place->function;
    struct address at = address_map_find(&replay->map, process, address - 1, ticks);
    uint32_t function = function_set_code(&replay->functions, &at, heap->state->err);
    *place = (struct place){.address = address,
                            .until_ticks = address_map_next_change(&replay->map, process, ticks),
                            .process = process,
                            .function = function};
    return function;
}

static int sites_reserve(struct heap *heap, uint32_t node)
{
    struct heap_state *state = heap->state;
    if (node < state->nr_nodes)
        return 0;
    size_t nr = (size_t)node + node / 2 + 64;
    uint32_t *site_of = realloc(state->site_of, nr * sizeof(*site_of));
    if (site_of == NULL)
        return no_memory(heap);
    memset(site_of + state->nr_nodes, 0xff, (nr - state->nr_nodes) * sizeof(*site_of));
    state->site_of = site_of;
    state->nr_nodes = nr;
    return 0;
}

/* The site of an allocation; SITE_NONE without memory. */
static uint32_t site_find(struct heap *heap, const struct replay_memory *event)
{
    struct heap_state *state = heap->state;
    uint32_t node = event->node;
    if (event->caller->address != 0) {
        uint32_t function = place_function(heap, event->process, event->caller->address, event->ticks);
        node = function == FUNCTION_NONE ? UINT32_MAX : calltree_child(&heap->replay->tree, node, function, state->err);
    }
    if (node == UINT32_MAX || sites_reserve(heap, node) != 0)
        return SITE_NONE;
    if (state->site_of[node] != SITE_NONE)
        return state->site_of[node];
    struct heap_site *sites = array_grow(heap->sites, heap->nr_sites, &state->site_capacity, sizeof(*sites));
    if (sites == NULL) {
        no_memory(heap);
        return SITE_NONE;
    }
    heap->sites = sites;
    sites[heap->nr_sites] = (struct heap_site){.node = node};
    return state->site_of[node] = heap->nr_sites++;
}

/* ---- Amounts -------------------------------------------------------------------------------------- */

static void amount_add(struct heap_amount *amount, uint64_t bytes)
{
    amount->blocks++;
    amount->bytes += bytes;
}

static void amount_remove(struct heap_amount *amount, uint64_t bytes)
{
    amount->blocks--;
    amount->bytes -= bytes;
}

/* The number of bits that it takes to write `number`. */
static uint32_t bucket_of(uint64_t number)
{
    uint32_t bits = number == 0 ? 0 : 64u - (uint32_t)__builtin_clzll(number);
    return bits < HEAP_BUCKETS ? bits : HEAP_BUCKETS - 1;
}

/* Before a site's live amount changes: if nobody has since the peak was reached, then this was it. */
static void site_settle(const struct heap *heap, struct heap_site *site)
{
    if (site->peak_number == heap->state->peak_number)
        return;
    site->counts.peak = site->counts.live;
    site->peak_number = heap->state->peak_number;
}

/* The timeline up to `ticks`, while what is live does not change. */
static void instants_reach(struct heap *heap, uint64_t ticks)
{
    struct heap_state *state = heap->state;
    uint64_t origin = heap->replay->trace->clock.origin_ticks, since = ticks > origin ? ticks - origin : 0;
    uint64_t index = (uint64_t)((double)since / (double)state->span_ticks * HEAP_INSTANTS);
    while (state->instant < index && state->instant + 1 < HEAP_INSTANTS)
        heap->instants[++state->instant] = heap->totals.live.bytes;
}

static void live_add(struct heap *heap, const struct heap_block *block, uint64_t ticks)
{
    struct heap_site *site = &heap->sites[block->site];
    site_settle(heap, site);
    amount_add(&site->counts.live, block->bytes);
    amount_add(&heap->threads[block->thread].live, block->bytes);
    amount_add(&heap->totals.live, block->bytes);
    if (heap->totals.live.bytes > heap->totals.peak.bytes) {
        heap->totals.peak = heap->totals.live;
        heap->peak_ticks = ticks;
        heap->state->peak_number++;
    }
    uint64_t *most = &heap->instants[heap->state->instant];
    *most = heap->totals.live.bytes > *most ? heap->totals.live.bytes : *most;
}

static void live_remove(struct heap *heap, const struct heap_block *block)
{
    struct heap_site *site = &heap->sites[block->site];
    site_settle(heap, site);
    amount_remove(&site->counts.live, block->bytes);
    amount_remove(&heap->threads[block->thread].live, block->bytes);
    amount_remove(&heap->totals.live, block->bytes);
}

/* ---- Releases ------------------------------------------------------------------------------------- */

/* The block goes; it is still in the table. */
static void block_release(struct heap *heap, struct heap_block *block, uint32_t thread, uint64_t ticks, bool resized)
{
    struct heap_state *state = heap->state;
    uint64_t lifetime_ticks = ticks > block->ticks ? ticks - block->ticks : 0;
    live_remove(heap, block);
    uint64_t *lifetime = &heap->lifetimes[bucket_of(clock_duration_ns(&heap->replay->trace->clock, lifetime_ticks))];
    ++*lifetime;
    amount_add(&heap->totals.released, block->bytes);
    amount_add(&heap->threads[thread].released, block->bytes);
    heap->totals.resized += resized;
    if (resized) {
        state->threads[thread].resized = *block;
        state->threads[thread].resized_lifetime = lifetime;
    }
    if (!resized && block->thread == thread && block->order == state->threads[thread].nr_allocs) {
        heap->sites[block->site].counts.temporary++;
        heap->threads[thread].temporary++;
        heap->totals.temporary++;
    }
    heap_blocks_remove(&state->blocks, block);
}

/* What has waited too long did not wait for anything that is in the trace. */
static void disordered_expire(struct heap *heap, uint64_t ticks)
{
    struct heap_state *state = heap->state;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->nr_disordered; i++) {
        const struct disordered *one = &state->disordered[i];
        if (ticks - one->ticks <= state->disorder_ticks)
            state->disordered[kept++] = *one;
        else
            heap->totals.unknown += one->early;
    }
    state->nr_disordered = kept;
}

static void disordered_add(struct heap *heap, const struct replay_memory *event, bool early)
{
    struct heap_state *state = heap->state;
    disordered_expire(heap, event->ticks);
    if (state->nr_disordered == DISORDERED_MAX) {
        heap->totals.unknown += state->disordered[0].early;
        memmove(state->disordered, state->disordered + 1, --state->nr_disordered * sizeof(state->disordered[0]));
    }
    state->disordered[state->nr_disordered++] = (struct disordered){.address = event->block->address,
                                                                    .ticks = event->ticks,
                                                                    .process = event->process,
                                                                    .thread = event->thread,
                                                                    .early = early};
}

/* Take a release of the event's address that is out of order: the thread that made it, or UINT32_MAX. */
static uint32_t disordered_take(struct heap *heap, const struct replay_memory *event, bool early)
{
    struct heap_state *state = heap->state;
    if (state->nr_disordered == 0)
        return UINT32_MAX;
    disordered_expire(heap, event->ticks);
    for (uint32_t i = 0; i < state->nr_disordered; i++) {
        const struct disordered one = state->disordered[i];
        if (one.address != event->block->address || one.process != event->process || one.early != early ||
            one.thread == event->thread) /* a thread's own events are in order */
            continue;
        memmove(&state->disordered[i], &state->disordered[i + 1],
                (--state->nr_disordered - i) * sizeof(state->disordered[0]));
        heap->totals.reordered++;
        return one.thread;
    }
    return UINT32_MAX;
}

static void event_release(struct heap *heap, const struct replay_memory *event)
{
    struct thread_state *thread = &heap->state->threads[event->thread];
    struct heap_block *block = heap_blocks_find(&heap->state->blocks, event->process, event->block->address);
    bool resized = event->symbol == TF_SYM_REALLOC;
    if (resized)
        thread->resized.address = 0;
    if (disordered_take(heap, event, false) != UINT32_MAX)
        return;
    if (block == NULL) {
        disordered_add(heap, event, true);
        return;
    }
    block_release(heap, block, event->thread, event->ticks, resized);
}

/* ---- Allocations ---------------------------------------------------------------------------------- */

/* Resizing has failed: the block is what it was. */
static int block_restore(struct heap *heap, const struct replay_memory *event)
{
    struct thread_state *thread = &heap->state->threads[event->thread];
    struct heap_block *resized = &thread->resized;
    if (resized->address != event->block->address || resized->address == 0)
        return 0; /* it was not known before, either */
    const struct heap_block block = *resized;
    resized->address = 0;
    --*thread->resized_lifetime;
    amount_remove(&heap->totals.released, block.bytes);
    amount_remove(&heap->threads[event->thread].released, block.bytes);
    heap->totals.resized--;
    heap->totals.not_resized++;
    live_add(heap, &block, event->ticks);
    return heap_blocks_add(&heap->state->blocks, &block) == 0 ? 0 : no_memory(heap);
}

static int event_alloc(struct heap *heap, const struct replay_memory *event)
{
    struct heap_state *state = heap->state;
    if (event->caller->api == TF_API_RESTORED)
        return block_restore(heap, event);
    uint32_t site = site_find(heap, event);
    if (site == SITE_NONE)
        return -1;
    struct heap_block *before = heap_blocks_find(&state->blocks, event->process, event->block->address);
    if (before != NULL) { /* its release is still to come */
        disordered_add(heap, event, false);
        block_release(heap, before, before->thread, event->ticks, false);
    }
    const struct heap_block block = {.address = event->block->address,
                                     .bytes = event->block->bytes,
                                     .ticks = event->ticks,
                                     .order = ++state->threads[event->thread].nr_allocs,
                                     .process = event->process,
                                     .thread = event->thread,
                                     .site = site};
    amount_add(&heap->sites[site].counts.allocated, block.bytes);
    amount_add(&heap->threads[event->thread].allocated, block.bytes);
    amount_add(&heap->totals.allocated, block.bytes);
    heap->sizes[bucket_of(block.bytes)]++;
    state->threads[event->thread].resized.address = 0;
    if (block.address == 0)
        return err_set(state->err, ERR_INPUT, "%s: a block at address 0", heap->replay->trace->path);
    live_add(heap, &block, event->ticks);
    if (heap_blocks_add(&state->blocks, &block) != 0)
        return no_memory(heap);
    uint32_t releaser = disordered_take(heap, event, true);
    if (releaser != UINT32_MAX)
        block_release(heap, heap_blocks_find(&state->blocks, event->process, block.address), releaser, event->ticks,
                      false);
    return 0;
}

/* ---- The run -------------------------------------------------------------------------------------- */

/* The instant that was asked for is over. */
static void at_take(struct heap *heap)
{
    for (uint32_t i = 0; i < heap->nr_sites; i++)
        heap->sites[i].counts.at = heap->sites[i].counts.live;
    heap->totals.at = heap->totals.live;
    heap->state->at_is_over = true;
}

static int watch_memory(void *context, const struct replay_memory *event)
{
    struct heap *heap = context;
    if (!heap->state->at_is_over && event->ticks > heap->at_ticks)
        at_take(heap);
    instants_reach(heap, event->ticks);
    if (event->symbol == TF_SYM_ALLOC)
        return event_alloc(heap, event);
    event_release(heap, event);
    return 0;
}

static int watch_call(void *context, const struct replay_call *call)
{
    (void)context;
    (void)call;
    return 0;
}

static int watch_note(void *context, uint32_t thread, uint64_t ticks, const struct chunk_ext *ext)
{
    (void)context;
    (void)thread;
    (void)ticks;
    (void)ext;
    return 0;
}

static void finish(struct heap *heap)
{
    const struct replay *replay = heap->replay;
    if (!heap->state->at_is_over && heap->at_ticks != HEAP_NO_TICKS)
        at_take(heap);
    disordered_expire(heap, UINT64_MAX);
    instants_reach(heap, UINT64_MAX);
    for (uint32_t i = 0; i < heap->nr_sites; i++)
        site_settle(heap, &heap->sites[i]);
    heap->totals.dropped = replay->trace->memory_no_ring;
    for (uint32_t i = 0; i < replay->trace->nr_threads; i++)
        heap->totals.dropped += replay->threads[i].memory_dropped + replay->threads[i].memory_lost;
}

int heap_run(struct heap *heap, struct replay *replay, uint64_t at_ns, struct err *err)
{
    const struct trace *trace = replay->trace;
    const struct replay_observer observer = {
        .context = heap, .enter = watch_call, .leave = watch_call, .note = watch_note, .memory = watch_memory};
    *heap = (struct heap){.replay = replay, .at_ticks = HEAP_NO_TICKS};
    heap->state = calloc(1, sizeof(*heap->state));
    heap->threads = calloc((size_t)trace->nr_threads + 1, sizeof(*heap->threads));
    if (heap->state == NULL || heap->threads == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    struct heap_state *state = heap->state;
    state->threads = calloc((size_t)trace->nr_threads + 1, sizeof(*state->threads));
    if (heap_blocks_init(&state->blocks) != 0 || state->threads == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    state->err = err;
    state->disorder_ticks = clock_ticks(&trace->clock, DISORDER_NS) - trace->clock.origin_ticks;
    state->span_ticks =
        trace->last_ticks > trace->clock.origin_ticks ? trace->last_ticks - trace->clock.origin_ticks : 1;
    if (at_ns != UINT64_MAX)
        heap->at_ticks = clock_ticks(&trace->clock, at_ns);
    if (replay_watch(replay, &observer, err) != 0 || replay->stopped != 0)
        return -1;
    finish(heap);
    return 0;
}

void heap_release(struct heap *heap)
{
    if (heap->state != NULL) {
        heap_blocks_release(&heap->state->blocks);
        free(heap->state->threads);
        free(heap->state->site_of);
    }
    free(heap->state);
    free(heap->threads);
    free(heap->sites);
    *heap = (struct heap){0};
}
