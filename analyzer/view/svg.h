/*
 * What the pictures have in common: head, scripts, and text that keeps to its box.
 */
#ifndef SVG_H
#define SVG_H

#include "view/view.h"

#define SVG_MARGIN_PX 10u
#define SVG_TOP_PX    56u /* above the frames: title, subtitle */
#define SVG_BOTTOM_PX 26u /* below them: what is left out */
#define SVG_ROW_PX    17u
#define SVG_LETTER_PX 7.3 /* width of a character of the 12 px monospace fonts */

/* The picture's width: --width, or what is usual. */
unsigned svg_width(const struct view_options *options);

/* Up to the frames: title, styles, paper, the line below the title. */
void svg_head(struct out *out, const struct profile *profile, const struct view_options *options, unsigned height_px);

/* ' NAME="12.5%"': a part of a whole, without idle zeros; 1/10,000 of a percent is far below a pixel. */
void svg_position(struct out *out, const char *name, uint64_t part, uint64_t whole);

/* A frame's label, when there is room for it: `value` of `whole`, from `start` on. */
struct svg_label {
    const char *text; /* untrusted */
    uint64_t start, value, whole;
    unsigned plane_px, y;
};

void svg_label_write(struct out *out, const struct svg_label *label);

/* A text, or as much of it as `pixels` have room for. */
void svg_fitted_write(struct out *out, const char *text, double pixels);

/* The scripts, and the end. */
void svg_end(struct out *out);

#endif
