/*
 * The flame graph: one SVG that is readable without its scripts and interactive with them.
 *
 * What stands in it as elements is for readers without scripts, and as little as an eye can see: a browser needs 70 us
 * for each. The scripts (page/) draw on a canvas, from columns of numbers, and hold every frame.
 *
 * Siblings stand heaviest first, as the profile has them; what is left of the parent's width on the right is its own
 * time.
 */
#include "view/views.h"

#include "base/escape.h"
#include "base/number.h"
#include "view/page_files.h"
#include "view/title.h"
#include "view/tree_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH_PX     1200u
#define MARGIN_PX    10u
#define TOP_PX       56u /* above the frames: title, subtitle */
#define BOTTOM_PX    26u /* below them: what is left out */
#define ROW_PX       17u
#define LETTER_PX    7.3     /* width of a character of the 12 px monospace fonts */
#define MIN_WIDTH_PX 1.0     /* of what stands in the SVG itself */
#define FRAMES_MAX   100000u /* that the scripts get */

struct picture {
    const struct profile *profile;
    const struct view_options *options;
    unsigned width_px, plane_px; /* the whole picture, the frames */
    uint64_t whole, least;       /* the run; frames below `least` are not drawn */
    struct tree_cut cut;         /* what not even the scripts get */
    uint32_t nr_rows;            /* drawn; the root is row 0 */
    uint64_t *starts;            /* by depth, during the walk: where the next frame begins */
};

/* ---- What is drawn ------------------------------------------------------------------------------ */

static bool is_drawn(const struct picture *picture, uint32_t node)
{
    uint64_t inclusive = picture->profile->nodes[node].inclusive_ns;
    return inclusive > 0 && inclusive >= picture->least;
}

/* The node after `at` in a walk that does not go below what is not drawn; 0: the end. */
static uint32_t walk_next(const struct picture *picture, uint32_t at)
{
    const struct profile_node *nodes = picture->profile->nodes;
    if (nodes[at].first_child != 0 && (at == 0 || is_drawn(picture, at)))
        return nodes[at].first_child;
    while (at != 0 && nodes[at].next_sibling == 0)
        at = nodes[at].parent;
    return nodes[at].next_sibling;
}

static void picture_measure(struct picture *picture)
{
    picture->whole = picture->profile->nodes[0].inclusive_ns;
    picture->cut = tree_cut_choose(picture->profile, picture->options->min_width, FRAMES_MAX);
    double least = (double)picture->whole * MIN_WIDTH_PX / picture->plane_px;
    picture->least = (double)picture->cut.least_ns > least ? picture->cut.least_ns : (uint64_t)least + 1;
    picture->nr_rows = 1;
    for (uint32_t at = walk_next(picture, 0); at != 0; at = walk_next(picture, at)) {
        if (is_drawn(picture, at) && picture->profile->nodes[at].depth + 1 > picture->nr_rows)
            picture->nr_rows = picture->profile->nodes[at].depth + 1;
    }
}

/* ---- Frames ------------------------------------------------------------------------------------- */

/* "12.5%": a share of the run as a position, without idle zeros; 1/10,000 of a percent is far below a pixel. */
static void position_write(struct out *out, const char *name, uint64_t part, uint64_t whole)
{
    char text[NUMBER_BYTES];
    snprintf(text, sizeof(text), "%.4f", whole > 0 ? 100 * (double)part / (double)whole : 100.0);
    size_t bytes = strlen(text);
    while (text[bytes - 1] == '0')
        bytes--;
    bytes -= text[bytes - 1] == '.' ? 1 : 0;
    out_format(out, " %s=\"%.*s%%\"", name, (int)bytes, text);
}

static unsigned row_y(const struct picture *picture, uint32_t depth)
{
    uint32_t row = picture->options->inverted ? depth : picture->nr_rows - 1 - depth;
    return row * ROW_PX;
}

/* Of a pair: how the second compares, as the scripts say it too (page/flame.js); small changes are none. */
static const char *change_class(const struct picture *picture, uint32_t node)
{
    const struct pair *pair = picture->options->pair;
    const struct pair_side *base = &pair->base[node], *now = &pair->now[node];
    double change = (double)now->inclusive_ns - (double)base->inclusive_ns;
    if (!base->exists || !now->exists)
        return base->exists ? "gone" : "new";
    if (fabs(change) < 0.03 * (double)base->inclusive_ns || fabs(change) < 0.001 * (double)picture->whole)
        return "same";
    return change > 0 ? "more" : "less";
}

static void color_write(struct out *out, const struct picture *picture, uint32_t node)
{
    const struct profile_node *nodes = picture->profile->nodes;
    if (node == 0) {
        out_text(out, "call");
        return;
    }
    const struct profile_function *function = &picture->profile->functions[nodes[node].function];
    if (picture->options->pair != NULL)
        out_text(out, change_class(picture, node));
    else if (function->kind != FUNCTION_CODE)
        out_text(out, function->kind == FUNCTION_REGION ? "cr" : "cu");
    else
        out_format(out, "c%x", color_of(picture->options->by_module ? function->module : function->name));
}

/* What is in the parentheses behind a frame's name. */
static void numbers_write(struct out *out, const struct picture *picture, uint32_t node)
{
    const struct profile_node *from = &picture->profile->nodes[node];
    const struct pair *pair = picture->options->pair;
    char text[NUMBER_BYTES];
    if (pair != NULL) {
        amount_write(out, picture->profile, pair->base[node].inclusive_ns);
        out_text(out, " → ");
        amount_write(out, picture->profile, pair->now[node].inclusive_ns);
        return;
    }
    amount_write(out, picture->profile, from->inclusive_ns);
    out_format(out, ", %s%%", number_percent(text, from->inclusive_ns, picture->whole));
    if (picture->profile->facts.has_calls && node != 0)
        out_format(out, ", %s call%s", number_grouped(text, from->calls), from->calls == 1 ? "" : "s");
}

/* Bytes of the first `letters` characters. */
static size_t text_cut(const char *text, size_t letters)
{
    size_t bytes = 0;
    for (; text[bytes] != '\0'; bytes++)
        if (((uint8_t)text[bytes] & 0xC0) != 0x80 && letters-- == 0)
            break;
    return bytes;
}

/* `text`, or as much of it as `pixels` have room for; false when that is nothing worth showing. */
static bool fitted_write(struct out *out, const char *before, const char *text, double pixels, const char *after)
{
    size_t bytes = strlen(text), letters = pixels > 0 ? (size_t)(pixels / LETTER_PX) : 0;
    bool whole = text_cut(text, letters) == bytes;
    if (letters < (whole ? 1u : 3u))
        return false;
    out_text(out, before);
    escape_xml(out, text, whole ? bytes : text_cut(text, letters - 1));
    out_text(out, whole ? "" : "…");
    out_text(out, after);
    return true;
}

static void label_write(struct out *out, const struct picture *picture, const char *name, uint64_t start,
                        uint64_t value, unsigned y)
{
    double pixels = picture->whole > 0 ? (double)value / (double)picture->whole * picture->plane_px : 1;
    if (text_cut(name, 1) == 0 || pixels - 6 < 3 * LETTER_PX)
        return;
    out_text(out, "<text");
    position_write(out, "x", start, picture->whole);
    out_format(out, " dx=\"3\" y=\"%u\"", y + 12);
    if (!fitted_write(out, ">", name, pixels - 6, "</text>"))
        out_text(out, "/>");
}

static void frame_write(struct out *out, const struct picture *picture, uint32_t at, uint64_t start)
{
    const struct profile_node *node = &picture->profile->nodes[at];
    const char *name = at == 0 ? "all" : picture->profile->functions[node->function].label;
    unsigned y = row_y(picture, node->depth);
    out_text(out, "<g class=\"");
    color_write(out, picture, at);
    out_text(out, "\"><title>");
    escape_xml(out, name, strlen(name));
    out_text(out, " (");
    numbers_write(out, picture, at);
    out_text(out, ")</title><rect");
    position_write(out, "x", start, picture->whole > 0 ? picture->whole : 1);
    out_format(out, " y=\"%u\"", y);
    position_write(out, "width", node->inclusive_ns, picture->whole);
    out_format(out, " height=\"%u\"/>", ROW_PX - 1);
    label_write(out, picture, name, start, picture->whole > 0 ? node->inclusive_ns : 1, y);
    out_text(out, "</g>\n");
}

static void frames_write(struct out *out, struct picture *picture)
{
    const struct profile_node *nodes = picture->profile->nodes;
    uint64_t *starts = picture->starts;
    frame_write(out, picture, 0, 0);
    for (uint32_t at = walk_next(picture, 0); at != 0; at = walk_next(picture, at)) {
        if (!is_drawn(picture, at))
            continue;
        uint32_t depth = nodes[at].depth;
        uint64_t start = starts[depth];
        frame_write(out, picture, at, start);
        starts[depth] = start + nodes[at].inclusive_ns;
        if (depth + 1 < picture->nr_rows)
            starts[depth + 1] = start;
    }
}

/* ---- Around the frames -------------------------------------------------------------------------- */

static void picture_subtitle_write(struct out *out, const struct picture *picture)
{
    out_text(out, "<text class=\"quiet\" id=\"subtitle\" x=\"50%\" y=\"42\" text-anchor=\"middle\">");
    if (picture->options->subtitle != NULL)
        escape_xml(out, picture->options->subtitle, strlen(picture->options->subtitle));
    else if (picture->options->pair != NULL)
        pair_subtitle_write(out, picture->options->pair);
    else
        subtitle_write(out, picture->profile);
    out_text(out, "</text>\n");
}

static void head_write(struct out *out, const struct picture *picture, unsigned height_px)
{
    const char *title = title_of(picture->profile, picture->options);
    out_format(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\">\n<title>",
               picture->width_px, height_px, picture->width_px, height_px);
    escape_xml(out, title, strlen(title));
    out_text(out, "</title>\n<style><![CDATA[\n");
    for (size_t i = 0; i < nr_picture_styles; i++)
        out_bytes(out, picture_styles[i].text, *picture_styles[i].bytes);
    out_text(out, "]]></style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\" fill=\"#fffdf9\"/>\n");
    if (!fitted_write(out, "<text class=\"title\" x=\"50%\" y=\"24\">", title, picture->plane_px * 0.7, "</text>\n"))
        out_text(out, "<text class=\"title\"/>\n");
    picture_subtitle_write(out, picture);
}

/* What the picture does not show: drawn too narrow for the eye, or left out. */
static void foot_write(struct out *out, const struct picture *picture, unsigned height_px)
{
    struct tree_cut cut = tree_cut_count(picture->profile, picture->least);
    char text[NUMBER_BYTES];
    if (cut.nr_left_out == 0)
        return;
    double percent = picture->whole > 0 ? 100 * (double)cut.left_out_ns / (double)picture->whole : 0;
    out_format(out, "<text class=\"quiet\" id=\"pruned\" x=\"%u\" y=\"%u\">%s narrower frame%s left out: ", MARGIN_PX,
               height_px - BOTTOM_PX + 16, number_grouped(text, cut.nr_left_out), cut.nr_left_out == 1 ? "" : "s");
    out_format(out, "%.*f %% of the run</text>\n", percent < 0.1 ? 4 : 1, percent);
}

static void script_write(struct out *out, const struct embedded_file *file)
{
    out_text(out, "<script><![CDATA[\n");
    out_bytes(out, file->text, *file->bytes);
    out_text(out, "]]></script>\n");
}

static void scripts_write(struct out *out, const struct picture *picture)
{
    const struct view_options *options = picture->options;
    out_text(out, "<script id=\"data\" type=\"application/json\"><![CDATA[{");
    tree_data_write(out, picture->profile, options->pair, &picture->cut);
    out_text(out, ",\n");
    tree_data_write_functions(out, picture->profile);
    out_format(out, ",\n\"settings\":{\"rootOnTop\":%s,\"colors\":\"%s\",\"view\":\"%s\"}}]]></script>\n",
               options->inverted ? "true" : "false", options->by_module ? "module" : "name",
               options->reversed ? "callers" : "callees");
    for (size_t i = 0; i < nr_picture_scripts; i++)
        script_write(out, &picture_scripts[i]);
}

int flamegraph_svg(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    struct picture picture = {.profile = profile, .options = options};
    picture.width_px = options->width_px > 0 ? options->width_px : WIDTH_PX;
    picture.plane_px = picture.width_px - 2 * MARGIN_PX;
    picture_measure(&picture);
    picture.starts = calloc(picture.nr_rows, sizeof(*picture.starts));
    if (!picture.starts)
        return err_set(err, ERR_INPUT, "out of memory");
    unsigned plane_height_px = picture.nr_rows * ROW_PX;
    unsigned height_px = TOP_PX + plane_height_px + BOTTOM_PX;
    head_write(out, &picture, height_px);
    out_format(out, "<svg id=\"frames\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\">\n", MARGIN_PX, TOP_PX,
               picture.plane_px, plane_height_px);
    frames_write(out, &picture);
    out_text(out, "</svg>\n");
    foot_write(out, &picture, height_px);
    scripts_write(out, &picture);
    out_text(out, "</svg>\n");
    free(picture.starts);
    return 0;
}
