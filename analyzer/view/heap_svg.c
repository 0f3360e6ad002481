/*
 * The heap over time as one picture: what was live, stacked by the call paths that had most of it, the peak marked, and
 * below it how often memory was asked for. It needs no script; every area says what it is when it is pointed at.
 */
#include "view/heap.h"

#include "base/escape.h"
#include "base/number.h"
#include "view/heap_paths.h"
#include "view/page_files.h"
#include "view/svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEFT_PX    96u /* the axis' numbers */
#define RIGHT_PX   20u
#define PLOT_PX    320u
#define RATE_PX    48u
#define GAP_PX     30u /* between the two, with the times */
#define LEGEND_PX  18u
#define GRID_LINES 5u
#define FRAMES     20u /* of a path, in the legend */
#define NR_COLORS  13u

/* For readers that do not know CSS: the light ones of looks.css. Neighbours differ. */
static const struct {
    const char *class, *fill;
} colors[NR_COLORS] = {{"c0", "#de7d73"}, {"cr", "#a9cbe8"}, {"c9", "#e9e3ad"}, {"c3", "#d7aa90"}, {"c4", "#dec273"},
                       {"c7", "#d79b90"}, {"c2", "#e0d69e"}, {"cc", "#de9473"}, {"cb", "#d7c990"}, {"c5", "#e9bcad"},
                       {"c8", "#deab73"}, {"ce", "#e0ac9e"}, {"cu", "#cfcfcf"}};

struct plot {
    const struct heap_profile *heap;
    struct out *out;
    unsigned width_px, plane_px;   /* of the picture; of what shows the time */
    uint64_t floor[HEAP_INSTANTS]; /* of the next area */
    bool failed;                   /* memory ran out */
};

static double x_of(const struct plot *plot, double part)
{
    return LEFT_PX + plot->plane_px * part / HEAP_INSTANTS;
}

static double x_of_time(const struct plot *plot, uint64_t time_ns)
{
    uint64_t since = time_ns > plot->heap->start_ns ? time_ns - plot->heap->start_ns : 0;
    return x_of(plot, (double)since / ((double)plot->heap->span_ns + 1) * HEAP_INSTANTS);
}

static double y_of(const struct plot *plot, uint64_t bytes)
{
    return SVG_TOP_PX + PLOT_PX * (1 - (double)bytes / ((double)plot->heap->totals.peak.bytes * 1.05 + 1));
}

/* 1, 2 or 5 times a power of ten: about a GRID_LINESth of `whole`. */
static double step_of(double whole)
{
    double step = pow(10, floor(log10(fmax(whole / GRID_LINES, 1))));
    double times = whole / GRID_LINES / step;
    return step * (times >= 5 ? 5 : times >= 2 ? 2 : 1);
}

/* ---- Head and axes -------------------------------------------------------------------------------- */

void heap_summary_write(const struct heap_profile *heap, struct out *out)
{
    const struct heap_totals *totals = &heap->totals;
    char peak[NUMBER_BYTES], when[NUMBER_BYTES], left[NUMBER_BYTES], allocated[NUMBER_BYTES], blocks[NUMBER_BYTES];
    out_format(out, "%s at most, at %s; %s at the end; %s allocated in %s blocks",
               number_bytes(peak, totals->peak.bytes), number_time(when, heap->peak_ns),
               number_bytes(left, totals->live.bytes), number_bytes(allocated, totals->allocated.bytes),
               number_grouped(blocks, totals->allocated.blocks));
    if (!heap->run->facts.complete || totals->dropped > 0)
        out_text(out, "; INCOMPLETE");
}

static void styles_write(struct out *out)
{
    out_text(out, "<style><![CDATA[\n");
    for (size_t i = 0; i < nr_picture_styles; i++)
        out_bytes(out, picture_styles[i].text, *picture_styles[i].bytes);
    out_text(out, "]]></style>\n");
}

static void head_write(const struct plot *plot, const struct view_options *options, bool is_alone, unsigned height_px)
{
    const struct profile_facts *facts = &plot->heap->run->facts;
    const char *title = options->title != NULL      ? options->title
                        : facts->command[0] != '\0' ? facts->command
                                                    : facts->source;
    struct out *out = plot->out;
    out_format(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\" role=\"img\" "
        "aria-labelledby=\"heap-name heap-about\">\n<title id=\"heap-name\">Memory over time: ",
        plot->width_px, height_px, plot->width_px, height_px);
    escape_xml(out, title, strlen(title));
    out_text(out, "</title>\n<desc id=\"heap-about\">");
    heap_summary_write(plot->heap, out);
    out_text(out, "</desc>\n");
    if (is_alone)
        styles_write(out);
    out_text(out, "<rect class=\"paper\" width=\"100%\" height=\"100%\" fill=\"#fffdf9\"/>\n"
                  "<text class=\"title\" x=\"50%\" y=\"24\" text-anchor=\"middle\">");
    svg_fitted_write(out, title, (plot->width_px - 2 * SVG_MARGIN_PX) * 0.7);
    out_text(out, "</text>\n<text class=\"quiet\" x=\"50%\" y=\"42\" text-anchor=\"middle\">");
    heap_summary_write(plot->heap, out);
    out_text(out, "</text>\n");
}

static void grid_line(const struct plot *plot, double x1, double y1, double x2, double y2)
{
    out_format(plot->out, "<line class=\"grid\" stroke=\"#d8d3ca\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
               x1, y1, x2, y2);
}

static void axes_write(const struct plot *plot)
{
    const struct heap_profile *heap = plot->heap;
    char text[NUMBER_BYTES];
    double bytes_step = step_of((double)heap->totals.peak.bytes), time_step = step_of((double)heap->span_ns);
    double first = ceil((double)heap->start_ns / time_step) * time_step;
    for (double bytes = 0; bytes <= (double)heap->totals.peak.bytes; bytes += bytes_step) {
        double y = y_of(plot, (uint64_t)bytes);
        grid_line(plot, LEFT_PX, y, LEFT_PX + plot->plane_px, y);
        out_format(plot->out, "<text class=\"quiet\" x=\"%u\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT_PX - 6,
                   y + 4, number_bytes(text, (uint64_t)bytes));
    }
    for (double time = first; time <= (double)(heap->start_ns + heap->span_ns); time += time_step) {
        double x = x_of_time(plot, (uint64_t)time);
        grid_line(plot, x, SVG_TOP_PX, x, SVG_TOP_PX + PLOT_PX);
        out_format(plot->out, "<text class=\"quiet\" x=\"%.1f\" y=\"%u\" text-anchor=\"middle\">%s</text>\n", x,
                   SVG_TOP_PX + PLOT_PX + 16, number_time(text, (uint64_t)time));
    }
}

/* ---- What was live -------------------------------------------------------------------------------- */

static void name_write(struct plot *plot, uint32_t band, double pixels)
{
    const struct heap_profile *heap = plot->heap;
    if (band == heap->nr_bands) {
        out_text(plot->out, "all other call paths");
        return;
    }
    char *path = heap_path_text(heap, heap->bands[band].node, pixels > 0 ? FRAMES : UINT32_MAX);
    const char *name = path != NULL && path[0] != '\0' ? path : "(no call path)";
    plot->failed |= path == NULL;
    if (pixels > 0)
        svg_fitted_write(plot->out, name, pixels);
    else
        escape_xml(plot->out, name, strlen(name));
    free(path);
}

static uint64_t band_bytes(const struct plot *plot, uint32_t band, unsigned part)
{
    const struct heap_profile *heap = plot->heap;
    return band < heap->nr_bands ? heap->bands[band].bytes[part] : heap->most[part] - plot->floor[part];
}

/* From left to right along the top, and back along the floor; what does not change takes no point. */
static void outline_write(const struct plot *plot, const uint64_t *tops)
{
    struct out *out = plot->out;
    out_format(out, "M%.1f %.1f", x_of(plot, 0), y_of(plot, tops[0]));
    for (unsigned i = 1; i < HEAP_INSTANTS; i++)
        if (tops[i] != tops[i - 1])
            out_format(out, "H%.1fV%.1f", x_of(plot, i), y_of(plot, tops[i]));
    out_format(out, "H%.1fV%.1f", x_of(plot, HEAP_INSTANTS), y_of(plot, plot->floor[HEAP_INSTANTS - 1]));
    for (unsigned i = HEAP_INSTANTS - 1; i > 0; i--)
        if (plot->floor[i] != plot->floor[i - 1])
            out_format(out, "H%.1fV%.1f", x_of(plot, i), y_of(plot, plot->floor[i - 1]));
    out_format(out, "H%.1fZ", x_of(plot, 0));
}

static unsigned peak_part(const struct heap_profile *heap)
{
    unsigned part = 0;
    while (part + 1 < HEAP_INSTANTS && heap->most[part] != heap->totals.peak.bytes)
        part++;
    return part;
}

static void area_write(struct plot *plot, uint32_t band)
{
    uint64_t tops[HEAP_INSTANTS];
    unsigned color = band < plot->heap->nr_bands ? band % (NR_COLORS - 1) : NR_COLORS - 1;
    char text[NUMBER_BYTES];
    for (unsigned i = 0; i < HEAP_INSTANTS; i++)
        tops[i] = plot->floor[i] + band_bytes(plot, band, i);
    out_format(plot->out, "<path class=\"area %s\" fill=\"%s\" d=\"", colors[color].class, colors[color].fill);
    outline_write(plot, tops);
    out_text(plot->out, "\"><title>");
    name_write(plot, band, 0);
    out_format(plot->out, ": %s at the peak</title></path>\n",
               number_bytes(text, band_bytes(plot, band, peak_part(plot->heap))));
    memcpy(plot->floor, tops, sizeof(tops));
}

static void peak_write(const struct plot *plot)
{
    const struct heap_profile *heap = plot->heap;
    double x = x_of_time(plot, heap->peak_ns), y = y_of(plot, heap->totals.peak.bytes);
    bool is_left = x > LEFT_PX + plot->plane_px / 2.0;
    char bytes[NUMBER_BYTES], when[NUMBER_BYTES];
    out_format(plot->out,
               "<g id=\"peak\"><line class=\"peak\" stroke=\"#1d1d1d\" x1=\"%.1f\" y1=\"%u\" x2=\"%.1f\" y2=\"%u\"/>"
               "<circle class=\"peak\" stroke=\"#1d1d1d\" fill=\"none\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>"
               "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">peak: %s at %s</text></g>\n",
               x, SVG_TOP_PX, x, SVG_TOP_PX + PLOT_PX, x, y, is_left ? x - 8 : x + 8, y - 5, is_left ? "end" : "start",
               number_bytes(bytes, heap->totals.peak.bytes), number_time(when, heap->peak_ns));
}

/* ---- How often, and what is what ------------------------------------------------------------------ */

static void rate_write(const struct plot *plot)
{
    const struct heap_profile *heap = plot->heap;
    unsigned floor_px = SVG_TOP_PX + PLOT_PX + GAP_PX + RATE_PX;
    uint64_t most = 0;
    char text[NUMBER_BYTES];
    for (unsigned i = 0; i < HEAP_INSTANTS; i++)
        most = heap->allocated[i].blocks > most ? heap->allocated[i].blocks : most;
    out_format(plot->out, "<path class=\"cr\" fill=\"#a9cbe8\" d=\"M%.1f %u", x_of(plot, 0), floor_px);
    for (unsigned i = 0; i < HEAP_INSTANTS; i++)
        out_format(plot->out, "V%.1fH%.1f",
                   floor_px - RATE_PX * ((double)heap->allocated[i].blocks / ((double)most + (most == 0))),
                   x_of(plot, i + 1));
    double rate = heap->span_ns > 0 ? (double)most * HEAP_INSTANTS / ((double)heap->span_ns / 1e9) : 0;
    out_format(plot->out,
               "V%uZ\"><title>Allocations: %s a second at most</title></path>\n"
               "<text class=\"quiet\" x=\"%u\" y=\"%u\" text-anchor=\"end\">allocations</text>\n",
               floor_px, number_grouped(text, (uint64_t)rate), LEFT_PX - 6, floor_px - RATE_PX / 2 + 4);
}

static void legend_write(struct plot *plot, uint32_t band, unsigned row)
{
    unsigned color = band < plot->heap->nr_bands ? band % (NR_COLORS - 1) : NR_COLORS - 1;
    unsigned y = SVG_TOP_PX + PLOT_PX + GAP_PX + RATE_PX + 16 + row * LEGEND_PX, part = peak_part(plot->heap);
    uint64_t bytes = 0;
    char text[NUMBER_BYTES];
    if (band < plot->heap->nr_bands) {
        bytes = plot->heap->bands[band].bytes[part];
    } else {
        bytes = plot->heap->most[part];
        for (uint32_t i = 0; i < plot->heap->nr_bands; i++)
            bytes -= plot->heap->bands[i].bytes[part];
    }
    out_format(plot->out, "<rect class=\"%s\" fill=\"%s\" x=\"%u\" y=\"%u\" width=\"12\" height=\"12\"/>",
               colors[color].class, colors[color].fill, LEFT_PX, y);
    out_format(plot->out,
               "<text class=\"quiet\" x=\"%u\" y=\"%u\" text-anchor=\"end\">%s</text><text x=\"%u\" y=\"%u\">",
               LEFT_PX - 6, y + 10, number_bytes(text, bytes), LEFT_PX + 18, y + 10);
    name_write(plot, band, plot->plane_px - 18.0);
    out_text(plot->out, "</text>\n");
}

/* Are there other paths than those that have an area? */
static bool has_others(const struct heap_profile *heap)
{
    for (unsigned i = 0; i < HEAP_INSTANTS; i++) {
        uint64_t sum = 0;
        for (uint32_t band = 0; band < heap->nr_bands; band++)
            sum += heap->bands[band].bytes[i];
        if (sum != heap->most[i])
            return true;
    }
    return false;
}

int heap_picture_write(const struct heap_profile *heap, const struct view_options *options, bool is_alone,
                       struct out *out, struct err *err)
{
    struct plot plot = {.heap = heap, .out = out, .width_px = svg_width(options)};
    unsigned nr = heap->nr_bands + has_others(heap);
    plot.plane_px = plot.width_px > LEFT_PX + RIGHT_PX + 100 ? plot.width_px - LEFT_PX - RIGHT_PX : 100;
    head_write(&plot, options, is_alone, SVG_TOP_PX + PLOT_PX + GAP_PX + RATE_PX + 16 + nr * LEGEND_PX + 10);
    axes_write(&plot);
    for (unsigned i = 0; i < nr; i++)
        area_write(&plot, i);
    if (heap->totals.peak.bytes > 0)
        peak_write(&plot);
    rate_write(&plot);
    for (unsigned i = 0; i < nr; i++)
        legend_write(&plot, i, i);
    out_text(out, "</svg>\n");
    return plot.failed ? err_set(err, ERR_INPUT, "out of memory") : 0;
}

int heap_svg(const struct heap_profile *heap, const struct view_options *options, struct out *out, struct err *err)
{
    return heap_picture_write(heap, options, true, out, err);
}
