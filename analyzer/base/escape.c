#include "base/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ELLIPSIS    "\xE2\x80\xA6"
#define REPLACEMENT "\xEF\xBF\xBD"

/* ---- UTF-8, one character at a time ------------------------------------------------------------- */

#define BAD_BYTE UINT32_MAX

/* The character at text: its length, and its code point, or BAD_BYTE (length 1). `bytes` is at least 1. */
static size_t character_next(const char *text, size_t bytes, uint32_t *code)
{
    static const uint32_t lowest[5] = {0, 0, 0x80, 0x800, 0x10000}; /* by length: shorter forms exist below */
    uint8_t first = (uint8_t)text[0];
    *code = first;
    if (first < 0x80)
        return 1;
    size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    uint32_t value = first & (0x7Fu >> length);
    bool good = first >= 0xC2 && first <= 0xF4 && length <= bytes;
    for (size_t i = 1; good && i < length; i++) {
        good = ((uint8_t)text[i] & 0xC0) == 0x80;
        value = value << 6 | ((uint8_t)text[i] & 0x3Fu);
    }
    if (!good || value < lowest[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
        *code = BAD_BYTE;
        return 1;
    }
    *code = value;
    return length;
}

struct range {
    uint32_t first, last;
};

static bool range_holds(const struct range *ranges, size_t nr, uint32_t code)
{
    for (size_t i = 0; i < nr; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

#define RANGES_HOLD(ranges, code) range_holds(ranges, sizeof(ranges) / sizeof((ranges)[0]), code)

/* What could change the look of other text on a terminal, or hide text. */
static bool is_hazard(uint32_t code)
{
    static const struct range hazards[] = {
        {0, 0x1F},        {0x7F, 0x9F},     {0x061C, 0x061C},     {0x200E, 0x200F},
        {0x2028, 0x202E}, {0x2066, 0x2069}, {BAD_BYTE, BAD_BYTE},
    };
    return RANGES_HOLD(hazards, code);
}

/* Columns of a harmless character, by the usual convention of terminals. */
static size_t code_columns(uint32_t code)
{
    static const struct range zero[] = {
        {0x0300, 0x036F}, {0x200B, 0x200D}, {0x20D0, 0x20F0}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},
    };
    static const struct range two[] = {
        {0x1100, 0x115F}, {0x2E80, 0xA4CF}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
        {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
    };
    if (code < 0x0300)
        return 1;
    if (RANGES_HOLD(zero, code))
        return 0;
    return RANGES_HOLD(two, code) ? 2 : 1;
}

/* ---- Terminal ----------------------------------------------------------------------------------- */

void escape_terminal(struct out *out, const char *text, size_t bytes)
{
    while (bytes > 0) {
        uint32_t code;
        size_t length = character_next(text, bytes, &code);
        if (!is_hazard(code))
            out_bytes(out, text, length);
        else
            for (size_t i = 0; i < length; i++)
                out_format(out, "\\x%02X", (unsigned)(uint8_t)text[i]);
        text += length;
        bytes -= length;
    }
}

/* Columns of one character in escape_terminal's form, and its length. */
static size_t character_columns(const char *text, size_t bytes, size_t *length)
{
    uint32_t code;
    *length = character_next(text, bytes, &code);
    return is_hazard(code) ? *length * strlen("\\xNN") : code_columns(code);
}

size_t escape_terminal_width(const char *text, size_t bytes)
{
    size_t columns = 0;
    for (size_t at = 0, length; at < bytes; at += length)
        columns += character_columns(text + at, bytes - at, &length);
    return columns;
}

/* ---- Shortening --------------------------------------------------------------------------------- */

/* Replace text[from, to) by "…" when that makes it shorter. */
static void text_elide(char *text, size_t from, size_t to)
{
    const size_t dots = strlen(ELLIPSIS);
    if (to - from <= dots)
        return;
    memcpy(text + from, ELLIPSIS, dots);
    memmove(text + from + dots, text + to, strlen(text + to) + 1);
}

static bool ends_with(const char *text, size_t end, const char *suffix)
{
    size_t bytes = strlen(suffix);
    return end >= bytes && memcmp(text + end - bytes, suffix, bytes) == 0;
}

/* The argument list is the last pair of parentheses at the outer level that follows a name without a space:
 * "(anonymous namespace)", "operator()" and the "(file.c:12)" of a label are none. */
static void text_elide_arguments(char *text)
{
    size_t close = strlen(text);
    while (close > 0 && text[close - 1] != ')')
        close--;
    if (close == 0)
        return;
    size_t open = close - 1;
    for (int depth = 1; open > 0 && depth > 0;) {
        open--;
        depth += text[open] == ')' ? 1 : text[open] == '(' ? -1 : 0;
    }
    if (text[open] != '(' || open == 0 || text[open - 1] == ' ' || text[open - 1] == ':')
        return;
    if (!ends_with(text, open, "operator"))
        text_elide(text, open + 1, close - 1);
}

static void text_elide_templates(char *text)
{
    size_t depth = 0, open = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        bool is_operator = ends_with(text, i, "operator") || ends_with(text, i, "operator<");
        if (text[i] == '<' && !is_operator) {
            if (depth++ == 0)
                open = i;
        } else if (text[i] == '>' && depth > 0 && text[i - 1] != '-' && --depth == 0) {
            size_t rest = strlen(text + i);
            text_elide(text, open + 1, i);
            i = strlen(text) - rest;
        }
    }
}

static void write_tail(struct out *out, const char *text, size_t columns)
{
    size_t bytes = strlen(text), width = escape_terminal_width(text, bytes);
    if (width > columns) {
        while (bytes > 0 && width + 1 > columns) {
            size_t length;
            width -= character_columns(text, bytes, &length);
            text += length;
            bytes -= length;
        }
        out_text(out, ELLIPSIS);
    }
    escape_terminal(out, text, bytes);
}

void escape_terminal_elided(struct out *out, const char *text, size_t columns)
{
    size_t bytes = strlen(text);
    if (columns == 0 || escape_terminal_width(text, bytes) <= columns) {
        escape_terminal(out, text, bytes);
        return;
    }
    char *copy = strdup(text);
    if (!copy) {
        write_tail(out, text, columns);
        return;
    }
    text_elide_arguments(copy);
    if (escape_terminal_width(copy, strlen(copy)) > columns)
        text_elide_templates(copy);
    write_tail(out, copy, columns);
    free(copy);
}

/* ---- Markdown ----------------------------------------------------------------------------------- */

static unsigned longest_run(const char *text, char c)
{
    unsigned longest = 0, run = 0;
    for (; *text != '\0'; text++) {
        run = *text == c ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

void escape_markdown(struct out *out, const char *text)
{
    unsigned fence = longest_run(text, '`') + 1;
    bool padded = text[0] == '`' || text[0] == ' ' || text[strlen(text) - (text[0] != '\0')] == '`';
    if (text[0] == '\0')
        return;
    out_repeat(out, "`", fence);
    out_text(out, padded ? " " : "");
    for (const char *rest = text; *rest != '\0';) {
        size_t plain = strcspn(rest, "|");
        escape_terminal(out, rest, plain);
        rest += plain;
        if (*rest == '|') /* ends a cell unless a backslash stands before it, which must not be one of the text */
            out_text(out, rest > text && rest[-1] == '\\' ? "\\x7C" : "\\|");
        rest += *rest == '|';
    }
    out_text(out, padded ? " " : "");
    out_repeat(out, "`", fence);
}

/* ---- Files -------------------------------------------------------------------------------------- */

void escape_json(struct out *out, const char *text)
{
    size_t bytes = strlen(text);
    out_char(out, '"');
    while (bytes > 0) {
        uint32_t code;
        size_t length = character_next(text, bytes, &code);
        if (code == BAD_BYTE)
            out_text(out, REPLACEMENT);
        else if (code == '"' || code == '\\')
            out_format(out, "\\%c", (char)code);
        else if (is_hazard(code) || code == '<' || code == '>' || code == '&')
            out_format(out, "\\u%04x", (unsigned)code);
        else
            out_bytes(out, text, length);
        text += length;
        bytes -= length;
    }
    out_char(out, '"');
}

/* What takes the place of a character in XML; NULL: it stands for itself. */
static const char *xml_form(uint32_t code)
{
    switch (code) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\t': /* as characters of an attribute these three would be read as a space */
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    case 0xFFFE:
    case 0xFFFF:
    case BAD_BYTE:
        return REPLACEMENT;
    default:
        return is_hazard(code) ? REPLACEMENT : NULL;
    }
}

void escape_xml(struct out *out, const char *text, size_t bytes)
{
    while (bytes > 0) {
        uint32_t code;
        size_t length = character_next(text, bytes, &code);
        const char *form = xml_form(code);
        if (form)
            out_text(out, form);
        else
            out_bytes(out, text, length);
        text += length;
        bytes -= length;
    }
}

void escape_csv(struct out *out, const char *text)
{
    bool formula = text[0] != '\0' && strchr("=+-@\t\r", text[0]); /* a spreadsheet would compute it */
    bool quoted = formula || strpbrk(text, ",\"\r\n") || text[0] == ' ';
    if (quoted)
        out_char(out, '"');
    if (formula)
        out_char(out, '\'');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"')
            out_char(out, '"');
        out_char(out, *p);
    }
    if (quoted)
        out_char(out, '"');
}

void escape_folded(struct out *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        out_char(out, *p == ';' ? ':' : (uint8_t)*p < 0x20 || *p == 0x7F ? ' ' : *p);
}
