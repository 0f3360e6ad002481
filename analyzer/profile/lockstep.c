#include "profile/lockstep.h"

#include <math.h>
#include <stdlib.h>

#define BEATS_MIN         8u
#define BEAT_PERCENT      60u
#define CALLS_WITHIN      0.02
#define TIME_WITHIN       0.1
#define NEIGHBOURS        4u
#define TOGETHER_MIN      12u /* calls */
#define TOGETHER_PERMILLE 800u
#define CHANCE_MAX        0.4

static int ticks_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

uint64_t slow_least(const struct slow_call *calls, uint32_t nr)
{
    uint64_t *ticks = calloc((size_t)nr + 1, sizeof(*ticks));
    double all = 0, sum = 0;
    uint64_t least = 0;
    for (uint32_t i = 0; ticks != NULL && i < nr; i++) {
        ticks[i] = calls[i].ticks;
        all += (double)calls[i].ticks;
    }
    if (ticks != NULL)
        qsort(ticks, nr, sizeof(*ticks), ticks_compare);
    for (uint32_t i = nr; ticks != NULL && i-- > 0 && sum * 2 < all;) {
        sum += (double)ticks[i];
        least = ticks[i] / 4;
    }
    free(ticks);
    return least;
}

/* ---- Beats ---------------------------------------------------------------------------------------- */

static double place_of(const struct slow_call *call, enum beat_kind kind)
{
    return kind == BEAT_CALLS ? (double)call->call : (double)call->start_ticks;
}

/* Calls that follow one another at a distance. */
struct chain {
    double ticks;          /* what the calls take together */
    double length, square; /* of the distances: sums */
    uint32_t nr;
};

/*
 * The chain with most time in it of all whose distances are `period`, or nearly. chains[i] is that which begins with
 * call i.
 */
static struct chain chain_find(const struct slow_call *calls, uint32_t nr, enum beat_kind kind, double period,
                               struct chain *chains)
{
    double within = period * (kind == BEAT_CALLS ? CALLS_WITHIN : TIME_WITHIN);
    struct chain best = {0};
    for (uint32_t i = nr; i-- > 0;) {
        double place = place_of(&calls[i], kind), least = (double)INFINITY;
        uint32_t next = nr;
        for (uint32_t j = i + 1; j < nr && place_of(&calls[j], kind) - place <= period + within; j++) {
            double off = fabs(place_of(&calls[j], kind) - place - period);
            if (off <= within && off < least) {
                least = off;
                next = j;
            }
        }
        chains[i] = next < nr ? chains[next] : (struct chain){0};
        chains[i].nr++;
        chains[i].ticks += (double)calls[i].ticks;
        if (next < nr) {
            double distance = place_of(&calls[next], kind) - place;
            chains[i].length += distance;
            chains[i].square += distance * distance;
        }
        best = chains[i].ticks > best.ticks ? chains[i] : best;
    }
    return best;
}

/* Every distance between calls that are not far apart may be the period. */
static struct chain beat_of_kind(const struct slow_call *calls, uint32_t nr, enum beat_kind kind, struct chain *chains)
{
    struct chain best = {0};
    for (uint32_t i = 0; i < nr; i++) {
        for (uint32_t j = i + 1; j < nr && j <= i + NEIGHBOURS; j++) {
            double period = place_of(&calls[j], kind) - place_of(&calls[i], kind);
            struct chain chain = {0};
            if (period > 1) /* calls right after one another are no beat, but a slow stretch */
                chain = chain_find(calls, nr, kind, period, chains);
            best = chain.nr >= BEATS_MIN && chain.ticks > best.ticks ? chain : best;
        }
        if (i == nr / BEATS_MIN) /* a chain of most of them begins early */
            break;
    }
    return best;
}

static double spread_of(const struct chain *chain)
{
    double mean = chain->length / (chain->nr - 1), square = chain->square / (chain->nr - 1) - mean * mean;
    return square > 0 ? sqrt(square) / mean : 0;
}

struct beat beat_find(const struct slow_call *calls, uint32_t nr)
{
    struct beat beat = {.kind = BEAT_NONE};
    struct chain *chains = nr < BEATS_MIN ? NULL : calloc(nr, sizeof(*chains));
    double least = (double)INFINITY, all = 0;
    for (uint32_t i = 0; i < nr; i++)
        all += (double)calls[i].ticks;
    for (enum beat_kind kind = BEAT_CALLS; chains != NULL && kind <= BEAT_TIME; kind++) {
        struct chain chain = beat_of_kind(calls, nr, kind, chains);
        if (chain.nr == 0 || chain.ticks * 100 < all * BEAT_PERCENT || spread_of(&chain) >= least)
            continue;
        least = spread_of(&chain);
        beat = (struct beat){kind, chain.length / (chain.nr - 1)};
    }
    free(chains);
    return beat;
}

/* ---- Coincidence ---------------------------------------------------------------------------------- */

static bool is_together(const struct slow_call *a, const struct slow_call *b)
{
    uint64_t a_end = a->start_ticks + a->ticks, b_end = b->start_ticks + b->ticks;
    uint64_t end = a_end < b_end ? a_end : b_end;
    uint64_t shorter = a->ticks < b->ticks ? a->ticks : b->ticks;
    return a->thread != b->thread && end > b->start_ticks && (end - b->start_ticks) * 2 >= shorter;
}

uint32_t coincidence_find(const struct slow_call *calls, uint32_t nr, uint32_t nr_threads)
{
    bool *together = nr < TOGETHER_MIN || nr_threads < 2 ? NULL : calloc(nr, sizeof(*together));
    if (together == NULL)
        return 0;
    double all = 0, shared = 0;
    uint64_t end = 0;
    for (uint32_t i = 0; i < nr; i++) {
        uint64_t call_end = calls[i].start_ticks + calls[i].ticks;
        for (uint32_t j = i + 1; j < nr && calls[j].start_ticks < call_end; j++) {
            if (is_together(&calls[i], &calls[j]))
                together[i] = together[j] = true;
        }
        all += (double)calls[i].ticks;
        shared += together[i] ? (double)calls[i].ticks : 0;
        end = call_end > end ? call_end : end;
    }
    free(together);
    /* How likely it is that one of the other threads' calls begins half of a call's length before or behind it. */
    double chance = 1 - exp(-all * (nr_threads - 1) / nr_threads / (double)(end - calls[0].start_ticks + 1));
    uint32_t permille = all > 0 ? (uint32_t)(shared * 1000 / all) : 0;
    return permille >= TOGETHER_PERMILLE && chance <= CHANCE_MAX ? permille : 0;
}
