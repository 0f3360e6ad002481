/*
 * The flame graph in order of time: every thread's calls as they followed one another, a lane a thread. As in the flame
 * graph, what stands in the SVG is for readers without scripts; those get all slices.
 */
#include "view/views.h"

#include "base/escape.h"
#include "base/number.h"
#include "view/chart_data.h"
#include "view/svg.h"
#include "view/title.h"
#include "view/tree_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANE_GAP_PX 8u

struct lanes {
    const struct profile *profile;
    const struct view_options *options;
    const struct chart_thread **threads; /* by their beginnings */
    uint32_t nr;
    uint64_t start, end; /* of all */
    unsigned plane_px, height_px;
    uint64_t nr_narrow; /* slices of less than a pixel */
};

static int thread_compare(const void *a, const void *b)
{
    const struct chart_thread *s = *(const struct chart_thread *const *)a, *t = *(const struct chart_thread *const *)b;
    return s->start != t->start ? (s->start > t->start) - (s->start < t->start) : (s->tid > t->tid) - (s->tid < t->tid);
}

static int lanes_make(struct lanes *lanes, const struct chart *chart, struct err *err)
{
    lanes->threads = calloc((size_t)chart->nr_threads + 1, sizeof(const struct chart_thread *));
    if (lanes->threads == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    lanes->start = UINT64_MAX;
    for (uint32_t i = 0; i < chart->nr_threads; i++) {
        const struct chart_thread *thread = &chart->threads[i];
        if (thread->nr_levels == 0)
            continue;
        lanes->threads[lanes->nr++] = thread;
        lanes->start = thread->start < lanes->start ? thread->start : lanes->start;
        lanes->end = thread->end > lanes->end ? thread->end : lanes->end;
        lanes->height_px += (thread->nr_levels + 1) * SVG_ROW_PX + LANE_GAP_PX;
    }
    if (lanes->nr > 1)
        qsort(lanes->threads, lanes->nr, sizeof(const struct chart_thread *), thread_compare);
    return 0;
}

/* A box with a title of `name`, the time, and the number of calls when they are several. */
static void box_write(struct out *out, const struct lanes *lanes, const char *name, const struct chart_slice *slice,
                      unsigned y)
{
    uint64_t whole = lanes->end - lanes->start, start = slice->start - lanes->start;
    char text[NUMBER_BYTES];
    out_text(out, "\"><title>");
    out_text(out, slice->is_mixed ? "mostly " : "");
    escape_xml(out, name, strlen(name));
    out_text(out, " (");
    amount_write(out, lanes->profile, slice->end - slice->start);
    if (slice->calls > 1)
        out_format(out, ", %s calls", number_grouped(text, slice->calls));
    out_text(out, ")</title><rect");
    svg_position(out, "x", start, whole > 0 ? whole : 1);
    out_format(out, " y=\"%u\"", y);
    svg_position(out, "width", slice->end - slice->start, whole);
    out_format(out, " height=\"%u\"/>", SVG_ROW_PX - 1);
    const struct svg_label label = {name, start, slice->end - slice->start, whole, lanes->plane_px, y};
    svg_label_write(out, &label);
    out_text(out, "</g>\n");
}

static void slice_write(struct out *out, struct lanes *lanes, const struct chart_slice *slice, unsigned y)
{
    const struct profile *profile = lanes->profile;
    const struct profile_function *function =
        slice->function < profile->nr_functions ? &profile->functions[slice->function] : NULL;
    if ((double)(slice->end - slice->start) * lanes->plane_px < (double)(lanes->end - lanes->start)) {
        lanes->nr_narrow++;
        return;
    }
    out_text(out, "<g class=\"");
    if (function == NULL || function->kind != FUNCTION_CODE)
        out_text(out, function != NULL && function->kind == FUNCTION_REGION ? "cr" : "cu");
    else
        out_format(out, "c%x", name_color(function->name, lanes->options));
    box_write(out, lanes, function != NULL ? function->label : "…", slice, y);
}

static void lane_write(struct out *out, struct lanes *lanes, const struct chart_thread *thread, unsigned y)
{
    const struct chart_slice whole = {.start = thread->start, .end = thread->end, .calls = 1};
    char name[32];
    snprintf(name, sizeof(name), thread->tid > 0 ? "thread %u" : "all", thread->tid);
    out_text(out, "<g class=\"call");
    box_write(out, lanes, thread->name[0] != '\0' ? thread->name : name, &whole, y);
    for (uint32_t i = 0; i < thread->nr_levels; i++)
        for (size_t j = 0; j < thread->levels[i].nr; j++)
            slice_write(out, lanes, &thread->levels[i].slices[j], y + (i + 1) * SVG_ROW_PX);
}

static void lanes_write(struct out *out, struct lanes *lanes)
{
    char text[NUMBER_BYTES];
    unsigned y = 0;
    out_format(out, "<svg id=\"frames\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\">\n", SVG_MARGIN_PX, SVG_TOP_PX,
               lanes->plane_px, lanes->height_px);
    for (uint32_t i = 0; i < lanes->nr; i++) {
        lane_write(out, lanes, lanes->threads[i], y);
        y += (lanes->threads[i]->nr_levels + 1) * SVG_ROW_PX + LANE_GAP_PX;
    }
    out_text(out, "</svg>\n");
    if (lanes->nr_narrow > 0)
        out_format(out, "<text class=\"quiet\" id=\"pruned\" x=\"%u\" y=\"%u\">%s narrower boxes left out</text>\n",
                   SVG_MARGIN_PX, SVG_TOP_PX + lanes->height_px + 16, number_grouped(text, lanes->nr_narrow));
}

int flamechart_svg(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    struct lanes lanes = {.profile = profile, .options = options};
    struct tree_cut everything = tree_cut_count(profile, UINT64_MAX); /* there is no tree in the picture */
    lanes.plane_px = svg_width(options) - 2 * SVG_MARGIN_PX;
    if (lanes_make(&lanes, options->chart, err) != 0)
        return -1;
    svg_head(out, profile, options, SVG_TOP_PX + lanes.height_px + SVG_BOTTOM_PX);
    lanes_write(out, &lanes);
    free(lanes.threads);
    out_text(out, "<script id=\"data\" type=\"application/json\"><![CDATA[{");
    tree_data_write(out, profile, options, &everything);
    out_text(out, ",\n");
    tree_data_write_functions(out, profile);
    out_text(out, ",\n");
    chart_data_write(out, options->chart);
    out_text(out, "}]]></script>\n");
    svg_end(out);
    return 0;
}
