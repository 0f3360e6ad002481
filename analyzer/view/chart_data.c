#include "view/chart_data.h"

#include "base/columns.h"
#include "base/escape.h"

/* Twice the calls, and one more when functions are mixed; 0 and 1 are a single call that was unwound, or never left. */
static uint64_t slice_calls(const struct chart_slice *slice)
{
    if (slice->calls == 1 && (slice->is_unwound || slice->is_open))
        return slice->is_unwound ? 0 : 1;
    return 2 * slice->calls + slice->is_mixed;
}

static void slice_add(struct columns *columns, const struct chart_slice *slice, uint64_t *at)
{
    uint64_t start = slice->start > *at ? slice->start : *at;
    uint64_t end = slice->end > start ? slice->end : start;
    columns_add(columns, start - *at);
    columns_add(columns, end - start);
    columns_add(columns, slice->function);
    columns_add(columns, slice_calls(slice));
    if (slice->calls > 1)
        columns_add(columns, slice->busy);
    *at = end;
}

static void thread_write(struct out *out, const struct chart_thread *thread)
{
    struct columns columns = {.out = out};
    out_format(out, "{\"pid\":%u,\"tid\":%u,\"start\":%llu,\"end\":%llu,\"name\":", thread->pid, thread->tid,
               (unsigned long long)thread->start, (unsigned long long)thread->end);
    escape_json(out, thread->name);
    out_text(out, ",\"slices\":");
    columns_add(&columns, thread->nr_levels);
    for (uint32_t i = 0; i < thread->nr_levels; i++) {
        uint64_t at = thread->start;
        columns_add(&columns, thread->levels[i].nr);
        for (size_t j = 0; j < thread->levels[i].nr; j++)
            slice_add(&columns, &thread->levels[i].slices[j], &at);
    }
    columns_end(&columns);
    out_char(out, '}');
}

void chart_data_write(struct out *out, const struct chart *chart)
{
    if (chart == NULL) {
        out_text(out, "\"chart\":null");
        return;
    }
    out_format(out, "\"chart\":{\"grain\":%llu,\"calls\":%llu,\"merged\":%llu,\"beyond\":%llu,\"threads\":[",
               (unsigned long long)chart->grain, (unsigned long long)chart->nr_calls,
               (unsigned long long)chart->nr_merged, (unsigned long long)chart->nr_beyond);
    bool first = true;
    for (uint32_t i = 0; i < chart->nr_threads; i++) {
        if (chart->threads[i].nr_levels == 0)
            continue;
        out_text(out, first ? "\n" : ",\n");
        first = false;
        thread_write(out, &chart->threads[i]);
    }
    out_text(out, "]}");
}

void durations_write(struct out *out, const struct profile *profile)
{
    struct columns columns = {.out = out};
    out_text(out, "\"durations\":");
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        const struct histogram *durations = &profile->functions[i].durations;
        uint32_t bucket = 0;
        columns_add(&columns, durations->nr);
        for (uint32_t j = 0; j < durations->nr; j++) {
            columns_add(&columns, durations->counts[j].bucket - bucket);
            columns_add(&columns, durations->counts[j].calls);
            bucket = durations->counts[j].bucket;
        }
    }
    columns_end(&columns);
}
