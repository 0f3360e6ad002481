#include "profile/heap.h"

#include "profile/mappings.h"

#include <stdlib.h>
#include <string.h>

#define MOMENTS_MAX    4000000u /* of all series together: 96 MB */
#define DISORDER_NS    10000u   /* the processors' clocks agree at least so well */
#define DISORDERED_MAX 64u
#define RECENT         65536u /* releases that may have come while a snapshot was being made */
#define STOP           1      /* to the replay: the snapshot is there */

/* A release that waits for its allocation, or whose allocation's successor came first. */
struct disordered {
    uint64_t address, ticks;
    uint32_t process, thread;
    bool early; /* its allocation is to come; else the block has gone already */
};

struct thread_state {
    uint64_t nr_allocs;
    struct heap_block resized;  /* address 0: none waits for its other half */
    uint64_t *resized_lifetime; /* where its lifetime was counted */
    uint64_t unmapped_bytes;    /* of a mapping that may come back elsewhere */
};

struct heap_state {
    struct heap_blocks blocks;
    struct mappings mappings;
    struct thread_state *threads;
    uint64_t peak_number;
    struct disordered disordered[DISORDERED_MAX];
    uint32_t nr_disordered;
    uint64_t disorder_ticks;
    uint64_t nr_moments;
    uint64_t next_at_ticks; /* of the instants that are still to come */
    bool at_is_over[2];
    struct heap_live *live;    /* what is looked for; NULL: nothing */
    struct heap_block *recent; /* then the last RECENT releases: [i % RECENT], their ticks those of the release */
    size_t nr_recent;
    struct err *err;
};

static int no_memory(struct heap *heap)
{
    return err_set(heap->state->err, ERR_INPUT, "out of memory: %zu live blocks", heap->state->blocks.nr);
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

/* The series of paths that never had much are given up when all of them take too much room. */
static void series_thin(struct heap *heap)
{
    struct heap_state *state = heap->state;
    for (uint64_t least = heap->totals.peak.bytes / 4096 + 1; state->nr_moments > MOMENTS_MAX / 2; least *= 4) {
        for (uint32_t i = 0; i < heap->sites.nr; i++) {
            struct heap_series *series = &heap->sites.sites[i].series;
            uint64_t most = 0;
            for (uint32_t m = 0; m < series->nr; m++)
                most = series->moments[m].most > most ? series->moments[m].most : most;
            if (most >= least)
                continue;
            state->nr_moments -= series->nr;
            free(series->moments);
            *series = (struct heap_series){.is_left_out = true};
        }
    }
}

/* Before a site's live amount changes: if nobody has since the peak was reached, then this was it. */
static int site_settle(struct heap *heap, struct heap_site *site)
{
    struct heap_state *state = heap->state;
    if (site->peak_number != state->peak_number) {
        site->counts.peak = site->counts.live;
        site->peak_number = state->peak_number;
    }
    if (heap_series_is_settled(&site->series, &heap->curve))
        return 0;
    int added = heap_series_settle(&site->series, &heap->curve, site->counts.live.bytes);
    if (added < 0)
        return no_memory(heap);
    state->nr_moments += (uint64_t)added;
    if (state->nr_moments > MOMENTS_MAX)
        series_thin(heap);
    return 0;
}

static int live_add(struct heap *heap, const struct heap_block *block, uint64_t ticks)
{
    struct heap_site *site = &heap->sites.sites[block->site];
    struct heap_totals *totals = &heap->totals;
    if (site_settle(heap, site) != 0)
        return -1;
    amount_add(&site->counts.live, block->bytes);
    amount_add(&heap->threads[block->thread].live, block->bytes);
    amount_add(&totals->live, block->bytes);
    heap_cycles_add(&site->cycles, site->counts.live.bytes, site->counts.live.blocks, block->bytes);
    heap_cycles_add(&heap->cycles, totals->live.bytes, totals->live.blocks, block->bytes);
    if (totals->live.bytes > totals->peak.bytes) {
        totals->peak = totals->live;
        heap->peak_ticks = ticks;
        heap->state->peak_number++;
    }
    heap_curve_rise(&heap->curve, totals->live.bytes);
    return 0;
}

static int live_remove(struct heap *heap, const struct heap_block *block, uint64_t ticks)
{
    struct heap_site *site = &heap->sites.sites[block->site];
    if (site_settle(heap, site) != 0)
        return -1;
    amount_remove(&site->counts.live, block->bytes);
    amount_remove(&heap->threads[block->thread].live, block->bytes);
    amount_remove(&heap->totals.live, block->bytes);
    heap_cycles_remove(&site->cycles, site->counts.live.bytes, ticks);
    heap_cycles_remove(&heap->cycles, heap->totals.live.bytes, ticks);
    return 0;
}

/* ---- Releases ------------------------------------------------------------------------------------- */

/* The block goes; it is still in the table. */
static int block_release(struct heap *heap, struct heap_block *block, uint32_t thread, uint64_t ticks, bool resized)
{
    struct heap_state *state = heap->state;
    uint64_t lifetime_ticks = ticks > block->ticks ? ticks - block->ticks : 0;
    if (live_remove(heap, block, ticks) != 0)
        return -1;
    uint64_t *lifetime = &heap->lifetimes[bucket_of(clock_duration_ns(&heap->replay->trace->clock, lifetime_ticks))];
    ++*lifetime;
    amount_add(&heap->totals.released, block->bytes);
    amount_add(&heap->threads[thread].released, block->bytes);
    if (resized) {
        state->threads[thread].resized = *block;
        state->threads[thread].resized_lifetime = lifetime;
    }
    if (!resized && block->thread == thread && block->order == state->threads[thread].nr_allocs) {
        heap->sites.sites[block->site].counts.temporary++;
        heap->threads[thread].temporary++;
        heap->totals.temporary++;
    }
    if (state->recent != NULL) {
        struct heap_block *recent = &state->recent[state->nr_recent++ % RECENT];
        *recent = *block;
        recent->ticks = ticks;
    }
    heap_blocks_remove(&state->blocks, block);
    return 0;
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

static int event_release(struct heap *heap, const struct replay_memory *event)
{
    struct thread_state *thread = &heap->state->threads[event->thread];
    struct heap_block *block = heap_blocks_find(&heap->state->blocks, event->process, event->block->address);
    bool resized = event->symbol == TF_SYM_REALLOC;
    if (resized)
        thread->resized.address = 0;
    if (disordered_take(heap, event, false) != UINT32_MAX)
        return 0;
    if (block == NULL) {
        disordered_add(heap, event, true);
        return 0;
    }
    return block_release(heap, block, event->thread, event->ticks, resized);
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
    heap->totals.not_resized++;
    if (live_add(heap, &block, event->ticks) != 0)
        return -1;
    return heap_blocks_add(&heap->state->blocks, &block) == 0 ? 0 : no_memory(heap);
}

static void resized_count(struct heap_amount *resized, struct heap_amount *moved, const struct heap_block *before,
                          const struct heap_block *block)
{
    amount_add(resized, before->bytes);
    if (before->address != block->address)
        amount_add(moved, before->bytes < block->bytes ? before->bytes : block->bytes);
}

/* The block may be the other half of one that was resized. */
static void block_succeed(struct heap *heap, const struct replay_memory *event, struct heap_block *block)
{
    struct heap_block *before = &heap->state->threads[event->thread].resized;
    struct heap_counts *counts = &heap->sites.sites[block->site].counts;
    if (before->address == 0 || event->caller->api != TF_API_REALLOC)
        return;
    resized_count(&counts->resized, &counts->moved, before, block);
    resized_count(&heap->totals.resized, &heap->totals.moved, before, block);
    block->resizes = before->resizes + 1;
    counts->most_resizes = block->resizes > counts->most_resizes ? block->resizes : counts->most_resizes;
    before->address = 0;
}

static void site_allocate(struct heap_site *site, uint64_t bytes)
{
    if (site->counts.allocated.blocks == 0)
        site->each_bytes = bytes;
    site->varies |= bytes != site->each_bytes;
    amount_add(&site->counts.allocated, bytes);
}

static int event_alloc(struct heap *heap, const struct replay_memory *event)
{
    struct heap_state *state = heap->state;
    if (event->caller->api == TF_API_RESTORED)
        return block_restore(heap, event);
    uint32_t site = heap_sites_find(&heap->sites, heap->replay, event, state->err);
    if (site == HEAP_SITE_NONE)
        return -1;
    struct heap_block *before = heap_blocks_find(&state->blocks, event->process, event->block->address);
    if (before != NULL) { /* its release is still to come */
        disordered_add(heap, event, false);
        if (block_release(heap, before, before->thread, event->ticks, false) != 0)
            return -1;
    }
    struct heap_block block = {.address = event->block->address,
                               .bytes = event->block->bytes,
                               .ticks = event->ticks,
                               .order = ++state->threads[event->thread].nr_allocs,
                               .process = event->process,
                               .thread = event->thread,
                               .site = site};
    if (block.address == 0)
        return err_set(state->err, ERR_INPUT, "%s: a block at address 0", heap->replay->trace->path);
    block_succeed(heap, event, &block);
    site_allocate(&heap->sites.sites[site], block.bytes);
    amount_add(&heap->threads[event->thread].allocated, block.bytes);
    amount_add(&heap->totals.allocated, block.bytes);
    amount_add(&heap->curve.allocated[heap->curve.part], block.bytes);
    heap->sizes[bucket_of(block.bytes)]++;
    if (live_add(heap, &block, event->ticks) != 0)
        return -1;
    if (heap_blocks_add(&state->blocks, &block) != 0)
        return no_memory(heap);
    uint32_t releaser = disordered_take(heap, event, true);
    if (releaser == UINT32_MAX)
        return 0;
    before = heap_blocks_find(&state->blocks, event->process, block.address);
    return block_release(heap, before, releaser, event->ticks, false);
}

/* ---- The run -------------------------------------------------------------------------------------- */

/* An instant that was asked for is over, or two of them. */
static void at_take(struct heap *heap, uint64_t ticks)
{
    heap->state->next_at_ticks = HEAP_NO_TICKS;
    for (int at = 0; at < 2; at++) {
        if (heap->at_ticks[at] == HEAP_NO_TICKS)
            continue;
        if (ticks <= heap->at_ticks[at]) {
            heap->state->next_at_ticks =
                heap->at_ticks[at] < heap->state->next_at_ticks ? heap->at_ticks[at] : heap->state->next_at_ticks;
            continue;
        }
        if (heap->state->at_is_over[at])
            continue;
        heap->state->at_is_over[at] = true;
        for (uint32_t i = 0; i < heap->sites.nr; i++)
            heap->sites.sites[i].counts.at[at] = heap->sites.sites[i].counts.live;
        heap->totals.at[at] = heap->totals.live;
    }
}

static int watch_memory(void *context, const struct replay_memory *event)
{
    struct heap *heap = context;
    if (event->ticks > heap->state->next_at_ticks)
        at_take(heap, event->ticks);
    heap_curve_reach(&heap->curve, event->ticks, heap->totals.live.bytes);
    return event->symbol == TF_SYM_ALLOC ? event_alloc(heap, event) : event_release(heap, event);
}

static int block_compare(const void *a, const void *b)
{
    const struct heap_block *one = a, *other = b;
    return (one->address > other->address) - (one->address < other->address);
}

/* The snapshot that is looked for: what is live now, and what has just gone. */
static int live_take(struct heap *heap, struct heap_live *live)
{
    const struct heap_state *state = heap->state;
    const struct heap_blocks *blocks = &state->blocks;
    size_t nr_recent = state->nr_recent < RECENT ? state->nr_recent : RECENT;
    live->blocks = malloc((blocks->nr + 1) * sizeof(*live->blocks));
    live->gone = malloc((nr_recent + 1) * sizeof(*live->gone));
    if (live->blocks == NULL || live->gone == NULL)
        return no_memory(heap);
    for (size_t i = 0; i < blocks->nr_slots; i++)
        if (blocks->slots[i].address != 0 && blocks->slots[i].process == live->process)
            live->blocks[live->nr++] = blocks->slots[i];
    for (size_t i = 0; i < nr_recent; i++)
        if (state->recent[i].process == live->process && state->recent[i].ticks >= live->since_ticks)
            live->gone[live->nr_gone++] = state->recent[i];
    qsort(live->blocks, live->nr, sizeof(*live->blocks), block_compare);
    live->found = true;
    return STOP;
}

static int watch_note(void *context, uint32_t thread, uint64_t ticks, const struct chunk_ext *ext)
{
    struct heap *heap = context;
    uint32_t process = heap->replay->threads[thread].process;
    if (ext->kind == TF_EXT_ALLOCATOR && process == 1)
        heap->totals.allocator = (struct heap_allocator){ticks, ext->number, ext->second, ext->third};
    if (mappings_take(&heap->state->mappings, process, ext, &heap->state->threads[thread].unmapped_bytes) != 0)
        return no_memory(heap);
    struct heap_live *live = heap->state->live;
    if (ext->kind != TF_EXT_SNAPSHOT || live == NULL || ext->number != live->number || process != live->process)
        return 0;
    live->ticks = ticks;
    live->since_ticks = ext->second < ticks ? ticks - ext->second : 0;
    return live_take(heap, live);
}

const struct replay_observer heap_observer = {.note = watch_note, .memory = watch_memory};

int heap_finish(struct heap *heap)
{
    const struct replay *replay = heap->replay;
    if (replay->stopped != 0 && !(heap->state->live != NULL && heap->state->live->found))
        return -1;
    at_take(heap, HEAP_NO_TICKS);
    disordered_expire(heap, UINT64_MAX);
    heap_curve_pass(&heap->curve, UINT64_MAX, heap->totals.live.bytes);
    heap_cycles_finish(&heap->cycles);
    for (uint32_t i = 0; i < heap->sites.nr; i++) {
        if (site_settle(heap, &heap->sites.sites[i]) != 0)
            return -1;
        heap_cycles_finish(&heap->sites.sites[i].cycles);
    }
    heap->totals.mapped = heap->state->mappings.totals;
    heap->totals.dropped = replay->trace->memory_no_ring;
    for (uint32_t i = 0; i < replay->trace->nr_threads; i++)
        heap->totals.dropped += replay->threads[i].memory_dropped + replay->threads[i].memory_lost;
    return 0;
}

/* From when to when the curve goes. */
static void curve_begin(struct heap *heap)
{
    const struct replay *replay = heap->replay;
    uint64_t start = replay->trace->clock.origin_ticks, end = replay->trace->last_ticks;
    heap_curve_init(&heap->curve, replay->from_ticks > start ? replay->from_ticks : start,
                    replay->to_ticks < end ? replay->to_ticks : end);
}

int heap_begin(struct heap *heap, struct replay *replay, const uint64_t at_ns[2], struct err *err)
{
    const struct trace *trace = replay->trace;
    heap_sites_init(&heap->sites);
    heap->replay = replay;
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
    for (int at = 0; at < 2; at++)
        heap->at_ticks[at] = at_ns[at] == UINT64_MAX ? HEAP_NO_TICKS : clock_ticks(&trace->clock, at_ns[at]);
    state->next_at_ticks = heap->at_ticks[0] < heap->at_ticks[1] ? heap->at_ticks[0] : heap->at_ticks[1];
    curve_begin(heap);
    return 0;
}

int heap_run(struct heap *heap, struct replay *replay, const uint64_t at_ns[2], struct err *err)
{
    struct replay_observer observer = heap_observer;
    observer.context = heap;
    *heap = (struct heap){0};
    return heap_begin(heap, replay, at_ns, err) == 0 && replay_watch(replay, &observer, err) == 0 &&
                   heap_finish(heap) == 0
               ? 0
               : -1;
}

int heap_run_to(struct heap *heap, struct replay *replay, struct heap_live *live, struct err *err)
{
    const uint64_t no_instants[2] = {UINT64_MAX, UINT64_MAX};
    struct replay_observer observer = heap_observer;
    observer.context = heap;
    *heap = (struct heap){0};
    *live = (struct heap_live){.process = live->process, .number = live->number};
    if (heap_begin(heap, replay, no_instants, err) != 0)
        return -1;
    heap->state->live = live;
    heap->state->recent = malloc(RECENT * sizeof(*heap->state->recent));
    if (heap->state->recent == NULL)
        return no_memory(heap);
    return replay_watch(replay, &observer, err) != 0 || heap_finish(heap) != 0 ? -1 : 0;
}

void heap_live_release(struct heap_live *live)
{
    free(live->blocks);
    free(live->gone);
    *live = (struct heap_live){0};
}

void heap_release(struct heap *heap)
{
    if (heap->state != NULL) {
        heap_blocks_release(&heap->state->blocks);
        mappings_release(&heap->state->mappings);
        free(heap->state->threads);
        heap_sites_release(&heap->sites);
        free(heap->state->recent);
    }
    free(heap->state);
    free(heap->threads);
    *heap = (struct heap){0};
}
