#include "profile/rhythm.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#define SLOW_FACTOR     8u
#define SLOW_TICKS      1000u
#define TYPICAL_CALLS   64u /* before which nothing is slow */
#define STALLS          256u
#define MAX_CALLS_VALUE (1u << 30) /* rows end there: after 2^37 calls */

void rhythms_release(struct rhythms *rhythms)
{
    for (uint32_t i = 0; i < RHYTHM_THREADS; i++) {
        free(rhythms->threads[i].table);
        free(rhythms->threads[i].stalls);
    }
    for (size_t i = 0; i < rhythms->nr_pairs; i++) {
        free(rhythms->pairs[i].values);
        free(rhythms->pairs[i].slow);
    }
    free(rhythms->pairs);
    *rhythms = (struct rhythms){0};
}

struct rhythm *rhythms_table(struct rhythms *rhythms, uint32_t number, size_t nr)
{
    if (number >= RHYTHM_THREADS)
        return NULL;
    struct rhythm_thread *thread = &rhythms->threads[number];
    if (nr <= thread->nr)
        return thread->table;
    size_t capacity = nr + nr / 2 + 16;
    struct rhythm *table = realloc(thread->table, capacity * sizeof(*table));
    if (table == NULL) {
        rhythms->failed = true;
        return NULL;
    }
    memset(table + thread->nr, 0, (capacity - thread->nr) * sizeof(*table));
    thread->table = table;
    thread->nr = capacity;
    return table;
}

/* ---- Waiting for the tracer ----------------------------------------------------------------------- */

void rhythm_stall(struct rhythms *rhythms, uint32_t number, uint64_t ticks, uint64_t stalled_ticks)
{
    if (number >= RHYTHM_THREADS)
        return;
    struct rhythm_thread *thread = &rhythms->threads[number];
    if (thread->stalls == NULL)
        thread->stalls = calloc(STALLS, sizeof(*thread->stalls));
    if (thread->stalls == NULL) {
        rhythms->failed = true;
        return;
    }
    uint64_t before = thread->nr_stalls > 0 ? thread->stalls[(thread->nr_stalls - 1) % STALLS].total_ticks : 0;
    thread->stalls[thread->nr_stalls++ % STALLS] = (struct rhythm_stall){ticks, before + stalled_ticks};
}

/* How long the thread has waited since then; of what lies further back than the ring, only the ring's part. */
static uint64_t stalled_since(const struct rhythm_thread *thread, uint64_t ticks)
{
    uint64_t oldest = thread->nr_stalls > STALLS ? thread->nr_stalls - STALLS : 0, before = 0;
    if (thread->nr_stalls == 0)
        return 0;
    uint64_t all = thread->stalls[(thread->nr_stalls - 1) % STALLS].total_ticks;
    for (uint64_t i = thread->nr_stalls; i > oldest; i--) {
        const struct rhythm_stall *stall = &thread->stalls[(i - 1) % STALLS];
        before = stall->total_ticks;
        if (stall->ticks <= ticks)
            return all - before;
    }
    return oldest == 0 ? all : all - before;
}

/* ---- Slow calls ----------------------------------------------------------------------------------- */

/* From when on a call is slow. */
static void slow_set(struct rhythm *at, struct rhythm_pair *pair)
{
    uint64_t least = SLOW_FACTOR * pair->typical_ticks + SLOW_TICKS;
    at->slow_ticks = least > pair->floor_ticks ? least : pair->floor_ticks;
}

/* Make room: what is short beside the others is not slow after all. */
static void slow_thin(struct rhythm *at, struct rhythm_pair *pair)
{
    uint64_t least = slow_least(pair->slow, pair->nr_kept);
    uint32_t nr = 0;
    uint64_t ticks = 0;
    for (uint32_t i = 0; i < pair->nr_kept; i++) {
        if (pair->slow[i].ticks < least)
            continue;
        pair->slow[nr++] = pair->slow[i];
        ticks += pair->slow[i].ticks;
    }
    pair->is_full = nr > RHYTHM_SLOW / 4 * 3;
    pair->nr_kept = nr;
    pair->nr_slow = nr;
    pair->slow_ticks = ticks;
    pair->floor_ticks = least;
    slow_set(at, pair);
}

static void slow_take(struct rhythms *rhythms, struct rhythm *at, struct rhythm_pair *pair, uint64_t start_ticks,
                      uint64_t ticks)
{
    pair->nr_slow++;
    pair->slow_ticks += ticks;
    if (pair->is_full)
        return;
    if (pair->slow == NULL)
        pair->slow = calloc(RHYTHM_SLOW, sizeof(*pair->slow));
    if (pair->slow == NULL) {
        rhythms->failed = true;
        return;
    }
    uint64_t calls = (uint64_t)pair->nr_values * pair->size + (pair->size - at->left);
    pair->slow[pair->nr_kept++] = (struct slow_call){start_ticks, ticks, calls, pair->thread};
    if (pair->nr_kept == RHYTHM_SLOW)
        slow_thin(at, pair);
}

/* ---- Values --------------------------------------------------------------------------------------- */

/* What is typical; and whether there is a sawtooth. */
static void row_look(struct rhythm *at, struct rhythm_pair *pair)
{
    struct sawtooth found = sawtooth_find(pair->values, pair->nr_values);
    if (at != NULL) {
        pair->typical_ticks = (uint64_t)(found.middle / pair->size);
        slow_set(at, pair);
    }
    if (found.cycles == 0 || (pair->sawtooth.is_regular && !found.is_regular))
        return;
    found.low /= pair->size;
    found.high /= pair->size;
    found.mean /= pair->size;
    pair->sawtooth = found;
    pair->sawtooth_size = pair->size;
    pair->sawtooth_calls = (uint64_t)pair->nr_values * pair->size;
}

static void row_halve(struct rhythm_pair *pair)
{
    pair->nr_values /= 2;
    for (uint32_t i = 0; i < pair->nr_values; i++)
        pair->values[i] = pair->values[2 * i] + pair->values[2 * i + 1];
    pair->size *= 2;
}

static void value_add(struct rhythms *rhythms, struct rhythm *at, struct rhythm_pair *pair)
{
    pair->all_ticks += (double)at->sum_ticks;
    if (pair->nr_values == pair->capacity) {
        uint32_t capacity = pair->capacity > 0 ? 2 * pair->capacity : 8;
        float *values = realloc(pair->values, capacity * sizeof(*values));
        if (values == NULL) {
            rhythms->failed = true;
            at->left = UINT32_MAX;
            return;
        }
        pair->values = values;
        pair->capacity = capacity;
    }
    pair->values[pair->nr_values++] = (float)at->sum_ticks;
    if (pair->nr_values == TYPICAL_CALLS && pair->size == 1)
        row_look(at, pair);
    if (pair->nr_values == SAWTOOTH_VALUES && pair->size < MAX_CALLS_VALUE) {
        row_look(at, pair);
        row_halve(pair);
    } else if (pair->nr_values == SAWTOOTH_VALUES) {
        pair->nr_values--;
    }
    at->sum_ticks = 0;
    at->left = pair->size;
}

static struct rhythm_pair *pair_open(struct rhythms *rhythms, struct rhythm *at, uint32_t thread, uint32_t function)
{
    if (at->pair != 0)
        return &rhythms->pairs[at->pair];
    *at = (struct rhythm){.slow_ticks = UINT64_MAX, .left = 1};
    if (rhythms->nr_pairs > RHYTHM_PAIRS)
        return NULL;
    rhythms->nr_pairs = rhythms->nr_pairs > 0 ? rhythms->nr_pairs : 1;
    struct rhythm_pair *pairs = array_grow(rhythms->pairs, rhythms->nr_pairs, &rhythms->capacity, sizeof(*pairs));
    if (pairs == NULL) {
        rhythms->failed = true;
        return NULL;
    }
    rhythms->pairs = pairs;
    pairs[0] = (struct rhythm_pair){0};
    at->pair = (uint32_t)rhythms->nr_pairs++;
    pairs[at->pair] = (struct rhythm_pair){.thread = thread, .function = function, .size = 1};
    return &pairs[at->pair];
}

void rhythm_rare(struct rhythms *rhythms, uint32_t thread, uint32_t function, uint64_t start_ticks, uint64_t ticks)
{
    struct rhythm *at = &rhythms->threads[thread].table[function];
    struct rhythm_pair *pair = pair_open(rhythms, at, thread, function);
    if (pair == NULL) { /* not watched: come back in four thousand million calls */
        at->left = UINT32_MAX;
        return;
    }
    if (ticks >= at->slow_ticks) {
        uint64_t stalled = stalled_since(&rhythms->threads[thread], start_ticks);
        ticks -= stalled < ticks ? stalled : ticks;
        if (ticks >= at->slow_ticks) {
            slow_take(rhythms, at, pair, start_ticks, ticks);
            ticks = ticks < at->slow_ticks ? ticks : at->slow_ticks;
        }
    }
    at->sum_ticks += ticks;
    if (--at->left == 0)
        value_add(rhythms, at, pair);
}

void rhythms_finish(struct rhythms *rhythms)
{
    for (size_t i = 1; i < rhythms->nr_pairs; i++)
        row_look(NULL, &rhythms->pairs[i]);
}
