#include "profile/rhythm_find.h"

#include "trace/reader.h"

#include <stdlib.h>
#include <string.h>

#define EXCESS_PART 200u /* slow calls that are worth a look take so great a part of the run more than typical ones */

/* A function in all its threads. */
struct group {
    const struct rhythm_pair *pairs[RHYTHM_THREADS];
    uint32_t nr;
    uint32_t function; /* of the profile */
    const struct clock *clock;
    uint64_t whole_ns; /* the run */
    struct profile_rhythm found;
};

static int no_memory(struct err *err)
{
    return err_set(err, ERR_INPUT, "out of memory");
}

static uint64_t ns_of(const struct group *group, double ticks)
{
    return clock_duration_ns(group->clock, ticks > 0 ? (uint64_t)ticks : 0);
}

/* ---- Sawteeth ------------------------------------------------------------------------------------- */

/* That of the thread with most time in it stands for all. */
static bool sawtooth_take(struct group *group)
{
    const struct rhythm_pair *shown = NULL;
    struct profile_rhythm found = {.kind = RHYTHM_SAWTOOTH, .function = group->function};
    double excess = 0;
    for (uint32_t i = 0; i < group->nr; i++) {
        const struct rhythm_pair *pair = group->pairs[i];
        if (pair->sawtooth.cycles == 0)
            continue;
        found.nr_threads++;
        excess += pair->all_ticks * (1 - pair->sawtooth.low / pair->sawtooth.mean);
        shown = shown == NULL || pair->all_ticks > shown->all_ticks ? pair : shown;
    }
    if (shown == NULL)
        return false;
    found.number = shown->sawtooth.cycles;
    found.excess_ns = ns_of(group, excess);
    found.low_ns = ns_of(group, shown->sawtooth.low);
    found.high_ns = ns_of(group, shown->sawtooth.high);
    found.period_calls = (uint64_t)(shown->sawtooth.period * (double)shown->sawtooth_size + 0.5);
    found.is_regular = shown->sawtooth.is_regular;
    found.falls = shown->sawtooth.falls;
    if (shown->sawtooth_calls * 2 < (uint64_t)shown->nr_values * shown->size)
        found.first_calls = shown->sawtooth_calls;
    group->found = found;
    return true;
}

/* ---- Lock step ------------------------------------------------------------------------------------ */

static int start_compare(const void *a, const void *b)
{
    const struct slow_call *x = a, *y = b;
    return x->start_ticks != y->start_ticks ? (x->start_ticks > y->start_ticks) - (x->start_ticks < y->start_ticks)
                                            : (x->thread > y->thread) - (x->thread < y->thread);
}

/* Of `calls`, those that take as long as `least` and begin before `end`. */
static uint32_t calls_keep(struct slow_call *calls, uint32_t nr, uint64_t least, uint64_t end)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < nr; i++) {
        if (calls[i].ticks >= least && calls[i].start_ticks <= end)
            calls[kept++] = calls[i];
    }
    return kept;
}

static uint32_t together_of(const struct group *group, struct slow_call *calls)
{
    uint32_t nr = 0, nr_threads = 0;
    uint64_t end = UINT64_MAX; /* as far as all are known */
    for (uint32_t i = 0; i < group->nr; i++) {
        const struct rhythm_pair *pair = group->pairs[i];
        if (pair->nr_kept == 0)
            continue;
        memcpy(calls + nr, pair->slow, pair->nr_kept * sizeof(*calls));
        nr += pair->nr_kept;
        nr_threads++;
        uint64_t last = pair->slow[pair->nr_kept - 1].start_ticks;
        end = pair->is_full && last < end ? last : end;
    }
    nr = calls_keep(calls, nr, slow_least(calls, nr), end);
    if (nr > 0)
        qsort(calls, nr, sizeof(*calls), start_compare);
    return coincidence_find(calls, nr, nr_threads);
}

static struct beat beat_of(const struct rhythm_pair *pair, struct slow_call *calls)
{
    if (pair->nr_kept == 0)
        return (struct beat){BEAT_NONE, 0};
    memcpy(calls, pair->slow, pair->nr_kept * sizeof(*calls));
    return beat_find(calls, calls_keep(calls, pair->nr_kept, slow_least(calls, pair->nr_kept), UINT64_MAX));
}

/* `calls` has room for those of all threads. */
static bool lockstep_take(struct group *group, struct slow_call *calls)
{
    const struct rhythm_pair *shown = group->pairs[0];
    struct profile_rhythm found = {.kind = RHYTHM_LOCKSTEP, .function = group->function};
    double excess = 0, all = 0;
    for (uint32_t i = 0; i < group->nr; i++) {
        const struct rhythm_pair *pair = group->pairs[i];
        found.nr_threads += pair->nr_slow > 0;
        found.number += (uint32_t)pair->nr_slow;
        all += (double)pair->slow_ticks;
        excess += (double)pair->slow_ticks - (double)pair->nr_slow * (double)pair->typical_ticks;
        shown = pair->slow_ticks > shown->slow_ticks ? pair : shown;
    }
    found.excess_ns = ns_of(group, excess);
    if (found.number == 0 || found.excess_ns * EXCESS_PART < group->whole_ns)
        return false;
    struct beat beat = beat_of(shown, calls);
    found.together_permille = together_of(group, calls);
    if (beat.kind == BEAT_NONE && found.together_permille == 0)
        return false;
    found.low_ns = ns_of(group, (double)shown->typical_ticks);
    found.high_ns = ns_of(group, all / found.number);
    found.period_calls = beat.kind == BEAT_CALLS ? (uint64_t)beat.period : 0;
    found.period_ns = beat.kind == BEAT_TIME ? ns_of(group, beat.period) : 0;
    group->found = found;
    return true;
}

/* ---- All ------------------------------------------------------------------------------------------ */

/* Which functions call themselves, on whatever way; the caller frees it. */
static bool *recursive_find(const struct profile *profile)
{
    uint32_t *active = calloc((size_t)profile->nr_functions + 1, sizeof(*active));
    bool *is_recursive = calloc((size_t)profile->nr_functions + 1, sizeof(*is_recursive));
    const struct profile_node *nodes = profile->nodes;
    for (uint32_t at = nodes[0].first_child; active != NULL && is_recursive != NULL && at != 0;) {
        is_recursive[nodes[at].function] |= active[nodes[at].function]++ > 0;
        if (nodes[at].first_child != 0) {
            at = nodes[at].first_child;
            continue;
        }
        active[nodes[at].function]--;
        while (at != 0 && nodes[at].next_sibling == 0) {
            at = nodes[at].parent;
            if (at != 0)
                active[nodes[at].function]--;
        }
        at = nodes[at].next_sibling;
    }
    if (active == NULL) {
        free(is_recursive);
        is_recursive = NULL;
    }
    free(active);
    return is_recursive;
}

static int pair_compare(const void *a, const void *b)
{
    const struct rhythm_pair *x = *(const struct rhythm_pair *const *)a, *y = *(const struct rhythm_pair *const *)b;
    return x->function != y->function ? (x->function > y->function) - (x->function < y->function)
                                      : (x->thread > y->thread) - (x->thread < y->thread);
}

/* The numbers of functions in the profile, by those in the replay; the caller frees it. */
static uint32_t *numbers_make(const struct profile *profile, uint32_t nr)
{
    uint32_t *numbers = malloc(((size_t)nr + 1) * sizeof(*numbers));
    for (uint32_t i = 0; numbers != NULL && i < nr; i++)
        numbers[i] = UINT32_MAX;
    for (uint32_t i = 0; numbers != NULL && i < profile->nr_functions; i++)
        if (profile->functions[i].serial < nr)
            numbers[profile->functions[i].serial] = i;
    return numbers;
}

struct search {
    const struct rhythm_pair **pairs; /* by function */
    size_t nr_pairs;
    uint32_t *numbers;
    bool *is_recursive;
    struct slow_call *calls;
};

static void search_groups(struct search *search, const struct clock *clock, struct profile *profile)
{
    for (size_t i = 0; i < search->nr_pairs;) {
        struct group group = {.clock = clock,
                              .whole_ns = profile->nodes[0].raw_inclusive_ns,
                              .function = search->numbers[search->pairs[i]->function]};
        for (uint32_t function = search->pairs[i]->function;
             i < search->nr_pairs && search->pairs[i]->function == function; i++)
            group.pairs[group.nr++] = search->pairs[i];
        if (group.function == UINT32_MAX || search->is_recursive[group.function])
            continue;
        if (sawtooth_take(&group))
            profile->rhythms[profile->nr_rhythms++] = group.found;
        if (lockstep_take(&group, search->calls))
            profile->rhythms[profile->nr_rhythms++] = group.found;
    }
}

int rhythms_find(const struct rhythms *rhythms, const struct clock *clock, struct profile *profile, struct err *err)
{
    struct search search = {.nr_pairs = rhythms->nr_pairs > 0 ? rhythms->nr_pairs - 1 : 0};
    uint32_t nr_functions = 0;
    if (rhythms->failed)
        return no_memory(err);
    search.pairs = calloc(search.nr_pairs + 1, sizeof(const struct rhythm_pair *));
    search.calls = calloc((size_t)RHYTHM_THREADS * RHYTHM_SLOW, sizeof(*search.calls));
    search.is_recursive = recursive_find(profile);
    for (size_t i = 0; search.pairs != NULL && i < search.nr_pairs; i++) {
        search.pairs[i] = &rhythms->pairs[i + 1];
        nr_functions = search.pairs[i]->function >= nr_functions ? search.pairs[i]->function + 1 : nr_functions;
    }
    search.numbers = numbers_make(profile, nr_functions);
    profile->rhythms = arena_array(&profile->arena, 2 * search.nr_pairs + 1, sizeof(*profile->rhythms));
    bool is_ready = search.pairs != NULL && search.calls != NULL && search.is_recursive != NULL &&
                    search.numbers != NULL && profile->rhythms != NULL;
    if (is_ready && search.nr_pairs > 0) {
        qsort(search.pairs, search.nr_pairs, sizeof(const struct rhythm_pair *), pair_compare);
        search_groups(&search, clock, profile);
    }
    free(search.pairs);
    free(search.calls);
    free(search.is_recursive);
    free(search.numbers);
    return is_ready ? 0 : no_memory(err);
}
