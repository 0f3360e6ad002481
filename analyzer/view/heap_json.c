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

/* The instants that were asked for: "at", or "at" and "then". */
static void instants_write(struct out *out, const struct heap_profile *heap, const struct heap_amount at[2])
{
    if (heap->at_ns[0] != UINT64_MAX)
        amount_write(out, ",", "at", &at[0]);
    if (heap->at_ns[1] != UINT64_MAX)
        amount_write(out, ",", "then", &at[1]);
}

static void counts_write(struct out *out, const struct heap_profile *heap, const struct heap_counts *counts)
{
    amount_write(out, "", "allocated", &counts->allocated);
    amount_write(out, ",", "peak", &counts->peak);
    instants_write(out, heap, counts->at);
    amount_write(out, ",", "live", &counts->live);
    number_write(out, ",", "temporary", counts->temporary);
    amount_write(out, ",", "resized", &counts->resized);
    amount_write(out, ",", "moved", &counts->moved);
    number_write(out, ",", "most_resizes", counts->most_resizes);
}

static void beside_write(struct out *out, const struct heap_totals *totals)
{
    const struct heap_mapped *mapped = &totals->mapped;
    out_text(out, ",\"mapped\":{");
    number_write(out, "", "mappings", mapped->nr);
    number_write(out, ",", "bytes", mapped->mapped);
    number_write(out, ",", "unmapped", mapped->unmapped);
    number_write(out, ",", "peak", mapped->peak);
    number_write(out, ",", "live", mapped->live);
    out_char(out, '}');
    if (totals->allocator.ticks == 0)
        return;
    out_text(out, ",\"allocator\":{");
    number_write(out, "", "in_use", totals->allocator.in_use);
    number_write(out, ",", "free", totals->allocator.free);
    number_write(out, ",", "mapped", totals->allocator.mapped);
    out_char(out, '}');
}

static void totals_write(struct out *out, const struct heap_profile *heap)
{
    const struct heap_totals *totals = &heap->totals;
    out_text(out, "\"memory\":{");
    amount_write(out, "", "allocated", &totals->allocated);
    amount_write(out, ",", "released", &totals->released);
    amount_write(out, ",", "peak", &totals->peak);
    number_write(out, ",", "peak_ns", heap->peak_ns);
    instants_write(out, heap, totals->at);
    if (heap->at_ns[0] != UINT64_MAX)
        number_write(out, ",", "at_ns", heap->at_ns[0]);
    if (heap->at_ns[1] != UINT64_MAX)
        number_write(out, ",", "then_ns", heap->at_ns[1]);
    amount_write(out, ",", "live", &totals->live);
    number_write(out, ",", "temporary", totals->temporary);
    amount_write(out, ",", "resized", &totals->resized);
    amount_write(out, ",", "moved", &totals->moved);
    number_write(out, ",", "not_resized", totals->not_resized);
    number_write(out, ",", "unknown_releases", totals->unknown);
    number_write(out, ",", "reordered", totals->reordered);
    number_write(out, ",", "dropped_events", totals->dropped);
    number_write(out, ",", "callerless", totals->callerless);
    beside_write(out, totals);
    out_format(out, ",\"complete\":%s", heap->run->facts.complete && totals->dropped == 0 ? "true" : "false");
    array_write(out, "sizes", heap->sizes, HEAP_BUCKETS);
    array_write(out, "lifetimes_ns", heap->lifetimes, HEAP_BUCKETS);
    out_char(out, '}');
}

/* The heap over time: equal parts from start_ns on. */
static void over_time_write(struct out *out, const struct heap_profile *heap)
{
    uint64_t blocks[HEAP_INSTANTS], bytes[HEAP_INSTANTS];
    for (unsigned i = 0; i < HEAP_INSTANTS; i++) {
        blocks[i] = heap->allocated[i].blocks;
        bytes[i] = heap->allocated[i].bytes;
    }
    number_write(out, ",\"over_time\":{", "start_ns", heap->start_ns);
    number_write(out, ",", "span_ns", heap->span_ns);
    array_write(out, "live_bytes", heap->most, HEAP_INSTANTS);
    array_write(out, "allocated_bytes", bytes, HEAP_INSTANTS);
    array_write(out, "allocated_blocks", blocks, HEAP_INSTANTS);
    out_text(out, ",\"paths\":[");
    for (uint32_t i = 0; i < heap->nr_bands; i++) {
        number_write(out, i > 0 ? ",{" : "{", "path", heap->bands[i].node);
        array_write(out, "live_bytes", heap->bands[i].bytes, HEAP_INSTANTS);
        out_char(out, '}');
    }
    out_text(out, "]}");
}

static void findings_write(struct out *out, const struct heap_profile *heap)
{
    static const char *const kinds[] = {"sawtooth", "temporary", "resizing"};
    out_text(out, ",\"findings\":[");
    for (uint32_t i = 0; i < heap->nr_findings; i++) {
        const struct heap_finding *finding = &heap->findings[i];
        out_format(out, "%s\"kind\":\"%s\"", i > 0 ? ",{" : "{", kinds[finding->kind]);
        number_write(out, ",", "path", finding->node);
        number_write(out, ",", "count", finding->count);
        number_write(out, ",", "bytes", finding->bytes);
        if (finding->kind == HEAP_SAWTOOTH) {
            number_write(out, ",", "low_bytes", finding->low_bytes);
            number_write(out, ",", "period_ns", finding->period_ns);
            number_write(out, ",", "shortest_ns", finding->shortest_ns);
            number_write(out, ",", "longest_ns", finding->longest_ns);
        }
        if (finding->kind == HEAP_RESIZING)
            number_write(out, ",", "most_resizes", finding->most_resizes);
        out_char(out, '}');
    }
    out_char(out, ']');
}

static void wrappers_write(struct out *out, const struct heap_profile *heap)
{
    out_text(out, ",\"wrappers\":[");
    for (uint32_t i = 0; i < heap->nr_wrappers; i++) {
        const struct heap_wrapper *wrapper = &heap->wrappers[i];
        number_write(out, i > 0 ? ",{" : "{", "allocations", wrapper->allocs);
        text_write(out, "name", wrapper->label);
        out_format(out, ",\"known_by\":\"%s\"", wrapper->by_use ? "use" : "name");
        if (wrapper->by_use) {
            number_write(out, ",", "callers", wrapper->callers);
            number_write(out, ",", "steady_callers", wrapper->steady);
        }
        out_char(out, '}');
    }
    out_char(out, ']');
}

int heap_json(const struct heap_profile *heap, const struct view_options *options, struct out *out, struct err *err)
{
    (void)options;
    (void)err;
    out_char(out, '{');
    totals_write(out, heap);
    over_time_write(out, heap);
    findings_write(out, heap);
    wrappers_write(out, heap);
    out_text(out, ",\"functions\":[");
    for (uint32_t i = 0; i < heap->nr_functions; i++) {
        const struct heap_function *function = &heap->functions[i];
        out_text(out, i > 0 ? ",{" : "{");
        counts_write(out, heap, &function->self);
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
        counts_write(out, heap, &node->self);
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
