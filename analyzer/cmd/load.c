/*
 * One trace at a time: opened, replayed, named, described, and merged; or one profile, read from its file.
 */
#include "cmd/load.h"

#include "base/standard_input.h"
#include "cmd/heap_name.h"
#include "cmd/input.h"
#include "cmd/progress.h"
#include "profile/calltree.h"
#include "profile/chart.h"
#include "profile/compensate.h"
#include "profile/file.h"
#include "profile/function_names.h"
#include "profile/merge.h"
#include "profile/redact.h"
#include "profile/replay.h"
#include "profile/rhythm_find.h"
#include "profile/subtrees.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct loader {
    const struct options *options;
    struct trace *trace;
    struct replay replay;
    struct rhythms rhythms;
    struct profile *profile;
    struct heap heap;               /* watched with the calls, if the options want it */
    struct heap_profile *heap_made; /* of it */
    struct notices notices;         /* what symbols/ has to say */
    struct hook_cost cost;
    struct err *err;
};

static int no_memory(struct loader *loader)
{
    return err_set(loader->err, ERR_INPUT, "%s: out of memory", loader->trace->path);
}

static const char *text_copy(struct loader *loader, const char *text)
{
    return arena_copy(&loader->profile->arena, text, strlen(text));
}

/* ---- The tree and its counts ---------------------------------------------------------------------- */

/* Sum up the nodes that are shown; `is_kept` NULL: all. */
static void counts_set(struct loader *loader, const bool *is_kept)
{
    const struct replay *replay = &loader->replay;
    struct profile_facts *facts = &loader->profile->facts;
    for (uint32_t i = 1; i < replay->tree.nr_nodes; i++) {
        const struct calltree_node *node = &replay->tree.nodes[i];
        if ((is_kept != NULL && !is_kept[i]) || replay->functions.ids[node->function].region != NULL)
            continue;
        facts->nr_calls += node->calls;
        if (i < replay->nr_losses) {
            facts->open_frames += replay->losses[i].open;
            facts->unwound_frames += replay->losses[i].unwound;
        }
    }
    facts->nr_events = 2 * facts->nr_calls - facts->open_frames - facts->unwound_frames;
}

/* Leave out the functions that have no number any more. */
static void functions_renumber(struct profile *profile, const uint32_t *numbers, uint32_t nr)
{
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        if (numbers[i] != FUNCTION_UNUSED)
            profile->functions[numbers[i]] = profile->functions[i];
    }
    profile->nr_functions = nr;
}

/* The part of the tree that the filters leave. */
static int subtrees_finish(struct loader *loader)
{
    struct profile *profile = loader->profile;
    const struct calltree *tree = &loader->replay.tree;
    struct calltree kept = {0};
    uint32_t nr = profile->nr_functions;
    int result = -1;
    bool *is_kept = calloc((size_t)tree->nr_nodes + 1, sizeof(*is_kept));
    uint32_t *numbers = calloc((size_t)nr + 1, sizeof(*numbers));
    struct input_subtrees subtrees;
    int matched = input_subtrees_match(&subtrees, loader->options, profile->functions, nr, loader->err);
    if (is_kept == NULL || numbers == NULL)
        no_memory(loader);
    else if (matched == 0 && subtrees_keep(tree, &subtrees.filter, &kept, is_kept, numbers, &nr, loader->err) == 0) {
        counts_set(loader, is_kept);
        functions_renumber(profile, numbers, nr);
        result = profile_finish(profile, &kept, loader->err);
        calltree_release(&kept);
    }
    input_subtrees_release(&subtrees);
    free(numbers);
    free(is_kept);
    return result;
}

/* The tree as the options want it, and the profile's nodes and totals from it. */
static int tree_finish(struct loader *loader)
{
    if (input_is_filtered(loader->options))
        return subtrees_finish(loader);
    counts_set(loader, NULL);
    return profile_finish(loader->profile, &loader->replay.tree, loader->err);
}

/* ---- Facts ---------------------------------------------------------------------------------------- */

/* "./app\0-x\0" as "./app -x". */
static const char *command_join(struct loader *loader, const struct trace_process *process)
{
    char *command = arena_copy(&loader->profile->arena, process->command, process->command_bytes);
    if (command == NULL)
        return NULL;
    size_t bytes = process->command_bytes;
    while (bytes > 0 && command[bytes - 1] == '\0')
        bytes--;
    for (size_t i = 0; i < bytes; i++)
        command[i] = command[i] == '\0' ? ' ' : command[i];
    return command;
}

static int thread_describe(struct loader *loader, uint32_t number, struct profile_thread *thread)
{
    const struct trace *trace = loader->trace;
    const struct trace_thread *from = &trace->threads[number];
    const struct replay_thread *replayed = &loader->replay.threads[number];
    const struct trace_process *process = trace_process_find(trace, replayed->process);
    *thread = (struct profile_thread){.pid = process != NULL ? process->pid : 0,
                                      .tid = from->tid,
                                      .name = text_copy(loader, from->name),
                                      .nr_events = replayed->nr_calls + replayed->nr_exits,
                                      .nr_calls = replayed->nr_calls,
                                      .hook_calls = replayed->hook_calls,
                                      .dropped_events = replayed->dropped_full,
                                      .torn_events = replayed->torn,
                                      .orphan_exits = replayed->orphan_exits,
                                      .stalled_ns = clock_duration_ns(&trace->clock, replayed->stalled_ticks),
                                      .start_ns = clock_ns(&trace->clock, replayed->first_ticks),
                                      .end_ns = clock_ns(&trace->clock, replayed->last_ticks)};
    return thread->name == NULL ? no_memory(loader) : 0;
}

/* Threads of which something was replayed; and what they add up to. */
static int threads_set(struct loader *loader)
{
    const struct trace *trace = loader->trace;
    struct profile *profile = loader->profile;
    struct profile_facts *facts = &profile->facts;
    uint64_t first_ns = UINT64_MAX, last_ns = 0;
    profile->threads = arena_array(&profile->arena, (size_t)trace->nr_threads + 1, sizeof(*profile->threads));
    bool *seen = calloc((size_t)trace->nr_processes + 1, sizeof(*seen));
    if (profile->threads == NULL || seen == NULL) {
        free(seen);
        return no_memory(loader);
    }
    int result = 0;
    for (uint32_t i = 0; i < trace->nr_threads && result == 0; i++) {
        const struct replay_thread *replayed = &loader->replay.threads[i];
        const struct trace_process *process = trace_process_find(trace, replayed->process);
        if (!replayed->seen)
            continue;
        struct profile_thread *thread = &profile->threads[profile->nr_threads++];
        result = thread_describe(loader, i, thread);
        facts->inherited_exits += replayed->inherited_exits;
        facts->orphan_exits += replayed->orphan_exits;
        first_ns = thread->start_ns < first_ns ? thread->start_ns : first_ns;
        last_ns = thread->end_ns > last_ns ? thread->end_ns : last_ns;
        if (process != NULL && !seen[process - trace->processes]) {
            seen[process - trace->processes] = true;
            facts->nr_processes++;
        }
    }
    free(seen);
    facts->nr_threads = profile->nr_threads;
    facts->wall_ns = profile->nr_threads > 0 && last_ns > first_ns ? last_ns - first_ns : 0;
    return result;
}

static uint64_t ps_of(double ns)
{
    return (uint64_t)(ns * 1000);
}

static int facts_set(struct loader *loader)
{
    const struct trace *trace = loader->trace;
    struct profile_facts *facts = &loader->profile->facts;
    *facts = (struct profile_facts){.source = text_copy(loader, trace->path),
                                    .command = "",
                                    .host = text_copy(loader, trace->host),
                                    .nr_traces = 1,
                                    .clock_step_ps = trace_clock_step_ps(trace),
                                    .hook_inside_ps = ps_of(loader->cost.short_inside),
                                    .hook_outside_ps = ps_of(loader->cost.short_outside),
                                    .is_corrected = loader->cost.is_known,
                                    .dropped_events = replay_dropped(&loader->replay),
                                    .trace_bytes = trace->file_bytes,
                                    .has_calls = true,
                                    .unit = "ns"};
    for (uint32_t i = 0; i < trace->nr_threads; i++) {
        uint32_t depth = loader->replay.threads[i].peak_depth;
        facts->max_depth = depth > facts->max_depth ? depth : facts->max_depth;
    }
    if (trace->nr_processes > 0)
        facts->command = command_join(loader, &trace->processes[0]);
    if (facts->source == NULL || facts->host == NULL || facts->command == NULL)
        return no_memory(loader);
    if (trace->realtime_ns != 0) {
        uint64_t offset_ns = clock_ns(&trace->clock, trace->session_ticks);
        facts->realtime_ns = trace->realtime_ns > offset_ns ? trace->realtime_ns - offset_ns : 0;
    }
    facts->complete = trace_is_complete(trace) && facts->dropped_events == 0;
    return threads_set(loader);
}

/* ---- Notices -------------------------------------------------------------------------------------- */

static int notices_set(struct loader *loader)
{
    const struct trace *trace = loader->trace;
    struct profile *profile = loader->profile;
    struct notices all = {0};
    int result = 0;
    for (uint32_t i = 0; i < trace->nr_notices; i++)
        notices_add(&all, trace->notices[i]);
    for (size_t i = 0; i < loader->notices.nr; i++)
        notices_add(&all, loader->notices.texts[i]);
    profile->notices = arena_array(&profile->arena, all.nr + 1, sizeof(*profile->notices));
    for (size_t i = 0; i < all.nr && profile->notices != NULL; i++) {
        char text[2048];
        /* Of several traces each says which one it is. */
        bool prefixed = loader->options->nr_inputs > 1 || loader->options->name_notices;
        snprintf(text, sizeof(text), "%.1000s%s%s", prefixed ? trace->path : "", prefixed ? ": " : "", all.texts[i]);
        profile->notices[profile->nr_notices] = text_copy(loader, text);
        if (profile->notices[profile->nr_notices++] == NULL)
            result = -1;
    }
    notices_release(&all);
    return result != 0 || profile->notices == NULL ? no_memory(loader) : 0;
}

/* ---- A trace -------------------------------------------------------------------------------------- */

static const char tree_is_cut[] =
    "too many call paths to tell them all apart: calls on further ones are shown further out; "
    "counts and own times are right, inclusive times and callers may not be";

static int functions_set(struct loader *loader)
{
    struct symbol_options symbols = input_symbols(loader->options);
    struct function_names_request request = {.trace = loader->trace,
                                             .functions = &loader->replay.functions,
                                             .options = &symbols,
                                             .notice = notices_add,
                                             .context = &loader->notices};
    if (loader->replay.tree.cut)
        notices_add(&loader->notices, tree_is_cut);
    loader->profile->functions = function_names(&request, &loader->profile->arena, loader->err);
    loader->profile->nr_functions = loader->replay.functions.nr;
    if (loader->profile->functions == NULL)
        return -1;
    for (uint32_t i = 0; i < loader->profile->nr_functions; i++) {
        struct profile_function *function = &loader->profile->functions[i];
        function->serial = i;
        if (replay_durations(&loader->replay, i, &loader->profile->arena, &function->durations) != 0)
            return no_memory(loader);
    }
    return 0;
}

static bool heap_is_wanted(const struct loader *loader)
{
    return loader->options->heap != NULL && loader->trace->memory_kind != TF_MEMORY_OFF;
}

/* What the chart and the heap are told. */
static int observe_leave(void *context, const struct replay_call *call)
{
    return chart_observer.leave(((struct loader *)context)->options->chart, call);
}

static int observe_note(void *context, uint32_t thread, uint64_t ticks, const struct chunk_ext *ext)
{
    return heap_observer.note(&((struct loader *)context)->heap, thread, ticks, ext);
}

static int observe_memory(void *context, const struct replay_memory *event)
{
    return heap_observer.memory(&((struct loader *)context)->heap, event);
}

/* Blocks go from thread to thread: the heap wants all events in order of time; the chart has a row for each thread. */
static int trace_observe(struct loader *loader)
{
    struct chart *chart = loader->options->chart;
    bool heap = heap_is_wanted(loader);
    const struct replay_observer observer = {.context = loader,
                                             .leave = chart != NULL ? observe_leave : NULL,
                                             .note = heap ? observe_note : NULL,
                                             .memory = heap ? observe_memory : NULL};
    if (heap && heap_begin(&loader->heap, &loader->replay, loader->options->at_ns, loader->err) != 0)
        return -1;
    int result = heap ? replay_watch(&loader->replay, &observer, loader->err)
                      : replay_walk(&loader->replay, &observer, loader->err);
    if (result != 0 || (heap && heap_finish(&loader->heap) != 0))
        return -1;
    return chart == NULL ? 0 : chart_finish(chart, &loader->replay, loader->err);
}

/* Only of a whole tree of one trace: what filters leave of a function's calls has another rhythm. */
static bool has_rhythms(const struct loader *loader)
{
    const struct options *options = loader->options;
    return options->finds && options->nr_inputs == 1 && !input_is_filtered(options);
}

/* Once through the trace; in order of time where there is a chart to be filled, or a heap to be watched. */
static int trace_replay(struct loader *loader)
{
    struct progress progress = progress_begin(loader->options, loader->trace->path);
    loader->replay.progress = progress_show;
    loader->replay.progress_context = &progress;
    loader->replay.rhythms = has_rhythms(loader) ? &loader->rhythms : NULL;
    int result = loader->options->chart != NULL || heap_is_wanted(loader) ? trace_observe(loader)
                                                                          : replay_run(&loader->replay, loader->err);
    progress_end(&progress);
    return result;
}

static int cost_take_out(struct loader *loader)
{
    loader->cost = hook_cost_of(loader->trace);
    return compensate(&loader->replay.tree, &loader->replay.fenced, &loader->cost, loader->err);
}

/* While functions have their numbers of the replay. */
static int heap_make(struct loader *loader)
{
    if (!heap_is_wanted(loader))
        return 0;
    loader->heap_made = heap_name(loader->options, &loader->heap, loader->profile, loader->err);
    return loader->heap_made == NULL ? -1 : 0;
}

static int rhythms_set(struct loader *loader)
{
    if (!has_rhythms(loader))
        return 0;
    rhythms_finish(&loader->rhythms);
    return rhythms_find(&loader->rhythms, &loader->trace->clock, loader->profile, loader->err);
}

static int chart_name(struct loader *loader)
{
    struct chart *chart = loader->options->chart;
    return chart == NULL ? 0 : chart_renumber(chart, loader->profile, loader->err);
}

static struct profile *trace_load_profile(const struct options *options, const char *path, struct err *err)
{
    struct loader loader = {.options = options, .err = err};
    struct replay_filter filter = input_filter(options);
    struct profile *result = NULL;
    loader.trace = input_open(path, err);
    if (loader.trace == NULL)
        return NULL;
    loader.profile = calloc(1, sizeof(*loader.profile));
    if (loader.profile == NULL) {
        no_memory(&loader);
        goto out;
    }
    arena_init(&loader.profile->arena, 0);
    if (replay_init(&loader.replay, loader.trace, &filter, err) == 0 && trace_replay(&loader) == 0 &&
        cost_take_out(&loader) == 0 && functions_set(&loader) == 0 && heap_make(&loader) == 0 &&
        facts_set(&loader) == 0 && tree_finish(&loader) == 0 && rhythms_set(&loader) == 0 && chart_name(&loader) == 0 &&
        notices_set(&loader) == 0) {
        result = loader.profile;
        loader.profile = NULL;
        if (options->heap != NULL)
            *options->heap = loader.heap_made;
    } else {
        heap_profile_free(loader.heap_made);
    }
    heap_release(&loader.heap);
    replay_release(&loader.replay);
    rhythms_release(&loader.rhythms);
out:
    profile_free(loader.profile);
    notices_release(&loader.notices);
    trace_close(loader.trace);
    return result;
}

/* What a file holds that was profiled before. Its events are gone, so that nothing can be left out any more. */
static struct profile *file_load_profile(const struct options *options, const char *path, struct err *err)
{
    if (input_is_filtered(options) || options->thread != 0 || options->process != 0) {
        err_set(err, ERR_USAGE, "%s: is a profile: to leave something out takes the trace", path);
        return NULL;
    }
    return profile_file_read(path, err);
}

static struct profile *input_load_profile(const struct options *options, const char *path, struct err *err)
{
    if (standard_input_keep(path, err) != 0)
        return NULL;
    return profile_file_is(path) ? file_load_profile(options, path, err) : trace_load_profile(options, path, err);
}

static struct profile *inputs_load_profile(const struct options *options, struct err *err)
{
    if (input_check_default(options, err) != 0)
        return NULL;
    if (options->nr_inputs == 1)
        return input_load_profile(options, options->inputs[0], err);
    struct progress progress = progress_begin(options, "merging");
    struct merger *merger = merger_new(err);
    for (int i = 0; merger != NULL && i < options->nr_inputs; i++) {
        progress_show(&progress, (uint64_t)i, (uint64_t)options->nr_inputs);
        struct profile *profile = input_load_profile(options, options->inputs[i], err);
        if (profile == NULL || merger_add(merger, profile, err) != 0) {
            merger_free(merger);
            merger = NULL;
        }
        profile_free(profile);
    }
    progress_end(&progress);
    return merger == NULL ? NULL : merger_finish(merger, err);
}

struct profile *load_profile(const struct options *options, struct err *err)
{
    struct profile *profile = inputs_load_profile(options, err);
    if (profile == NULL || !options->redact || profile_redact(profile, err) == 0)
        return profile;
    profile_free(profile);
    return NULL;
}
