/*
 * Colours by the words of flamegraph.pl, for those who know them: one hue, or one for each kind of code that the names
 * of samples tell apart. Every palette has sixteen colours, light and dark, on which text has a contrast of 4.5 or
 * more.
 */
#ifndef PALETTE_H
#define PALETTE_H

#include "base/out.h"

#define PALETTE_COLORS 16u

struct palette;

/* The number of a text's colour, in whichever palette: the same in every picture. */
unsigned color_of(const char *text);

/* "mem", "java" …; NULL when there is none of that name. "hot" is none: it is what pictures have anyway. */
const struct palette *palette_find(const char *name);

/* The number of the colour of a name: the same name, the same colour. */
unsigned palette_color(const struct palette *palette, const char *name);

/* "#rrggbb" of a color. */
void palette_rgb(const struct palette *palette, unsigned color, bool dark, char text[8]);

/* Rules that give the styles of the pictures these colours. */
void palette_style_write(const struct palette *palette, struct out *out);

#endif
