#include "cmd/heap.h"

#include "cmd/input.h"
#include "cmd/load.h"
#include "profile/function_names.h"
#include "profile/heap_make.h"
#include "view/heap.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* Names of functions that pass memory on: xmalloc, luaM_malloc_, g_strdup, operator new, … */
static const char usual_wrappers[] = "[Aa]lloc|strn?dup|^operator new|^__gnu_cxx::new_allocator|^std::.*allocat";

/* Which functions are wrappers; the caller frees it. NULL with err set. */
static bool *wrappers_find(const struct options *options, const struct profile_function *names, uint32_t nr,
                           struct err *err)
{
    regex_t regex;
    bool *wrappers = calloc((size_t)nr + 1, sizeof(*wrappers));
    const char *pattern = options->alloc_fn != NULL ? options->alloc_fn : usual_wrappers;
    if (wrappers == NULL || regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
        free(wrappers);
        err_set(err, ERR_INPUT, "out of memory");
        return NULL;
    }
    for (uint32_t i = 0; i < nr; i++)
        wrappers[i] = names[i].kind == FUNCTION_CODE && regexec(&regex, names[i].name, 0, NULL, 0) == 0;
    regfree(&regex);
    return wrappers;
}

/* Names for what has been watched, and the profile. */
static struct heap_profile *heap_name(const struct options *options, const struct heap *heap, struct profile *run,
                                      struct err *err)
{
    struct notices notices = {0}; /* the run has them already */
    struct symbol_options symbols = input_symbols(options);
    struct function_names_request request = {.trace = heap->replay->trace,
                                             .functions = &heap->replay->functions,
                                             .options = &symbols,
                                             .notice = notices_add,
                                             .context = &notices};
    uint32_t nr = heap->replay->functions.nr;
    struct profile_function *names = function_names(&request, &run->arena, err);
    bool *wrappers = names == NULL ? NULL : wrappers_find(options, names, nr, err);
    struct heap_profile *profile = NULL;
    if (wrappers != NULL)
        profile = heap_profile_make(heap, names, wrappers, run, err);
    else
        profile_free(run);
    free(wrappers);
    notices_release(&notices);
    return profile;
}

static int options_check(const struct options *options, struct err *err)
{
    if (options->nr_inputs != 1)
        return err_set(err, ERR_USAGE, "the heap of one trace at a time: %d are named", options->nr_inputs);
    if (options->thread != 0 || options->function != NULL)
        return err_set(err, ERR_USAGE, "--%s: blocks go from one to another; the heap is shown whole",
                       options->thread != 0 ? "thread" : "function");
    return 0;
}

struct heap_profile *heap_load(const struct options *options, struct err *err)
{
    struct replay_filter filter = input_filter(options);
    struct replay replay = {0};
    struct heap heap = {0};
    struct heap_profile *profile = NULL;
    struct profile *run = NULL;
    struct trace *trace = options_check(options, err) == 0 ? input_open_single(options, err) : NULL;
    if (trace == NULL)
        return NULL;
    if (trace->memory_kind == TF_MEMORY_OFF) {
        err_set(err, ERR_USAGE, "%s: no allocations were recorded; TRACERT_MEMORY=full does, see tracert(7)",
                trace->path);
        goto out;
    }
    run = load_profile(options, err);
    if (run != NULL && replay_init(&replay, trace, &filter, err) == 0 &&
        heap_run(&heap, &replay, options->at_ns, err) == 0)
        profile = heap_name(options, &heap, run, err);
    else
        profile_free(run);
    heap_release(&heap);
    replay_release(&replay);
out:
    trace_close(trace);
    return profile;
}

struct profile *heap_load_weighed(const struct options *options, struct err *err)
{
    static const enum heap_weight weights[] = {[WEIGHT_BYTES] = HEAP_BYTES,
                                               [WEIGHT_ALLOCS] = HEAP_ALLOCS,
                                               [WEIGHT_PEAK] = HEAP_PEAK,
                                               [WEIGHT_LEAKED] = HEAP_LEAKED};
    struct heap_profile *heap = heap_load(options, err);
    struct profile *profile = heap == NULL ? NULL : heap_profile_weigh(heap, weights[options->weight], err);
    heap_profile_free(heap);
    return profile;
}

int heap_report(const struct options *options)
{
    struct err err = {0};
    bool json = options->format != NULL && strcmp(options->format, "json") == 0;
    if (!json && options->format != NULL && strcmp(options->format, "text") != 0)
        err_set(&err, ERR_USAGE, "report --memory cannot write the format \"%s\", only: text, json", options->format);
    struct heap_profile *heap = err.code == ERR_NONE ? heap_load(options, &err) : NULL;
    struct out *out = heap == NULL ? NULL : out_open(options->output, &err);
    if (out == NULL) {
        heap_profile_free(heap);
        return command_fail(&err);
    }
    const struct view_options view = {.top = options->top,
                                      .color = options_color(options, out),
                                      .columns = out_is_terminal(out) ? out_columns(out) : 0};
    int result = json ? heap_json(heap, &view, out, &err) : heap_text(heap, &view, out, &err);
    bool complete = heap->run->facts.complete && heap->totals.dropped == 0;
    heap_profile_free(heap);
    if (result == 0)
        result = out_close(out, &err);
    else
        out_discard(out);
    return result != 0 ? command_fail(&err) : complete ? ERR_NONE : ERR_INCOMPLETE;
}
