#include "view/heap_page.h"

#include "base/escape.h"
#include "base/path.h"
#include "view/heap.h"
#include "view/tree_data.h"

#include <inttypes.h>
#include <string.h>

#define NODES_MAX 50000u /* of each flame graph */

static const struct {
    enum heap_weight weight;
    const char *title;
} weights[] = {{HEAP_PEAK, "live at the peak"},
               {HEAP_BYTES, "allocated bytes"},
               {HEAP_ALLOCS, "allocations"},
               {HEAP_LEAKED, "left at the end"}};

static int weight_write(const struct heap_profile *heap, size_t number, const struct view_options *options,
                        struct out *out, struct err *err)
{
    struct profile *profile = heap_profile_weigh(heap, weights[number].weight, err);
    if (profile == NULL)
        return -1;
    struct tree_cut cut = tree_cut_choose(profile, options->min_width, NODES_MAX);
    out_format(out, "%s{\"title\":\"%s\",", number > 0 ? ",\n" : "", weights[number].title);
    tree_data_write(out, profile, options, &cut); /* a heap is of one trace: there is no pair */
    out_char(out, ',');
    tree_data_write_functions(out, profile);
    out_char(out, '}');
    profile_free(profile);
    return 0;
}

static void number_write(struct out *out, const char *name, uint64_t number)
{
    out_format(out, ",\"%s\":%" PRIu64, name, number);
}

static void function_write(struct out *out, const struct heap_function *function)
{
    const char *file = path_last(function->file);
    const struct heap_counts *self = &function->self;
    out_text(out, "{\"label\":");
    escape_json(out, function->label);
    number_write(out, "peak_bytes", self->peak.bytes);
    number_write(out, "peak_blocks", self->peak.blocks);
    number_write(out, "allocated_bytes", self->allocated.bytes);
    number_write(out, "allocated_blocks", self->allocated.blocks);
    number_write(out, "temporary", self->temporary);
    number_write(out, "left_bytes", self->live.bytes);
    number_write(out, "left_blocks", self->live.blocks);
    number_write(out, "line", function->line);
    out_text(out, ",\"place\":");
    escape_json(out, file);
    out_char(out, '}');
}

int heap_page_write(const struct heap_profile *heap, const struct view_options *options, struct out *out,
                    struct err *err)
{
    bool is_first = true;
    if (heap == NULL)
        return 0;
    out_text(out, "<template id=\"heap-picture\">");
    if (heap_picture_write(heap, options, false, out, err) != 0)
        return -1;
    out_text(out, "</template>\n<script type=\"application/json\" id=\"heap\">{\"summary\":\"");
    heap_summary_write(heap, out);
    out_text(out, "\",\n\"weights\":[");
    for (size_t i = 0; i < sizeof(weights) / sizeof(*weights); i++)
        if (weight_write(heap, i, options, out, err) != 0)
            return -1;
    out_text(out, "],\n\"functions\":[");
    for (uint32_t i = 0; i < heap->nr_functions; i++) {
        if (heap->functions[i].self.allocated.blocks == 0)
            continue;
        out_text(out, is_first ? "\n" : ",\n");
        function_write(out, &heap->functions[i]);
        is_first = false;
    }
    out_text(out, "]}</script>\n");
    return 0;
}
