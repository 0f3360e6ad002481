#include "drain/calibrate.h"

#include "drain/memory.h"
#include "drain/session_facts.h"
#include "record.h"
#include "session.h"
#include "thread.h"

enum {
    CALLS = 64, /* of a batch */
    BATCHES = 9,
    NR_LENGTHS = 6,
    NR_SAMPLES = TF_NR_HOOK_WORKS * NR_LENGTHS
};

_Static_assert(NR_SAMPLES <= REGION_NR_BIG, "each has a ring of its own");

/* Each number is of rounds; a function that does nothing comes first. */
static const uint32_t lengths[NR_LENGTHS] = {0, 4, 12, 32, 96, 320};

void __cyg_profile_func_enter(void *function, void *call_site);
void __cyg_profile_func_exit(void *function, void *call_site);

/* ---- Functions of known length ---------------------------------------------------------------------------- */

#define NOINLINE    __attribute__((noinline))
#define OPAQUE(x)   __asm__ volatile("" : "+r"(x))
#define INLINE_INTO static inline __attribute__((always_inline))

/* Each step waits for the one before. */
INLINE_INTO uint64_t work_chain(uint64_t x, uint32_t rounds)
{
    for (uint32_t i = 0; i < rounds; i++) {
        x = x * 5 + 1;
        OPAQUE(x);
    }
    return x;
}

/* As much as the processor can do at once. */
INLINE_INTO uint64_t work_wide(uint64_t x, uint32_t rounds)
{
    uint64_t a = x;
    uint64_t b = x;
    uint64_t c = x;
    for (uint32_t i = 0; i < rounds; i++) {
        a = a * 5 + 1;
        b ^= b << 3;
        c += b;
        OPAQUE(a);
        OPAQUE(b);
        OPAQUE(c);
    }
    return a + b + c;
}

typedef uint64_t kernel(uint64_t x, uint32_t rounds);

static NOINLINE uint64_t chain_plain(uint64_t x, uint32_t rounds)
{
    return work_chain(x, rounds);
}

static NOINLINE uint64_t wide_plain(uint64_t x, uint32_t rounds)
{
    return work_wide(x, rounds);
}

/* The calls are where a compiler puts them. */
static NOINLINE uint64_t chain_hooked(uint64_t x, uint32_t rounds)
{
    __cyg_profile_func_enter((void *)(uintptr_t)chain_hooked, __builtin_return_address(0));
    x = work_chain(x, rounds);
    __cyg_profile_func_exit((void *)(uintptr_t)chain_hooked, __builtin_return_address(0));
    return x;
}

static NOINLINE uint64_t wide_hooked(uint64_t x, uint32_t rounds)
{
    __cyg_profile_func_enter((void *)(uintptr_t)wide_hooked, __builtin_return_address(0));
    x = work_wide(x, rounds);
    __cyg_profile_func_exit((void *)(uintptr_t)wide_hooked, __builtin_return_address(0));
    return x;
}

static kernel *const kernels[TF_NR_HOOK_WORKS][2] = {
    [TF_HOOK_CHAIN] = {chain_plain, chain_hooked}, [TF_HOOK_WIDE] = {wide_plain, wide_hooked}};

/* Ticks of a batch of calls. */
static NOINLINE uint64_t batch_run(kernel *function, uint32_t rounds)
{
    static uint64_t x;
    uint64_t start = clock_now(tracert__session.clock);
    for (uint32_t i = 0; i < CALLS; i++)
        x = function(x, rounds);
    return clock_now(tracert__session.clock) - start;
}

static uint64_t batch_best(kernel *function, uint32_t rounds)
{
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < BATCHES; i++) {
        uint64_t ticks = batch_run(function, rounds);
        best = ticks < best ? ticks : best;
    }
    return best;
}

/* ---- Rings for nobody ---------------------------------------------------------------------------------- */

static struct region *region_private(void)
{
    struct region *region = memory_map(region_total_bytes(REGION_BIG_MIN));
    if (region == NULL)
        return NULL;
    region->big_bytes = REGION_BIG_MIN;
    region->total_bytes = region_total_bytes(REGION_BIG_MIN);
    region->clock = (uint32_t)tracert__session.clock;
    return region;
}

/* Have a segment open for what comes: the hooks must not turn to the first one themselves, which would look around. */
static bool ring_begin(struct tracert__thread *thread, struct region *region, uint32_t index)
{
    uint64_t now = clock_now(tracert__session.clock);
    return record_prepare(thread, region, "", index) == 0 && record_enter(thread, 16, 16, 16, 16, now) == RECORD_DONE &&
           record_exit(thread, 16, 16, false, now) == RECORD_DONE;
}

/* From the enter to the exit of each of the last CALLS calls: the sum. UINT64_MAX when they are not what is there. */
static uint64_t ring_inside(const struct tracert__thread *thread)
{
    struct segment segment = segment_at(thread->ring, thread->ring_bytes, thread->slot->nr_opened - 1);
    uint32_t nr = segment_count(&segment);
    uint64_t inside = 0;
    if (nr < 2 * CALLS)
        return UINT64_MAX;
    for (const uint64_t *word = &segment.words[nr - 2 * CALLS]; word < &segment.words[nr]; word += 2) {
        if ((word[0] & 0xffff) < TF_SYM_ENTER || (word[1] & 0xffff) != TF_SYM_EXIT)
            return UINT64_MAX;
        inside += (uint32_t)(word[1] >> WORD_TICKS_SHIFT) - (uint32_t)(word[0] >> WORD_TICKS_SHIFT);
    }
    return inside;
}

/* ---- Samples ------------------------------------------------------------------------------------------------ */

/*
 * Batches with hooks: the quickest one's ticks, and those of them that its record says its functions took. The session
 * is on at first, so that the call gets its place in the table; then whatever is not the hooks' fast path does nothing,
 * unless there is no fast path.
 */
static bool sample_hooked(struct tracert__thread *thread, kernel *function, uint32_t rounds, uint64_t *ticks,
                          uint64_t *inside)
{
    *ticks = *inside = UINT64_MAX;
    tracert__session.state = SESSION_ON;
    tracert__self = thread;
    batch_run(function, 0);
    if (tracert__session.clock != TF_CLOCK_MONOTONIC)
        tracert__session.state = SESSION_OFF;
    for (int i = 0; i < BATCHES; i++) {
        uint64_t now = batch_run(function, rounds);
        uint64_t recorded = ring_inside(thread);
        if (now < *ticks) {
            *ticks = now;
            *inside = recorded;
        }
    }
    tracert__self = NULL;
    tracert__session.state = SESSION_OFF;
    return *inside != UINT64_MAX;
}

static uint64_t per_call(uint64_t ticks)
{
    return ticks * (TF_HOOK_TICK / CALLS);
}

static bool sample_take(struct tracert__thread *thread, enum tf_hook_work work, uint32_t rounds,
                        struct hook_sample *sample)
{
    uint64_t ticks;
    uint64_t inside;
    uint64_t empty = batch_best(kernels[work][0], 0);
    uint64_t plain = batch_best(kernels[work][0], rounds);
    if (!sample_hooked(thread, kernels[work][1], rounds, &ticks, &inside))
        return false;
    uint64_t body = plain > empty ? plain - empty : 0;
    *sample = (struct hook_sample){
        .work = work, .length = per_call(body), .inside = (int64_t)per_call(inside) - (int64_t)per_call(body)};
    sample->outside = (int64_t)per_call(ticks) - (int64_t)per_call(plain) - sample->inside;
    return true;
}

/* A sample that fails, as the clock's upper half changes, is one less. */
bool calibrate_step(struct drain *drain)
{
    static struct tracert__thread threads[NR_SAMPLES];
    static struct hook_sample samples[NR_SAMPLES];
    static struct region *region;
    static uint32_t step, nr;
    if (region == NULL)
        region = region_private();
    if (region == NULL || !ring_begin(&threads[step], region, step))
        step = NR_SAMPLES;
    else if (sample_take(&threads[step], (enum tf_hook_work)(step / NR_LENGTHS), lengths[step % NR_LENGTHS],
                         &samples[nr]))
        nr++;
    if (++step < NR_SAMPLES)
        return true;
    if (nr > 0)
        facts_write_hooks(&drain->sink, samples, nr);
    if (region != NULL)
        region_unmap(region);
    return false;
}
