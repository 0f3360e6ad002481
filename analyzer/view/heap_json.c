#include "view/heap.h"

#include "base/escape.h"

static void number_write(struct out *out, const char *before, const char *name, uint64_t number)
{
    out_format(out, "%s\"%s\":%llu", before, name, (unsigned long long)number);
}

static void amount_write(struct out *out, const char *before, const char *name, const struct heap_amount *amount)
{
    out_format(out, "%s\"%s\":{\"bytes\":%llu,\"blocks\":%llu}", before, name, (unsigned long long)amount->bytes,
               (unsigned long long)amount->blocks);
}

static void text_write(struct out *out, const char *name, const char *text)
{
    out_format(out, ",\"%s\":", name);
    escape_json(out, text);
}

static void array_write(struct out *out, const char *name, const uint64_t *numbers, unsigned nr)
{
    out_format(out, ",\"%s\":[", name);
    for (unsigned i = 0; i < nr; i++)
        out_format(out, "%s%llu", i > 0 ? "," : "", (unsigned long long)numbers[i]);
    out_char(out, ']');
}

static void counts_write(struct out *out, const struct heap_counts *counts, bool at)
{
    amount_write(out, "", "allocated", &counts->allocated);
    amount_write(out, ",", "peak", &counts->peak);
    if (at)
        amount_write(out, ",", "at", &counts->at);
    amount_write(out, ",", "live", &counts->live);
    number_write(out, ",", "temporary", counts->temporary);
}

static void totals_write(struct out *out, const struct heap_profile *heap)
{
    const struct heap_totals *totals = &heap->totals;
    out_text(out, "\"memory\":{");
    amount_write(out, "", "allocated", &totals->allocated);
    amount_write(out, ",", "released", &totals->released);
    amount_write(out, ",", "peak", &totals->peak);
    number_write(out, ",", "peak_ns", heap->peak_ns);
    if (heap->at_ns != UINT64_MAX) {
        amount_write(out, ",", "at", &totals->at);
        number_write(out, ",", "at_ns", heap->at_ns);
    }
    amount_write(out, ",", "live", &totals->live);
    number_write(out, ",", "temporary", totals->temporary);
    number_write(out, ",", "resized", totals->resized);
    number_write(out, ",", "not_resized", totals->not_resized);
    number_write(out, ",", "unknown_releases", totals->unknown);
    number_write(out, ",", "reordered", totals->reordered);
    number_write(out, ",", "dropped_events", totals->dropped);
    out_format(out, ",\"complete\":%s", heap->run->facts.complete && totals->dropped == 0 ? "true" : "false");
    array_write(out, "sizes", heap->sizes, HEAP_BUCKETS);
    array_write(out, "lifetimes_ns", heap->lifetimes, HEAP_BUCKETS);
    array_write(out, "most_over_time", heap->instants, HEAP_INSTANTS);
    out_text(out, "}");
}

int heap_json(const struct heap_profile *heap, const struct view_options *options, struct out *out, struct err *err)
{
    (void)options;
    (void)err;
    bool at = heap->at_ns != UINT64_MAX;
    out_char(out, '{');
    totals_write(out, heap);
    out_text(out, ",\"functions\":[");
    for (uint32_t i = 0; i < heap->nr_functions; i++) {
        const struct heap_function *function = &heap->functions[i];
        out_text(out, i > 0 ? ",{" : "{");
        counts_write(out, &function->self, at);
        text_write(out, "name", function->label);
        text_write(out, "module", function->module);
        text_write(out, "file", function->file);
        number_write(out, ",", "line", function->line);
        out_char(out, '}');
    }
    out_text(out, "],\"paths\":[");
    for (uint32_t i = 0; i < heap->nr_nodes; i++) { /* the first is the empty path */
        const struct heap_node *node = &heap->nodes[i];
        out_text(out, i > 0 ? ",{" : "{");
        counts_write(out, &node->self, at);
        number_write(out, ",", "parent", node->parent);
        if (i > 0)
            number_write(out, ",", "function", node->function);
        out_char(out, '}');
    }
    out_text(out, "],\"threads\":[");
    for (uint32_t i = 0; i < heap->nr_threads; i++) {
        const struct heap_thread *thread = &heap->threads[i];
        number_write(out, i > 0 ? ",{" : "{", "pid", thread->pid);
        number_write(out, ",", "tid", thread->tid);
        text_write(out, "name", thread->name);
        amount_write(out, ",", "allocated", &thread->counts.allocated);
        amount_write(out, ",", "released", &thread->counts.released);
        amount_write(out, ",", "live", &thread->counts.live);
        number_write(out, ",", "temporary", thread->counts.temporary);
        out_char(out, '}');
    }
    out_text(out, "]}\n");
    return 0;
}
