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
#include "profile/reverse.h"
#include "view/svg.h"
#include "view/palette.h"
#include "view/title.h"
#include "view/tree_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIN_WIDTH_PX 1.0     /* of what stands in the SVG itself */
#define FRAMES_MAX   100000u /* that the scripts get */
#define HEAT_MAX     7       /* --colors self has eight colours (page/picture.css) */

struct picture {
    const struct profile *profile;
    const struct view_options *options;
    unsigned plane_px;     /* width of the frames */
    uint64_t whole, least; /* the run; frames below `least` are not drawn */
    struct tree_cut cut;   /* what not even the scripts get */
    uint32_t nr_rows;      /* drawn; the root is row 0 */
    uint64_t *starts;      /* by depth, during the walk: where the next frame begins */
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
    if (picture->options->whole > picture->whole)
        picture->whole = picture->options->whole;
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

static unsigned row_y(const struct picture *picture, uint32_t depth)
{
    uint32_t row = picture->options->inverted ? depth : picture->nr_rows - 1 - depth;
    return row * SVG_ROW_PX;
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

/* How much of the time is the function's own, beside the one that has most: 0 to HEAT_MAX (page/palette.js has it,
 * too). */
static unsigned function_heat(const struct picture *picture, const struct profile_function *function)
{
    uint64_t most = picture->profile->functions[0].exclusive_ns; /* they are in its order */
    return most == 0 ? 0 : (unsigned)lround(HEAT_MAX * sqrt((double)function->exclusive_ns / (double)most));
}

static unsigned function_color(const struct profile_function *function, const struct view_options *options)
{
    if (options->colors == COLORS_NAME)
        return name_color(function->name, options);
    return color_of(options->colors == COLORS_FILE ? function->file : function->module);
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
    else if (picture->options->colors == COLORS_SELF)
        out_format(out, "h%u", function_heat(picture, function));
    else if (function->kind != FUNCTION_CODE)
        out_text(out, function->kind == FUNCTION_REGION ? "cr" : "cu");
    else
        out_format(out, "c%x", function_color(function, picture->options));
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
    svg_position(out, "x", start, picture->whole > 0 ? picture->whole : 1);
    out_format(out, " y=\"%u\"", y);
    svg_position(out, "width", node->inclusive_ns, picture->whole);
    out_format(out, " height=\"%u\"/>", SVG_ROW_PX - 1);
    const struct svg_label label = {
        name, start, picture->whole > 0 ? node->inclusive_ns : 1, picture->whole, picture->plane_px, y};
    svg_label_write(out, &label);
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

/* What the picture does not show: drawn too narrow for the eye, or left out. */
static void foot_write(struct out *out, const struct picture *picture, unsigned height_px)
{
    struct tree_cut cut = tree_cut_count(picture->profile, picture->least);
    char text[NUMBER_BYTES];
    if (cut.nr_left_out == 0)
        return;
    double percent = picture->whole > 0 ? 100 * (double)cut.left_out_ns / (double)picture->whole : 0;
    out_format(out,
               "<text class=\"quiet\" id=\"pruned\" x=\"%u\" y=\"%u\">%s narrower frame%s left out: ", SVG_MARGIN_PX,
               height_px - SVG_BOTTOM_PX + 16, number_grouped(text, cut.nr_left_out), cut.nr_left_out == 1 ? "" : "s");
    out_format(out, "%.*f %% of the run</text>\n", percent < 0.1 ? 4 : 1, percent);
}

static void data_write(struct out *out, const struct profile *profile, const struct view_options *options)
{
    static const char *const colors[] = {
        [COLORS_NAME] = "name", [COLORS_MODULE] = "module", [COLORS_FILE] = "file", [COLORS_SELF] = "self"};
    struct tree_cut cut = tree_cut_choose(profile, options->min_width, FRAMES_MAX);
    out_text(out, "<script id=\"data\" type=\"application/json\"><![CDATA[{");
    tree_data_write(out, profile, options, &cut);
    out_text(out, ",\n");
    tree_data_write_functions(out, profile);
    out_format(out, ",\n\"settings\":{\"rootOnTop\":%s,\"colors\":\"%s\",\"view\":\"%s\"}}]]></script>\n",
               options->inverted ? "true" : "false", colors[options->colors],
               options->reversed ? "callers" : "callees");
}

/* Up to what only scripts read: `profile` is what is drawn. */
static int picture_write(const struct profile *profile, const struct view_options *options, struct out *out,
                         struct err *err)
{
    struct picture picture = {.profile = profile, .options = options};
    picture.plane_px = svg_width(options) - 2 * SVG_MARGIN_PX;
    picture_measure(&picture);
    picture.starts = calloc(picture.nr_rows, sizeof(*picture.starts));
    if (!picture.starts)
        return err_set(err, ERR_INPUT, "out of memory");
    unsigned plane_height_px = picture.nr_rows * SVG_ROW_PX;
    unsigned height_px = SVG_TOP_PX + plane_height_px + SVG_BOTTOM_PX;
    svg_head(out, profile, options, height_px);
    out_format(out, "<svg id=\"frames\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\">\n", SVG_MARGIN_PX, SVG_TOP_PX,
               picture.plane_px, plane_height_px);
    frames_write(out, &picture);
    out_text(out, "</svg>\n");
    foot_write(out, &picture, height_px);
    free(picture.starts);
    return 0;
}

int flamegraph_svg(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    if (options->chart != NULL)
        return flamechart_svg(profile, options, out, err);
    struct profile *reversed = NULL; /* the scripts turn the tree round by themselves */
    if (options->reversed && options->pair == NULL) {
        reversed = profile_reverse(profile, err);
        if (reversed == NULL)
            return -1;
    }
    int result = picture_write(reversed != NULL ? reversed : profile, options, out, err);
    profile_free(reversed);
    if (result != 0)
        return -1;
    data_write(out, profile, options);
    svg_end(out);
    return 0;
}
