#include "view/palette.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { RED = 30, ORANGE = 62, YELLOW = 95, GREEN = 140, AQUA = 200, BLUE = 265, PURPLE = 315 };

/* What a kind of code is known by: `end` at the end of a name, or `part` anywhere in it. */
struct kind {
    const char *end, *part;
    unsigned group;
};

#define GROUPS        4u
#define KINDS         7u
#define SHADES        (PALETTE_COLORS / GROUPS)
#define CHROMA        42.0
#define SHADE_L_LIGHT 70.0
#define SHADE_L_DARK  22.0
#define SHADE_L_STEP  4.5

struct palette {
    const char *name;
    unsigned hues[GROUPS];    /* of the groups; equal ones where there are fewer */
    struct kind kinds[KINDS]; /* the first one that fits; what fits none is in the last group */
};

static const struct palette palettes[] = {
    {.name = "mem", .hues = {GREEN, GREEN + 12, GREEN + 24, GREEN + 6}},
    {.name = "io", .hues = {BLUE, BLUE - 12, BLUE - 24, BLUE - 6}},
    {.name = "wakeup", .hues = {AQUA, AQUA + 10, AQUA + 20, AQUA + 5}},
    {.name = "chain", .hues = {AQUA, AQUA, BLUE, BLUE}, .kinds = {{"_[w]", NULL, 0}}},
    {.name = "java",
     .hues = {GREEN, AQUA, ORANGE, RED},
     .kinds = {{"_[j]", NULL, 0}, {"_[i]", NULL, 1}, {"_[k]", NULL, 2}, {NULL, "::", 2}, {NULL, "/", 0}}},
    {.name = "js",
     .hues = {GREEN, AQUA, ORANGE, RED},
     .kinds = {{"_[j]", NULL, 0}, {"_[k]", NULL, 2}, {NULL, "::", 2}, {NULL, ".js", 0}, {NULL, ":", 1}}},
    {.name = "perl",
     .hues = {GREEN, YELLOW, ORANGE, RED},
     .kinds = {{"_[k]", NULL, 2}, {NULL, "::", 1}, {NULL, "Perl", 0}, {NULL, ".pl", 0}}},
    {.name = "red", .hues = {RED, RED - 6, RED + 6, RED}},
    {.name = "orange", .hues = {ORANGE, ORANGE - 6, ORANGE + 6, ORANGE}},
    {.name = "yellow", .hues = {YELLOW, YELLOW - 6, YELLOW + 6, YELLOW}},
    {.name = "green", .hues = {GREEN, GREEN - 8, GREEN + 8, GREEN}},
    {.name = "aqua", .hues = {AQUA, AQUA - 8, AQUA + 8, AQUA}},
    {.name = "blue", .hues = {BLUE, BLUE - 8, BLUE + 8, BLUE}},
    {.name = "purple", .hues = {PURPLE, PURPLE - 8, PURPLE + 8, PURPLE}},
};

const struct palette *palette_find(const char *name)
{
    for (size_t i = 0; i < sizeof(palettes) / sizeof(palettes[0]); i++)
        if (strcmp(palettes[i].name, name) == 0)
            return &palettes[i];
    return NULL;
}

static bool kind_fits(const struct kind *kind, const char *name)
{
    if (kind->part != NULL)
        return strstr(name, kind->part) != NULL;
    size_t bytes = strlen(name), end = strlen(kind->end);
    return bytes >= end && strcmp(name + bytes - end, kind->end) == 0;
}

unsigned color_of(const char *text)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *p = text; *p != '\0'; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619u;
    return (hash ^ hash >> 16) % PALETTE_COLORS;
}

unsigned palette_color(const struct palette *palette, const char *name)
{
    unsigned hash = color_of(name);
    if (palette->kinds[0].end == NULL && palette->kinds[0].part == NULL)
        return hash;
    for (size_t i = 0; i < KINDS && (palette->kinds[i].end != NULL || palette->kinds[i].part != NULL); i++)
        if (kind_fits(&palette->kinds[i], name))
            return palette->kinds[i].group * SHADES + hash % SHADES;
    return (GROUPS - 1) * SHADES + hash % SHADES;
}

/* ---- Colours ------------------------------------------------------------------------------------- */

static double lab_inverse(double t)
{
    return t > 6.0 / 29 ? t * t * t : 3 * (6.0 / 29) * (6.0 / 29) * (t - 4.0 / 29);
}

static unsigned channel(double linear)
{
    double value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055;
    return value <= 0 ? 0 : value >= 1 ? 255 : (unsigned)(value * 255 + 0.5);
}

/* From CIE LCh, in which equal lightness is equal contrast, whatever the hue. */
void palette_rgb(const struct palette *palette, unsigned color, bool dark, char text[8])
{
    double lightness = (dark ? SHADE_L_DARK : SHADE_L_LIGHT) + SHADE_L_STEP * (color % SHADES);
    double hue = palette->hues[color / SHADES] * acos(-1) / 180, chroma = dark ? CHROMA / 2 : CHROMA;
    double fy = (lightness + 16) / 116;
    double x = 0.9505 * lab_inverse(fy + chroma * cos(hue) / 500), y = lab_inverse(fy);
    double z = 1.089 * lab_inverse(fy - chroma * sin(hue) / 200);
    snprintf(text, 8, "#%02x%02x%02x", channel(3.2406 * x - 1.5372 * y - 0.4986 * z),
             channel(-0.9689 * x + 1.8758 * y + 0.0415 * z), channel(0.0557 * x - 0.204 * y + 1.057 * z));
}

static void colors_write(const struct palette *palette, bool dark, struct out *out)
{
    char text[8];
    for (unsigned i = 0; i < PALETTE_COLORS; i++) {
        palette_rgb(palette, i, dark, text);
        out_format(out, " --c%x: %s;", i, text);
    }
}

void palette_style_write(const struct palette *palette, struct out *out)
{
    out_text(out, ":root {");
    colors_write(palette, false, out);
    out_text(out, " }\n@media (prefers-color-scheme: dark) { :root {");
    colors_write(palette, true, out);
    out_text(out, " } }\n");
}
