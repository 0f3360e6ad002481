/*
 * Estimates how long each kind of gap between events takes, from the times of the events at which the clock was read.
 *
 * A window is what lies between two reads: so many gaps of each kind, so many ns. Over a million windows that is a
 * linear system, whose least-squares solution with no negative time is the mean time of each kind, and of a read. Each
 * unknown is drawn to the mean of all, as weakly as its spread is large: that decides where windows do not. Windows
 * weigh by their length; those that are far off (an interrupt, a page fault) are set aside, and their time is told.
 *
 * usage: estimate EVENTS SYMBOLS KINDS READS   SYMBOLS: as `nm` prints them
 *        KINDS: a gap's kind is 1 whose time it is, 2 and what is at its ends, 3 and which function was called
 *        READS: a read costs 1 the same everywhere, 4 what the kinds of the two events say
 * prints a line a kind: function, ends (XX, XE, EX, EE: exit, enter), gaps, mean ns, standard error of the mean
 */
#include "events.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_KINDS = 8192,
    MAX_FUNCTIONS = 4096,
    MAX_DEPTH = 1 << 20,
    NR_LINES = 1 << 15, /* of a table: open addressing */
    WINDOW_KINDS = 512, /* at most, in one window */
    NR_PASSES = 2,
    NR_ROUNDS = 2,
    NR_SWEEPS = 100,
    FAR = 5 /* standard deviations */
};

/* Numbers for keys, in the order in which they are met. No key is 0. */
struct numbers {
    uint64_t keys[NR_LINES];
    uint32_t values[NR_LINES];
    uint32_t nr;
};

struct window {
    float ns;
    uint32_t first, nr; /* of counts */
    uint32_t gaps;
    uint32_t ends; /* 2: begins at an enter, 1: ends at one */
};

struct count {
    uint16_t kind, gaps;
};

static struct numbers functions, kinds;
static uint64_t function_address[MAX_FUNCTIONS];

static struct kind {
    uint32_t function;
    uint32_t ends; /* 2: after an enter, 1: before one */
    uint64_t gaps;
} kind_of[MAX_KINDS];

static struct window *windows;
static struct count *counts;
static size_t nr_windows, nr_counts;

/* The unknowns: the kinds, and the cost of a read, of each kind of window. None where all windows are one gap. */
static uint32_t nr_unknowns, nr_reads;
static double *equations, *factor, *right, *solution;

static void fail(const char *why)
{
    fprintf(stderr, "estimate: %s\n", why);
    exit(1);
}

static void *allocate(size_t nr, size_t size)
{
    void *memory = calloc(nr, size);
    if (memory == NULL)
        fail("out of memory");
    return memory;
}

static uint32_t number_of(struct numbers *numbers, uint64_t key, uint32_t max)
{
    uint32_t line = (uint32_t)(key * 0x9E3779B97F4A7C15ull >> 49);
    while (numbers->keys[line] != 0 && numbers->keys[line] != key)
        line = (line + 1) % NR_LINES;
    if (numbers->keys[line] == 0) {
        if (numbers->nr == max)
            fail("too many functions or kinds");
        numbers->keys[line] = key;
        numbers->values[line] = numbers->nr++;
    }
    return numbers->values[line];
}

/* ---- Windows ---------------------------------------------------------------------------------------------- */

struct event {
    uint32_t function;
    uint32_t is_enter;
};

static uint32_t kind_find(int fineness, uint32_t owner, struct event before, struct event after)
{
    uint32_t ends = before.is_enter << 1 | after.is_enter;
    uint64_t key = 1ull << 63 | owner;
    if (fineness >= 2)
        key |= (uint64_t)ends << 16;
    if (fineness >= 3) { /* the function that has returned, and the one that is called */
        key |= before.is_enter ? 0 : (uint64_t)(before.function + 1) << 18;
        key |= after.is_enter ? (uint64_t)(after.function + 1) << 34 : 0;
    }
    uint32_t kind = number_of(&kinds, key, MAX_KINDS - 1);
    kind_of[kind].function = owner;
    kind_of[kind].ends = ends;
    kind_of[kind].gaps++;
    return kind;
}

static void window_add_gap(struct window *window, uint32_t kind)
{
    struct count *count = counts + window->first;
    for (; count < counts + nr_counts && count->kind != kind; count++) {
    }
    if (count == counts + nr_counts)
        counts[nr_counts++] = (struct count){.kind = (uint16_t)kind};
    count->gaps++;
    window->gaps++;
}

/* One pass over the events, with the stack that they make: whose a gap is. Frames that a jump has left go with what
 * returns below them. */
static void windows_make(const struct events_head *head, const uint64_t *words, int fineness)
{
    static uint32_t stack[MAX_DEPTH];
    uint32_t depth = 1;
    uint64_t ticks = 0;
    struct event before = {0, 0};
    struct window window = {0};
    number_of(&functions, 1, 1); /* who is below the first function */
    windows = allocate(head->nr_words, sizeof *windows);
    counts = allocate(head->nr_words + 1, sizeof *counts);
    for (uint64_t i = 0; i < head->nr_words; i++) {
        uint64_t word = words[i];
        if (word & WORD_TIME) {
            uint64_t now = word & ~WORD_TIME;
            window.nr = (uint32_t)(nr_counts - window.first);
            window.ends |= before.is_enter;
            window.ns = (float)((double)(now - ticks) * head->ns_per_tick);
            if (ticks != 0 && window.nr < WINDOW_KINDS)
                windows[nr_windows++] = window;
            ticks = now;
            window = (struct window){.first = (uint32_t)nr_counts, .ends = before.is_enter << 1};
            continue;
        }
        struct event event = {number_of(&functions, word & ~WORD_EXIT, MAX_FUNCTIONS), (word & WORD_EXIT) == 0};
        function_address[event.function] = word & ~WORD_EXIT;
        while (!event.is_enter && depth > 2 && stack[depth - 1] != event.function)
            depth--;
        if (ticks != 0)
            window_add_gap(&window, kind_find(fineness, stack[depth - 1], before, event));
        if (event.is_enter && depth < MAX_DEPTH)
            stack[depth++] = event.function;
        else if (!event.is_enter && depth > 1)
            depth--;
        before = event;
    }
}

/* ---- Equations -------------------------------------------------------------------------------------------- */

/* The unknown for the read that a window has: one half at its beginning, one at its end. */
static uint32_t window_read(const struct window *window)
{
    return kinds.nr + (nr_reads == 1 ? 0 : window->ends);
}

static double window_expected(const struct window *window)
{
    double ns = nr_reads > 0 ? solution[window_read(window)] : 0;
    for (uint32_t i = 0; i < window->nr; i++)
        ns += solution[counts[window->first + i].kind] * counts[window->first + i].gaps;
    return ns;
}

static void equations_add(const struct window *window, double weight)
{
    uint32_t unknown[WINDOW_KINDS + 1];
    double times[WINDOW_KINDS + 1];
    uint32_t nr = window->nr;
    for (uint32_t i = 0; i < nr; i++) {
        unknown[i] = counts[window->first + i].kind;
        times[i] = counts[window->first + i].gaps;
    }
    if (nr_reads > 0) {
        unknown[nr] = window_read(window);
        times[nr++] = 1;
    }
    for (uint32_t i = 0; i < nr; i++) {
        double *row = equations + (size_t)unknown[i] * nr_unknowns;
        right[unknown[i]] += weight * times[i] * window->ns;
        for (uint32_t j = 0; j < nr; j++)
            row[unknown[j]] += weight * times[i] * times[j];
    }
}

/* The equations of all windows that are not far from what the solution so far expects. Returns the residual's variance
 * per gap. */
static double equations_make(double mean, double variance, int pass)
{
    double aside = 0, sum = 0, used = 0;
    memset(equations, 0, (size_t)nr_unknowns * nr_unknowns * sizeof *equations);
    memset(right, 0, nr_unknowns * sizeof *right);
    for (size_t i = 0; i < nr_windows; i++) {
        double expected = window_expected(&windows[i]);
        double off = windows[i].ns - expected;
        double spread = variance * (windows[i].gaps + 1);
        if (pass == 0 ? windows[i].ns > 60 * windows[i].gaps + 500 : fabs(off) > FAR * sqrt(spread) + expected) {
            aside += off;
            continue;
        }
        sum += off * off / (windows[i].gaps + 1);
        used++;
        equations_add(&windows[i], 1 / spread);
    }
    for (uint32_t k = 0; k < nr_unknowns; k++) {
        equations[(size_t)k * nr_unknowns + k] += 1 / (mean * mean);
        right[k] += 1 / mean;
    }
    fprintf(stderr, "pass %d: %.0f of %zu windows, %.1f ms in the others, standard deviation %.1f ns a gap\n", pass,
            used, nr_windows, aside / 1e6, sqrt(sum / used));
    return sum / used;
}

static void equations_factor(const bool *fixed)
{
    for (uint32_t i = 0; i < nr_unknowns; i++) {
        double *row = factor + (size_t)i * nr_unknowns;
        for (uint32_t j = 0; j <= i; j++) {
            const double *other = factor + (size_t)j * nr_unknowns;
            double rest = equations[(size_t)i * nr_unknowns + j];
            if (fixed[i] || fixed[j])
                rest = i == j;
            for (uint32_t k = 0; k < j; k++)
                rest -= row[k] * other[k];
            row[j] = i == j ? sqrt(fmax(rest, 1e-12)) : rest / other[j];
        }
    }
}

static void factor_solve(const bool *fixed)
{
    for (uint32_t i = 0; i < nr_unknowns; i++) {
        const double *row = factor + (size_t)i * nr_unknowns;
        double rest = fixed[i] ? 0 : right[i];
        for (uint32_t k = 0; k < i; k++)
            rest -= row[k] * solution[k];
        solution[i] = rest / row[i];
    }
    for (uint32_t i = nr_unknowns; i-- > 0;) {
        const double *row = factor + (size_t)i * nr_unknowns;
        solution[i] /= row[i];
        for (uint32_t k = 0; k < i; k++)
            solution[k] -= row[k] * solution[i];
    }
}

/* Coordinate descent: each unknown in turn as the others want it, but not below 0. */
static void equations_settle(void)
{
    double *slope = allocate(nr_unknowns, sizeof *slope);
    for (uint32_t k = 0; k < nr_unknowns; k++) {
        const double *row = equations + (size_t)k * nr_unknowns;
        slope[k] = -right[k];
        for (uint32_t j = 0; j < nr_unknowns; j++)
            slope[k] += row[j] * solution[j];
    }
    for (int sweep = 0; sweep < NR_SWEEPS; sweep++) {
        for (uint32_t k = 0; k < nr_unknowns; k++) {
            const double *row = equations + (size_t)k * nr_unknowns;
            double step = fmax(solution[k] - slope[k] / row[k], 0) - solution[k];
            if (fabs(step) < 1e-9)
                continue;
            solution[k] += step;
            for (uint32_t j = 0; j < nr_unknowns; j++)
                slope[j] += row[j] * step;
        }
    }
    free(slope);
}

/* Without those that come out negative, which are held at 0 until coordinate descent finds that some had better not. */
static void equations_solve(void)
{
    bool *fixed = allocate(nr_unknowns, sizeof *fixed);
    bool again = true;
    for (int round = 0; round < NR_ROUNDS && again; round++) {
        again = false;
        equations_factor(fixed);
        factor_solve(fixed);
        for (uint32_t k = 0; k < nr_unknowns; k++) {
            if (solution[k] < 0)
                fixed[k] = again = true;
            solution[k] = fmax(solution[k], 0);
        }
    }
    equations_settle();
    free(fixed);
}

/* The standard error of one unknown: the root of its place on the diagonal of the inverse. */
static double unknown_error(uint32_t unknown)
{
    static double column[MAX_KINDS];
    double sum = 0;
    for (uint32_t i = unknown; i < nr_unknowns; i++) {
        const double *row = factor + (size_t)i * nr_unknowns;
        double rest = i == unknown;
        for (uint32_t k = unknown; k < i; k++)
            rest -= row[k] * column[k];
        column[i] = rest / row[i];
        sum += column[i] * column[i];
    }
    return sqrt(sum);
}

static void estimate(void)
{
    double ns = 0, gaps = 0;
    for (size_t i = 0; i < nr_windows; i++) {
        if (windows[i].ns <= 60 * windows[i].gaps + 500) {
            ns += windows[i].ns;
            gaps += windows[i].gaps;
        }
    }
    double mean = ns / gaps, variance = 4 * mean * mean;
    nr_unknowns = kinds.nr + nr_reads;
    equations = allocate((size_t)nr_unknowns * nr_unknowns, sizeof *equations);
    factor = allocate((size_t)nr_unknowns * nr_unknowns, sizeof *factor);
    right = allocate(nr_unknowns, sizeof *right);
    solution = allocate(nr_unknowns, sizeof *solution);
    for (uint32_t k = 0; k < nr_unknowns; k++)
        solution[k] = mean;
    for (int pass = 0; pass < NR_PASSES; pass++) {
        variance = equations_make(mean, variance, pass);
        equations_solve();
    }
    fprintf(stderr, "%zu windows, %.1f gaps each, %" PRIu32 " kinds, mean gap %.2f ns; reads", nr_windows,
            gaps / (double)nr_windows, kinds.nr, mean);
    for (uint32_t k = kinds.nr; k < nr_unknowns; k++)
        fprintf(stderr, " %.1f", solution[k]);
    fprintf(stderr, " ns\n");
}

/* ---- Files -------------------------------------------------------------------------------------------------- */

/* The symbols' names by address, for as many functions as there are events of. */
static void names_read(const char *path, uint64_t base, char names[][64])
{
    char line[4096], name[64], type;
    uint64_t address;
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail("no symbols");
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%" SCNx64 " %c %63s", &address, &type, name) != 3 || strchr("tTwW", type) == NULL)
            continue;
        for (uint32_t i = 1; i < functions.nr; i++)
            if (function_address[i] == base + address)
                memcpy(names[i], name, sizeof name);
    }
    fclose(file);
}

int main(int argc, char **argv)
{
    static char names[MAX_FUNCTIONS][64];
    static const char *const ends[] = {"XX", "XE", "EX", "EE"};
    struct events_head head;
    FILE *file = argc == 5 ? fopen(argv[1], "r") : NULL;
    if (file == NULL || fread(&head, sizeof head, 1, file) != 1)
        fail("usage: estimate EVENTS SYMBOLS KINDS READS");
    uint64_t *words = allocate(head.nr_words, sizeof *words);
    if (fread(words, sizeof *words, head.nr_words, file) != head.nr_words)
        fail("the events are cut off");
    fclose(file);
    nr_reads = head.every == 1 ? 0 : atoi(argv[4]) == 1 ? 1 : 4;
    windows_make(&head, words, atoi(argv[3]));
    free(words);
    names_read(argv[2], head.base, names);
    estimate();
    printf("# pair %.3f\n", head.pair_ns);
    for (uint32_t k = 0; k < kinds.nr; k++)
        printf("%s %s %" PRIu64 " %.4f %.4f\n", names[kind_of[k].function], ends[kind_of[k].ends], kind_of[k].gaps,
               solution[k], unknown_error(k));
    return 0;
}
