#include "replay_text.h"

#include "trace/verify.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void function_print(FILE *out, const struct replay *replay, uint32_t function)
{
    const struct function_id *id = &replay->functions.ids[function];
    if (id->region != NULL)
        fprintf(out, "%s", id->region);
    else if (id->at.object != TRACE_NONE)
        fprintf(out, "%s+%" PRIx64, replay->trace->objects[id->at.object].path, id->at.address);
    else
        fprintf(out, "%" PRIx64, id->at.address);
}

static void path_print(FILE *out, const struct replay *replay, uint32_t node)
{
    uint32_t path[1024], depth = 0;
    for (; node != CALLTREE_ROOT && depth < 1024; node = replay->tree.nodes[node].parent)
        path[depth++] = replay->tree.nodes[node].function;
    while (depth > 0) {
        function_print(out, replay, path[--depth]);
        fputs(depth > 0 ? ";" : "", out);
    }
}

/* What fenced chunks say of the node, if anything. */
static void fenced_print(FILE *out, const struct replay *replay, uint32_t node)
{
    const struct fenced_sum *sum = node < replay->fenced.nr ? &replay->fenced.sums[node] : NULL;
    if (sum != NULL && sum->own + sum->callees > 0)
        fprintf(out, " fenced %" PRIu64 " own %" PRIu32 " callees %" PRIu32, sum->time, sum->own, sum->callees);
}

static int line_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of a text in alphabetical order. */
static char *lines_sort(char *text)
{
    size_t nr = 0, bytes = strlen(text) + 1;
    char **lines = calloc(bytes, sizeof(char *)), *sorted = calloc(1, bytes), *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        lines[nr++] = line;
    qsort(lines, nr, sizeof(char *), line_compare);
    for (size_t i = 0; i < nr; i++) {
        strcat(sorted, lines[i]);
        strcat(sorted, "\n");
    }
    free(lines);
    free(text);
    return sorted;
}

/* Every call is in its function's histogram, between the least and the greatest. */
static void durations_check(const struct replay *replay)
{
    struct arena arena;
    arena_init(&arena, 0);
    for (uint32_t function = 0; function < replay->functions.nr; function++) {
        struct histogram durations;
        uint64_t calls = 0, min = UINT64_MAX, max = 0;
        for (uint32_t i = 1; i < replay->tree.nr_nodes; i++) {
            const struct calltree_node *node = &replay->tree.nodes[i];
            if (node->function != function || node->calls == 0)
                continue;
            calls += node->calls;
            min = node->min < min ? node->min : min;
            max = node->max > max ? node->max : max;
        }
        ck_assert_int_eq(replay_durations(replay, function, &arena, &durations), 0);
        ck_assert_uint_eq(histogram_calls(&durations), calls);
        if (calls == 0)
            continue;
        ck_assert_uint_le(durations.counts[0].bucket, histogram_bucket(min + min / 32));
        ck_assert_uint_ge(durations.counts[0].bucket, histogram_bucket(min - min / 32));
        ck_assert_uint_ge(durations.counts[durations.nr - 1].bucket, histogram_bucket(max - max / 32));
    }
    arena_release(&arena);
}

char *replay_text(const struct replay *replay)
{
    char *text = NULL;
    size_t bytes = 0;
    uint64_t nr_calls = 0, tree_calls = 0;
    FILE *out = open_memstream(&text, &bytes);
    for (uint32_t i = 0; i < replay->trace->nr_threads; i++) {
        const struct replay_thread *thread = &replay->threads[i];
        nr_calls += thread->nr_calls;
        ck_assert_uint_eq(thread->nr_calls + thread->nr_exits,
                          2 * thread->nr_calls - thread->open_frames - thread->unwound_frames);
        fprintf(out,
                "!thread %" PRIu32 " calls %" PRIu64 " exits %" PRIu64 " open %" PRIu64 " unwound %" PRIu64
                " inherited %" PRIu64 " orphans %" PRIu64 " lost %" PRIu64 " stalled %" PRIu64 "\n",
                replay->trace->threads[i].tid, thread->nr_calls, thread->nr_exits, thread->open_frames,
                thread->unwound_frames, thread->inherited_exits, thread->orphan_exits, thread->lost_events,
                thread->stalled_ticks);
    }
    for (uint32_t i = 1; i < replay->tree.nr_nodes; i++) {
        const struct calltree_node *node = &replay->tree.nodes[i];
        if (replay->functions.ids[node->function].region == NULL)
            tree_calls += node->calls;
        path_print(out, replay, i);
        fprintf(out, " %" PRIu64 " %" PRIu64 " %" PRIu64 "..%" PRIu64 " inlined %" PRIu64, node->calls, node->inclusive,
                node->calls > 0 ? node->min : 0, node->max, node->inlined_calls);
        fenced_print(out, replay, i);
        fputc('\n', out);
    }
    fclose(out);
    ck_assert_uint_eq(nr_calls, tree_calls);
    durations_check(replay);
    return lines_sort(text);
}

char *trace_text(const char *path, bool *complete, struct err *err)
{
    const struct replay_filter everything = {.to_ns = UINT64_MAX};
    struct replay replay = {0};
    struct verify verify = {0};
    char *text = NULL;
    struct trace *trace = trace_open(path, err);
    *complete = false;
    if (trace == NULL)
        return NULL;
    if (replay_init(&replay, trace, &everything, err) == 0 && replay_run(&replay, err) == 0) {
        text = replay_text(&replay);
        *complete = trace_is_complete(trace) && replay_dropped(&replay) == 0;
        if (verify_trace(&verify, trace, err) == 0 && verify.nr_problems > 0)
            *complete = false;
        verify_release(&verify);
    }
    replay_release(&replay);
    trace_close(trace);
    return text;
}

/* ---- Watching ------------------------------------------------------------------------------------- */

struct watcher {
    const struct replay *replay;
    FILE *all; /* NULL: not wanted */

    struct thread_text {
        FILE *out;
        char *text;
        size_t bytes;
    } * threads; /* what there is of each by itself */
};

static void watcher_begin(struct watcher *watcher, const struct replay *replay, FILE *all)
{
    *watcher = (struct watcher){.replay = replay, .all = all};
    watcher->threads = calloc((size_t)replay->trace->nr_threads + 1, sizeof(*watcher->threads));
    for (uint32_t i = 0; i < replay->trace->nr_threads; i++)
        watcher->threads[i].out = open_memstream(&watcher->threads[i].text, &watcher->threads[i].bytes);
}

static void watcher_end(struct watcher *watcher)
{
    for (uint32_t i = 0; i < watcher->replay->trace->nr_threads; i++)
        fclose(watcher->threads[i].out);
}

static void watcher_free(struct watcher *watcher)
{
    for (uint32_t i = 0; i < watcher->replay->trace->nr_threads; i++)
        free(watcher->threads[i].text);
    free(watcher->threads);
}

static void flags_print(FILE *out, uint32_t flags)
{
    static const char letters[] = "lrihuoe."; /* in the order of the bits of enum replay_flag; '.' for LEAF */
    for (unsigned i = 0; letters[i] != '\0'; i++) {
        if ((flags >> i) & 1 && letters[i] != '.')
            fputc(letters[i], out);
    }
    fputc(' ', out);
}

static void call_print(const struct watcher *watcher, const struct replay_call *call, char kind, uint64_t ticks)
{
    FILE *outs[] = {watcher->all, watcher->threads[call->thread].out};
    for (int i = 0; i < 2; i++) {
        if (outs[i] == NULL)
            continue;
        fputc(kind, outs[i]);
        function_print(outs[i], watcher->replay, call->function);
        fprintf(outs[i], "@%" PRIu64, ticks);
        flags_print(outs[i], call->flags);
    }
    fprintf(outs[1], "depth %u from %" PRIu64 "\n", call->depth, call->start_ticks);
}

static int watch_enter(void *context, const struct replay_call *call)
{
    call_print(context, call, '+', call->start_ticks);
    return 0;
}

static int watch_leave(void *context, const struct replay_call *call)
{
    call_print(context, call, '-', call->end_ticks);
    return 0;
}

static int watch_note(void *context, uint32_t thread, uint64_t ticks, const struct chunk_ext *ext)
{
    const struct watcher *watcher = context;
    if (watcher->all != NULL)
        fprintf(watcher->all, "*%" PRIu64 "@%" PRIu64 " ", ext->kind, ticks);
    fprintf(watcher->threads[thread].out, "*%" PRIu64 "@%" PRIu64 "\n", ext->kind, ticks);
    return 0;
}

/* What the two ways of observing tell of each thread is the same. */
static void watchers_compare(const struct watcher *watch, const struct watcher *walk)
{
    for (uint32_t i = 0; i < watch->replay->trace->nr_threads; i++)
        ck_assert_msg(strcmp(watch->threads[i].text, walk->threads[i].text) == 0, "%.1500s\nis not\n%.1500s",
                      watch->threads[i].text, walk->threads[i].text);
}

char *watch_text(const char *path, uint64_t from_ns, uint64_t to_ns)
{
    const struct replay_filter filter = {.from_ns = from_ns, .to_ns = to_ns};
    struct replay replay = {0};
    struct err err = {0};
    char *text = NULL, *results[3];
    size_t bytes = 0;
    struct trace *trace = trace_open(path, &err);
    ck_assert_msg(trace != NULL, "%s", err.text);
    ck_assert_int_eq(replay_init(&replay, trace, &filter, &err), 0);
    ck_assert_int_eq(replay_run(&replay, &err), 0);
    results[0] = replay_text(&replay);
    struct watcher watchers[2];
    for (int i = 0; i < 2; i++) {
        struct watcher *watcher = &watchers[i];
        const struct replay_observer observer = {watcher, watch_enter, watch_leave, watch_note, NULL};
        watcher_begin(watcher, &replay, i == 0 ? open_memstream(&text, &bytes) : NULL);
        ck_assert_int_eq(i == 0 ? replay_watch(&replay, &observer, &err) : replay_walk(&replay, &observer, &err), 0);
        watcher_end(watcher);
        results[1 + i] = replay_text(&replay);
    }
    fclose(watchers[0].all);
    watchers_compare(&watchers[0], &watchers[1]);
    /* All ways of replaying must come to the same result. */
    for (int i = 0; i < 3; i++) {
        ck_assert_msg(strcmp(results[0], results[i]) == 0, "%.1500s\nis not\n%.1500s", results[0], results[i]);
        if (i > 0)
            free(results[i]);
    }
    free(results[0]);
    watcher_free(&watchers[0]);
    watcher_free(&watchers[1]);
    replay_release(&replay);
    trace_close(trace);
    return text;
}
