#include "cmd/heap.h"

#include "cmd/input.h"
#include "cmd/load.h"
#include "export/export.h"
#include "profile/heap_make.h"
#include "view/heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int options_check(const struct options *options, struct err *err)
{
    if (options->nr_inputs != 1)
        return err_set(err, ERR_USAGE, "the heap of one trace at a time: %d are named", options->nr_inputs);
    if (options->redact)
        return err_set(err, ERR_USAGE, "--redact: not of the heap");
    if (options->thread != 0 || options->function != NULL)
        return err_set(err, ERR_USAGE, "--%s: blocks go from one to another; the heap is shown whole",
                       options->thread != 0 ? "thread" : "function");
    if (options->weight == WEIGHT_LIVE && options->at_ns[0] == UINT64_MAX)
        return err_set(err, ERR_USAGE, "--weight live: at which instant? --at T says it");
    if (options->weight == WEIGHT_GROWN && options->at_ns[1] == UINT64_MAX)
        return err_set(err, ERR_USAGE, "--weight grown: from when to when? --at A..B says it");
    return 0;
}

/* Is there anything to be seen? 0, or -1 with err set. */
static int trace_check(const struct options *options, struct err *err)
{
    struct trace *trace = options_check(options, err) == 0 ? input_open_single(options, err) : NULL;
    if (trace == NULL)
        return -1;
    int result = trace->memory_kind != TF_MEMORY_OFF ? 0
                                                     : err_set(err, ERR_USAGE,
                                                               "%s: no allocations were recorded; TRACERT_MEMORY=full "
                                                               "does, see tracert(7)",
                                                               trace->path);
    trace_close(trace);
    return result;
}

struct heap_profile *heap_load(const struct options *options, struct profile **run, struct err *err)
{
    struct options with_heap = *options;
    struct heap_profile *heap = NULL;
    with_heap.heap = &heap;
    *run = trace_check(options, err) == 0 ? load_profile(&with_heap, err) : NULL;
    return *run != NULL ? heap : NULL;
}

struct profile *heap_load_weighed(const struct options *options, struct err *err)
{
    static const enum heap_weight weights[] = {
        [WEIGHT_BYTES] = HEAP_BYTES,   [WEIGHT_ALLOCS] = HEAP_ALLOCS, [WEIGHT_PEAK] = HEAP_PEAK,
        [WEIGHT_LEAKED] = HEAP_LEAKED, [WEIGHT_LIVE] = HEAP_LIVE_AT,  [WEIGHT_GROWN] = HEAP_GROWN};
    struct profile *run = NULL;
    struct heap_profile *heap = heap_load(options, &run, err);
    struct profile *profile = heap == NULL ? NULL : heap_profile_weigh(heap, weights[options->weight], err);
    heap_profile_free(heap);
    profile_free(run);
    return profile;
}

/* ---- A verb with --memory ------------------------------------------------------------------------- */

static const struct form {
    const char *verb, *format;
    int (*write)(const struct heap_profile *heap, const struct view_options *options, struct out *out, struct err *err);
} forms[] = {{"report", "text", heap_text},
             {"report", "json", heap_json},
             {"report", "svg", heap_svg},
             {"export", "pprof", export_heap_pprof},
             {"export", "massif", export_heap_massif}};

bool heap_is_asked(const struct options *options, const char *verb)
{
    if (options->memory || options->format == NULL || view_find(verb, options->format) != NULL)
        return options->memory;
    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
        if (strcmp(forms[i].verb, verb) == 0 && strcmp(forms[i].format, options->format) == 0)
            return true;
    return false;
}

static const struct form *form_find(const struct options *options, const char *verb, struct err *err)
{
    char known[128] = "";
    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        if (strcmp(forms[i].verb, verb) != 0)
            continue;
        if (options->format == NULL || strcmp(options->format, forms[i].format) == 0)
            return &forms[i];
        size_t used = strlen(known);
        snprintf(known + used, sizeof(known) - used, "%s%s", used > 0 ? ", " : "", forms[i].format);
    }
    err_set(err, ERR_USAGE, "%s --memory cannot write the format \"%s\", only: %s", verb, options->format, known);
    return NULL;
}

struct answer {
    const struct form *form;
    const struct heap_profile *heap;
};

static int answer_write(const void *context, const struct view_options *view, struct out *out, struct err *err)
{
    const struct answer *answer = context;
    return answer->form->write(answer->heap, view, out, err);
}

int heap_show(const struct options *options, const char *verb)
{
    struct err err = {0};
    struct profile *run = NULL;
    const struct form *form = form_find(options, verb, &err);
    struct heap_profile *heap = form == NULL ? NULL : heap_load(options, &run, &err);
    struct view_options view = {.top = options->top, .title = options->title};
    const struct answer answer = {form, heap};
    int status = ERR_NONE;
    if (heap == NULL ||
        command_output(options, answer_write, &answer, &view, strcmp(form->format, "text") == 0, &err) != 0)
        status = command_fail(&err);
    else
        command_notices(options, run, strcmp(form->format, "text") == 0);
    if (status == ERR_NONE && (!run->facts.complete || heap->totals.dropped > 0))
        status = ERR_INCOMPLETE;
    heap_profile_free(heap);
    profile_free(run);
    return status;
}
