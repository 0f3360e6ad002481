#include "profile/sawtooth.h"

#include <stddef.h>
#include <string.h>

#define CYCLES_MIN    4u
#define PERIOD_MIN    8.0
#define STEADY        3.0 /* the steady way is so many times as long as the other one */
#define STEADY_EACH   2.0 /* in most cycles */
#define RATIO_MIN     2.0 /* from one end to the other */
#define SPREAD_MAX    0.2 /* of regular periods */
#define STEPS_PERCENT 70u
#define CYCLES_MAX    (SAWTOOTH_VALUES / 2)

/* Where the values turn: troughs[i] < peaks[i] < troughs[i + 1]. */
struct turns {
    uint32_t troughs[CYCLES_MAX + 1], peaks[CYCLES_MAX];
    uint32_t nr; /* whole cycles */
};

/* Shell's sort: rows are short and come often. */
static void values_sort(float *values, uint32_t nr)
{
    static const uint32_t gaps[] = {57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++) {
        for (uint32_t i = gaps[g]; i < nr; i++) {
            float value = values[i];
            uint32_t at = i;
            for (; at >= gaps[g] && values[at - gaps[g]] > value; at -= gaps[g])
                values[at] = values[at - gaps[g]];
            values[at] = value;
        }
    }
}

/*
 * A cycle goes from a low to a high and to the next low, where low is the lowest quarter of the height and high the
 * highest one: what happens between them is no turn.
 */
static void turns_find(struct turns *turns, const float *values, uint32_t nr, float low, float high)
{
    float quarter = low + (high - low) / 4, most = high - (high - low) / 4;

    enum { BEFORE, DOWN, UP } way = BEFORE;

    uint32_t turn = 0; /* the lowest or highest since it turned */
    turns->nr = 0;
    for (uint32_t i = 0; i < nr && turns->nr < CYCLES_MAX; i++) {
        if (way != DOWN && values[i] <= quarter) {
            if (way == UP)
                turns->peaks[turns->nr++] = turn;
            way = DOWN;
            turn = i;
        } else if (way == DOWN && values[i] >= most) {
            turns->troughs[turns->nr] = turn;
            way = UP;
            turn = i;
        } else if (way == DOWN ? values[i] <= values[turn] : values[i] > values[turn]) {
            turn = i; /* of equal ones the last trough, the first peak */
        }
    }
    if (way == DOWN)
        turns->troughs[turns->nr] = turn;
}

/* The same of values that are turned over end to end: so the jump up becomes a drop. */
static void values_reverse(float *to, const float *from, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++)
        to[i] = from[nr - 1 - i];
}

/* Seven of ten steps up to the peaks go up. */
static bool is_steady(const struct turns *turns, const float *values, uint32_t cycles)
{
    uint32_t ups = 0, downs = 0;
    for (uint32_t c = 0; c < cycles; c++) {
        for (uint32_t i = turns->troughs[c]; i < turns->peaks[c]; i++) {
            ups += values[i + 1] > values[i];
            downs += values[i + 1] < values[i];
        }
    }
    return ups * 100 >= (ups + downs) * STEPS_PERCENT && ups > 0;
}

/* Rising ones, from the first trough to the last. */
static struct sawtooth rising_find(const float *values, uint32_t nr, float low, float high)
{
    struct turns turns;
    struct sawtooth found = {0};
    turns_find(&turns, values, nr, low, high);
    uint32_t cycles = turns.nr;
    if (cycles < CYCLES_MIN)
        return (struct sawtooth){0};
    double length = turns.troughs[cycles] - turns.troughs[0], up = 0;
    double period = length / cycles, lows = 0, highs = 0;
    uint32_t steady = 0, regular = 0;
    for (uint32_t c = 0; c < cycles; c++) {
        double rise = turns.peaks[c] - turns.troughs[c], fall = turns.troughs[c + 1] - turns.peaks[c];
        up += rise;
        steady += rise >= STEADY_EACH * fall;
        regular += rise + fall >= period * (1 - SPREAD_MAX) && rise + fall <= period * (1 + SPREAD_MAX);
        lows += (double)values[turns.troughs[c]];
        highs += (double)values[turns.peaks[c]];
    }
    if (period < PERIOD_MIN || length * 2 < nr || up < STEADY * (length - up) || steady * 4 < cycles * 3 ||
        highs < RATIO_MIN * lows || !is_steady(&turns, values, cycles))
        return (struct sawtooth){0};
    found.cycles = cycles;
    found.is_regular = regular == cycles;
    found.period = period;
    found.low = lows / cycles;
    found.high = highs / cycles;
    return found;
}

static float middle_of(float a, float b, float c)
{
    float least = a < b ? a : b, most = a < b ? b : a;
    return c < least ? least : c > most ? most : c;
}

/* Without single values that stand out: something came between. */
static void values_smooth(float *to, const float *from, uint32_t nr)
{
    to[0] = from[0];
    to[nr - 1] = from[nr - 1];
    for (uint32_t i = 1; i + 1 < nr; i++)
        to[i] = middle_of(from[i - 1], from[i], from[i + 1]);
}

struct sawtooth sawtooth_find(const float *values, uint32_t nr)
{
    float smooth[SAWTOOTH_VALUES], other[SAWTOOTH_VALUES];
    struct sawtooth found = {0};
    if (nr == 0 || nr > SAWTOOTH_VALUES)
        return found;
    memcpy(other, values, nr * sizeof(*values));
    values_sort(other, nr);
    float low = other[nr / 10], high = other[nr - 1 - nr / 10], middle = other[nr / 2];
    if (nr >= CYCLES_MIN * (uint32_t)PERIOD_MIN && high >= 1.5F * low && high > low) {
        values_smooth(smooth, values, nr);
        found = rising_find(smooth, nr, low, high);
        if (found.cycles == 0) {
            values_reverse(other, smooth, nr);
            found = rising_find(other, nr, low, high);
            found.falls = found.cycles > 0;
        }
    }
    for (uint32_t i = 0; i < nr && found.cycles > 0; i++)
        found.mean += (double)smooth[i] / nr;
    found.middle = (double)middle;
    return found;
}
