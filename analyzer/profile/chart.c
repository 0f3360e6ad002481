#include "profile/chart.h"

#include "profile/replay.h"

#include <stdlib.h>
#include <string.h>

void chart_init(struct chart *chart, size_t nr_max)
{
    *chart = (struct chart){.nr_max = nr_max};
}

void chart_release(struct chart *chart)
{
    for (uint32_t i = 0; i < chart->nr_threads; i++) {
        struct chart_thread *thread = &chart->threads[i];
        for (uint32_t j = 0; j < thread->nr_levels; j++)
            free(thread->levels[j].slices);
        free(thread->levels);
        free((char *)(uintptr_t)thread->name);
    }
    free(chart->threads);
    *chart = (struct chart){0};
}

/* ---- Merging ------------------------------------------------------------------------------------- */

/* The grain is a power of two: so cells are told apart by bits. */
static bool is_mergeable(const struct chart_slice *a, const struct chart_slice *b, uint64_t grain)
{
    return (a->start ^ b->start) < grain && a->end - a->start < grain && b->end - b->start < grain;
}

/* Put `from` into `to`, its neighbour on the left. The function that has most of the time wins; with more than two it
 * can be another one, which is what is_mixed says. */
static void slice_merge(struct chart_slice *to, const struct chart_slice *from)
{
    to->end = from->end > to->end ? from->end : to->end;
    to->calls += from->calls;
    to->busy += from->busy;
    to->is_mixed = to->is_mixed || from->is_mixed || to->function != from->function;
    if (to->function == from->function) {
        to->lead += from->lead;
    } else if (to->lead >= from->lead) {
        to->lead -= from->lead;
    } else {
        to->function = from->function;
        to->lead = from->lead - to->lead;
    }
}

static void level_compact(struct chart *chart, struct chart_level *level)
{
    size_t nr = 0;
    for (size_t i = 0; i < level->nr; i++) {
        if (nr > 0 && is_mergeable(&level->slices[nr - 1], &level->slices[i], chart->grain))
            slice_merge(&level->slices[nr - 1], &level->slices[i]);
        else
            level->slices[nr++] = level->slices[i];
    }
    chart->nr_slices -= level->nr - nr;
    level->nr = nr;
}

/* Make the grain coarser until half of the room is free, or nothing is left to merge. */
static void chart_compact(struct chart *chart)
{
    while (chart->nr_slices > chart->nr_max / 2 && chart->nr_slices > chart->nr_levels) {
        chart->grain = chart->grain > 0 ? chart->grain * 2 : 1;
        for (uint32_t i = 0; i < chart->nr_threads; i++)
            for (uint32_t j = 0; j < chart->threads[i].nr_levels; j++)
                level_compact(chart, &chart->threads[i].levels[j]);
    }
}

/* ---- Filling ------------------------------------------------------------------------------------- */

static struct chart_thread *thread_get(struct chart *chart, uint32_t number)
{
    if (number < chart->nr_threads)
        return &chart->threads[number];
    struct chart_thread *threads = realloc(chart->threads, ((size_t)number + 1) * sizeof(*threads));
    if (threads == NULL)
        return NULL;
    memset(threads + chart->nr_threads, 0, (number + 1 - chart->nr_threads) * sizeof(*threads));
    chart->threads = threads;
    chart->nr_threads = number + 1;
    return &threads[number];
}

static struct chart_level *level_get(struct chart *chart, struct chart_thread *thread, uint32_t depth)
{
    if (depth < thread->nr_levels)
        return &thread->levels[depth];
    struct chart_level *levels = realloc(thread->levels, ((size_t)depth + 1) * sizeof(*levels));
    if (levels == NULL)
        return NULL;
    memset(levels + thread->nr_levels, 0, (depth + 1 - thread->nr_levels) * sizeof(*levels));
    thread->levels = levels;
    chart->nr_levels += depth + 1 - thread->nr_levels;
    thread->nr_levels = depth + 1;
    return &levels[depth];
}

static int slice_add(struct chart *chart, struct chart_level *level, const struct chart_slice *slice)
{
    chart->nr_calls += slice->calls;
    if (level->nr > 0 && is_mergeable(&level->slices[level->nr - 1], slice, chart->grain)) {
        slice_merge(&level->slices[level->nr - 1], slice);
        return 0;
    }
    struct chart_slice *slices = array_grow(level->slices, level->nr, &level->capacity, sizeof(*slices));
    if (slices == NULL)
        return -1;
    level->slices = slices;
    slices[level->nr++] = *slice;
    if (++chart->nr_slices > chart->nr_max)
        chart_compact(chart);
    return 0;
}

static int call_add(struct chart *chart, uint32_t number, uint32_t depth, const struct chart_slice *call)
{
    if (depth >= CHART_LEVELS || number >= CHART_THREADS) {
        chart->nr_beyond++;
        return 0;
    }
    struct chart_thread *thread = thread_get(chart, number);
    struct chart_level *level = thread != NULL ? level_get(chart, thread, depth) : NULL;
    chart->failed = level == NULL || slice_add(chart, level, call) != 0;
    return chart->failed ? -1 : 0;
}

static struct chart_slice slice_of(uint64_t start, uint64_t end, uint32_t function)
{
    return (struct chart_slice){
        .start = start, .end = end, .calls = 1, .busy = end - start, .lead = end - start, .function = function};
}

int chart_slice_add(struct chart *chart, uint32_t number, uint32_t depth, uint64_t start, uint64_t end,
                    uint32_t function)
{
    const struct chart_slice slice = slice_of(start, end, function);
    return call_add(chart, number, depth, &slice);
}

static int call_leave(void *context, const struct replay_call *call)
{
    struct chart_slice slice = slice_of(call->start_ticks, call->end_ticks, call->function);
    slice.is_unwound = (call->flags & REPLAY_UNWOUND) != 0;
    slice.is_open = (call->flags & REPLAY_OPEN) != 0;
    return call_add(context, call->thread, call->depth, &slice);
}

const struct replay_observer chart_observer = {.leave = call_leave};

/* ---- The end ------------------------------------------------------------------------------------- */

static void slice_finish(struct chart *chart, const struct clock *clock, struct chart_slice *slice)
{
    slice->start = clock_ns(clock, slice->start);
    slice->end = clock_ns(clock, slice->end);
    slice->busy = clock_duration_ns(clock, slice->busy);
    chart->nr_merged += slice->calls > 1 ? slice->calls : 0;
}

int chart_row_finish(struct chart *chart, uint64_t end, struct err *err)
{
    struct chart_thread *thread = thread_get(chart, 0);
    if (thread != NULL && thread->name == NULL)
        thread->name = strdup("");
    if (thread == NULL || thread->name == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    thread->end = end;
    for (uint32_t i = 0; i < thread->nr_levels; i++)
        for (size_t j = 0; j < thread->levels[i].nr; j++)
            chart->nr_merged += thread->levels[i].slices[j].calls > 1 ? thread->levels[i].slices[j].calls : 0;
    return 0;
}

int chart_finish(struct chart *chart, const struct replay *replay, struct err *err)
{
    const struct trace *trace = replay->trace;
    if (chart->failed)
        return err_set(err, ERR_INPUT, "%s: out of memory", trace->path);
    for (uint32_t i = 0; i < chart->nr_threads; i++) {
        struct chart_thread *thread = &chart->threads[i];
        const struct trace_process *process = trace_process_find(trace, replay->threads[i].process);
        thread->tid = trace->threads[i].tid;
        thread->pid = process != NULL ? process->pid : 0;
        thread->name = strdup(trace->threads[i].name);
        thread->start = clock_ns(&trace->clock, replay->threads[i].first_ticks);
        thread->end = clock_ns(&trace->clock, replay->threads[i].last_ticks);
        if (thread->name == NULL)
            return err_set(err, ERR_INPUT, "%s: out of memory", trace->path);
        for (uint32_t j = 0; j < thread->nr_levels; j++)
            for (size_t k = 0; k < thread->levels[j].nr; k++)
                slice_finish(chart, &trace->clock, &thread->levels[j].slices[k]);
    }
    chart->grain = chart->grain > 0 ? clock_duration_ns(&trace->clock, chart->grain) + 1 : 0;
    return 0;
}

int chart_renumber(struct chart *chart, const struct profile *profile, struct err *err)
{
    uint32_t nr = 0;
    for (uint32_t i = 0; i < profile->nr_functions; i++)
        nr = profile->functions[i].serial >= nr ? profile->functions[i].serial + 1 : nr;
    uint32_t *numbers = calloc((size_t)nr + 1, sizeof(*numbers));
    if (numbers == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = 0; i < nr; i++)
        numbers[i] = profile->nr_functions;
    for (uint32_t i = 0; i < profile->nr_functions; i++)
        numbers[profile->functions[i].serial] = i;
    for (uint32_t i = 0; i < chart->nr_threads; i++)
        for (uint32_t j = 0; j < chart->threads[i].nr_levels; j++)
            for (size_t k = 0; k < chart->threads[i].levels[j].nr; k++) {
                struct chart_slice *slice = &chart->threads[i].levels[j].slices[k];
                slice->function = slice->function < nr ? numbers[slice->function] : profile->nr_functions;
            }
    free(numbers);
    return 0;
}
