#include "view/sheet.h"

#include "base/escape.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char html_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>tracean %s</title>\n<style>\n"
    ":root { color-scheme: light dark }\nbody { font: 14px/1.4 system-ui, sans-serif; margin: 1.5em }\n"
    "p { margin: 0 }\nh2 { font-size: 1.1em; margin: 1.5em 0 .3em }\ntable { border-collapse: collapse }\n"
    "th, td { padding: .1em .8em .1em 0; text-align: left }\n[align=right] { text-align: right }\n"
    "td { font-family: monospace; white-space: pre; border-top: 1px solid #8884 }\n"
    ".b { font-weight: bold }\n.y { border-left: 4px solid #c80 }\n.r { border-left: 4px solid #c22; font-weight: bold "
    "}\n"
    "</style></head>\n<body>\n";

void sheet_begin(struct sheet *sheet, const struct profile *profile, const struct view_options *options,
                 const char *verb, struct out *out)
{
    *sheet = (struct sheet){.out = out,
                            .format = options->format,
                            .look = {.color = options->color,
                                     .columns = options->columns,
                                     .unit = options->unit,
                                     .times_are_counts = profile && strcmp(profile->facts.unit, "ns") != 0}};
    if (sheet->format == VIEW_HTML)
        out_format(out, html_head, verb);
    if (sheet->format == VIEW_JSON)
        out_format(out, "{\"schema_version\":1,\"verb\":\"%s\"", verb);
}

void sheet_end(struct sheet *sheet)
{
    if (sheet->format == VIEW_HTML)
        out_text(sheet->out, "</body></html>\n");
    if (sheet->format == VIEW_JSON)
        out_text(sheet->out, "}\n");
}

bool sheet_is_prose(const struct sheet *sheet)
{
    return sheet->format == VIEW_TEXT || sheet->format == VIEW_MARKDOWN || sheet->format == VIEW_HTML;
}

static void line_begin(struct sheet *sheet)
{
    if (!sheet->in_line && sheet->format == VIEW_HTML)
        out_text(sheet->out, "<p>");
    sheet->in_line = true;
}

/* Literals hold no letter that a format takes for its own; the entities make it certain. */
__attribute__((format(printf, 2, 0))) static void literal_write(struct sheet *sheet, const char *format,
                                                                va_list arguments)
{
    char text[512];
    int bytes = vsnprintf(text, sizeof(text), format, arguments);
    if (bytes > 0 && sheet->format == VIEW_HTML)
        escape_xml(sheet->out, text, strlen(text));
    else if (bytes > 0)
        out_text(sheet->out, text);
}

void sheet_format(struct sheet *sheet, const char *format, ...)
{
    va_list arguments;
    if (!sheet_is_prose(sheet))
        return;
    line_begin(sheet);
    va_start(arguments, format);
    literal_write(sheet, format, arguments);
    va_end(arguments);
}

void sheet_name(struct sheet *sheet, const char *text, unsigned columns)
{
    if (!sheet_is_prose(sheet))
        return;
    line_begin(sheet);
    if (sheet->format == VIEW_HTML) {
        out_text(sheet->out, "<bdi>"); /* what turns text around does so in here */
        escape_xml(sheet->out, text, strlen(text));
        out_text(sheet->out, "</bdi>");
    } else if (sheet->format == VIEW_MARKDOWN) {
        escape_markdown(sheet->out, text);
    } else {
        escape_terminal_elided(sheet->out, text, columns);
    }
}

void sheet_break(struct sheet *sheet)
{
    if (!sheet_is_prose(sheet))
        return;
    /* Two spaces at its end keep a line of Markdown from running into the next. */
    out_text(sheet->out, sheet->format == VIEW_HTML ? "</p>\n" : sheet->format == VIEW_MARKDOWN ? "  \n" : "\n");
    sheet->in_line = false;
}

void sheet_gap(struct sheet *sheet)
{
    if (sheet->format == VIEW_TEXT || sheet->format == VIEW_MARKDOWN)
        out_char(sheet->out, '\n');
}

void sheet_heading(struct sheet *sheet, const char *format, ...)
{
    va_list arguments;
    if (!sheet_is_prose(sheet))
        return;
    bool bold = sheet->format == VIEW_TEXT && sheet->look.color;
    sheet_gap(sheet);
    out_text(sheet->out, sheet->format == VIEW_HTML       ? "<h2>"
                         : sheet->format == VIEW_MARKDOWN ? "### "
                         : bold                           ? "\033[1m"
                                                          : "");
    va_start(arguments, format);
    literal_write(sheet, format, arguments);
    va_end(arguments);
    out_text(sheet->out, sheet->format == VIEW_HTML       ? "</h2>\n"
                         : sheet->format == VIEW_MARKDOWN ? "\n\n"
                         : bold                           ? "\033[0m\n"
                                                          : "\n");
}

int sheet_table(struct sheet *sheet, const char *key, const struct table *table, struct err *err)
{
    struct out *out = sheet->out;
    switch (sheet->format) {
    case VIEW_JSON:
        out_format(out, ",\n\"%s\":", key);
        return table_write_json(table, out, err);
    case VIEW_CSV:
        return sheet->nr_tables++ == 0 ? table_write_csv(table, out, err) : 0;
    case VIEW_MARKDOWN: {
        int result = table_write_markdown(table, &sheet->look, out, err);
        sheet_gap(sheet); /* a line right behind would be a row */
        return result;
    }
    case VIEW_HTML:
        return table_write_html(table, &sheet->look, out, err);
    case VIEW_TEXT:
        break;
    }
    return table_write_text(table, &sheet->look, out, err);
}
