#include "view/svg.h"

#include "base/escape.h"
#include "base/number.h"
#include "view/page_files.h"
#include "view/palette.h"
#include "view/title.h"

#include <stdio.h>
#include <string.h>

#define WIDTH_PX 1200u

unsigned svg_width(const struct view_options *options)
{
    return options->width_px > 0 ? options->width_px : WIDTH_PX;
}

void svg_position(struct out *out, const char *name, uint64_t part, uint64_t whole)
{
    char text[NUMBER_BYTES];
    snprintf(text, sizeof(text), "%.4f", whole > 0 ? 100 * (double)part / (double)whole : 100.0);
    size_t bytes = strlen(text);
    while (text[bytes - 1] == '0')
        bytes--;
    bytes -= text[bytes - 1] == '.' ? 1 : 0;
    out_format(out, " %s=\"%.*s%%\"", name, (int)bytes, text);
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
    size_t bytes = strlen(text), letters = pixels > 0 ? (size_t)(pixels / SVG_LETTER_PX) : 0;
    bool whole = text_cut(text, letters) == bytes;
    if (letters < (whole ? 1u : 3u))
        return false;
    out_text(out, before);
    escape_xml(out, text, whole ? bytes : text_cut(text, letters - 1));
    out_text(out, whole ? "" : "…");
    out_text(out, after);
    return true;
}

void svg_fitted_write(struct out *out, const char *text, double pixels)
{
    fitted_write(out, "", text, pixels, "");
}

void svg_label_write(struct out *out, const struct svg_label *label)
{
    double pixels = label->whole > 0 ? (double)label->value / (double)label->whole * label->plane_px : 1;
    if (text_cut(label->text, 1) == 0 || pixels - 6 < 3 * SVG_LETTER_PX)
        return;
    out_text(out, "<text");
    svg_position(out, "x", label->start, label->whole);
    out_format(out, " dx=\"3\" y=\"%u\"", label->y + 12);
    if (!fitted_write(out, ">", label->text, pixels - 6, "</text>"))
        out_text(out, "/>");
}

static void subtitle_line(struct out *out, const struct profile *profile, const struct view_options *options)
{
    out_text(out, "<text class=\"quiet\" id=\"subtitle\" x=\"50%\" y=\"42\" text-anchor=\"middle\">");
    if (options->subtitle != NULL)
        escape_xml(out, options->subtitle, strlen(options->subtitle));
    else if (options->pair != NULL)
        pair_subtitle_write(out, options->pair);
    else
        subtitle_write(out, profile);
    out_text(out, "</text>\n");
}

void svg_head(struct out *out, const struct profile *profile, const struct view_options *options, unsigned height_px)
{
    const char *title = title_of(profile, options);
    unsigned width_px = svg_width(options);
    out_format(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\">\n<title>",
               width_px, height_px, width_px, height_px);
    escape_xml(out, title, strlen(title));
    out_text(out, "</title>\n<style><![CDATA[\n");
    for (size_t i = 0; i < nr_picture_styles; i++)
        out_bytes(out, picture_styles[i].text, *picture_styles[i].bytes);
    if (options->palette != NULL)
        palette_style_write(options->palette, out);
    out_text(out, "]]></style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\" fill=\"#fffdf9\"/>\n");
    if (!fitted_write(out, "<text class=\"title\" x=\"50%\" y=\"24\">", title, (width_px - 2 * SVG_MARGIN_PX) * 0.7,
                      "</text>\n"))
        out_text(out, "<text class=\"title\"/>\n");
    subtitle_line(out, profile, options);
}

void svg_end(struct out *out)
{
    for (size_t i = 0; i < nr_picture_scripts; i++) {
        out_text(out, "<script><![CDATA[\n");
        out_bytes(out, picture_scripts[i].text, *picture_scripts[i].bytes);
        out_text(out, "]]></script>\n");
    }
    out_text(out, "</svg>\n");
}
