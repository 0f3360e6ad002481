#include "cmd/snapshot_load.h"

#include "cmd/heap_name.h"
#include "cmd/input.h"
#include "cmd/load.h"
#include "profile/function_names.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The trace beside an image. 0, or -1 with err set. */
static int trace_beside(const struct image *image, char *path, size_t bytes, struct err *err)
{
    const char *slash = strrchr(image->path, '/');
    int folder = slash == NULL ? 0 : (int)(slash - image->path) + 1;
    if (image->trace[0] == '\0' || strchr(image->trace, '/') != NULL)
        return err_set(err, ERR_INPUT, "%s: does not say which trace it belongs to: name it", image->path);
    if (snprintf(path, bytes, "%.*s%s", folder, image->path, image->trace) >= (int)bytes)
        return err_set(err, ERR_INPUT, "%s: its path is too long", image->path);
    return 0;
}

/* The live blocks of the image's instant. 0, or -1 with err set. */
static int live_find(struct heap *heap, struct replay *replay, const struct image *image, struct heap_live *live,
                     struct err *err)
{
    struct trace *trace = replay->trace;
    if (trace->session != image->session)
        return err_set(err, ERR_INPUT, "%s: does not belong to %s, but to another run", image->path, trace->path);
    live->process = image->process;
    live->number = image->number;
    if (heap_run_to(heap, replay, live, err) != 0)
        return -1;
    if (!live->found)
        return err_set(err, ERR_INPUT, "%s: the instant of %s is not in it%s", trace->path, image->path,
                       trace->being_written ? ", or not yet" : "");
    return 0;
}

static struct retention *retention_load(const struct options *options, struct image *image, const struct trace *trace,
                                        const struct heap_live *live, const struct heap_profile *heap,
                                        struct notices *notices, struct err *err)
{
    struct symbol_options symbols = input_symbols(options);
    const struct retention_request request = {.image = image,
                                              .trace = trace,
                                              .live = live,
                                              .heap = heap,
                                              .symbols = &symbols,
                                              .notice = notices_add,
                                              .context = notices};
    return retention_make(&request, err);
}

/* The call paths of a heap that was watched on its own, with names. NULL with err set. */
static struct heap_profile *heap_describe(const struct options *options, const struct heap *heap, struct profile *run,
                                          struct notices *notices, struct err *err)
{
    struct symbol_options symbols = input_symbols(options);
    struct function_names_request request = {.trace = heap->replay->trace,
                                             .functions = &heap->replay->functions,
                                             .options = &symbols,
                                             .notice = notices_add,
                                             .context = notices};
    struct profile named = {.functions = function_names(&request, &run->arena, err),
                            .nr_functions = heap->replay->functions.nr};
    struct heap_profile *profile = named.functions == NULL ? NULL : heap_name(options, heap, &named, err);
    if (profile != NULL)
        profile->run = run;
    for (uint32_t i = 0; i < run->nr_notices; i++)
        notices_add(notices, run->notices[i]);
    return profile;
}

/* Everything of it but the image's own facts. 0, or -1 with err set. */
static int snapshot_fill(struct snapshot *snapshot, const struct options *options, struct image *image,
                         struct trace *trace, struct notices *notices, struct err *err)
{
    struct replay_filter filter = {.to_ns = UINT64_MAX, .folds = !options->no_fold};
    struct replay replay = {0};
    struct heap heap = {0};
    struct heap_live live = {0};
    int result = -1;
    if (replay_init(&replay, trace, &filter, err) == 0 && live_find(&heap, &replay, image, &live, err) == 0 &&
        (snapshot->run = load_profile(options, err)) != NULL &&
        (snapshot->heap = heap_describe(options, &heap, snapshot->run, notices, err)) != NULL &&
        (snapshot->retention = retention_load(options, image, trace, &live, snapshot->heap, notices, err)) != NULL)
        result = snapshot_sum(snapshot, err);
    heap_live_release(&live);
    heap_release(&heap);
    replay_release(&replay);
    return result;
}

static const char *copy_keep(struct retention *retention, const char *text)
{
    const char *copy = arena_copy(&retention->arena, text, strlen(text));
    return copy == NULL ? "" : copy;
}

struct snapshot *snapshot_load(const struct options *options, const char *path, const char *trace_path,
                               struct notices *notices, struct err *err)
{
    char beside[PATH_MAX];
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    struct image *image = snapshot == NULL ? NULL : image_open(path, err);
    if (image != NULL && (trace_path != NULL || trace_beside(image, beside, sizeof(beside), err) == 0)) {
        char *inputs[] = {trace_path != NULL ? strdup(trace_path) : strdup(beside), NULL};
        struct options of_trace = *options;
        of_trace.inputs = inputs;
        of_trace.nr_inputs = 1;
        struct trace *trace = inputs[0] == NULL ? NULL : input_open(inputs[0], err);
        if (trace != NULL && snapshot_fill(snapshot, &of_trace, image, trace, notices, err) == 0) {
            snapshot->source = copy_keep(snapshot->retention, image->path);
            snapshot->name = copy_keep(snapshot->retention, image->name);
            snapshot->pid = image->pid;
            snapshot->why_incomplete = image->why_incomplete; /* a literal */
        }
        trace_close(trace);
        free(inputs[0]);
    }
    image_close(image);
    if (snapshot == NULL || snapshot->source == NULL) {
        snapshot_unload(snapshot);
        err_set(err, ERR_INPUT, "%s: out of memory", path);
        return NULL;
    }
    return snapshot;
}

void snapshot_unload(struct snapshot *snapshot)
{
    if (snapshot != NULL)
        snapshot_release(snapshot);
    free(snapshot);
}
