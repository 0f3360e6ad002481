/*
 * Escaping: what is rendered is harmless in its place and, where the form is reversible, reads back as it was.
 */
#include "base/escape.h"
#include "suite.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef void escape_text(struct out *out, const char *text);
typedef void escape_bytes(struct out *out, const char *text, size_t bytes);

static char *render_bytes(escape_bytes *escape, const char *text, size_t bytes)
{
    char *rendered;
    size_t size;
    struct err err = {0};
    struct out *out = out_open_memory(&rendered, &size);
    ck_assert_ptr_nonnull(out);
    escape(out, text, bytes);
    ck_assert_int_eq(out_close(out, &err), 0);
    ck_assert_uint_eq(strlen(rendered), size);
    return rendered;
}

static char *render(escape_text *escape, const char *text)
{
    char *rendered;
    size_t size;
    struct err err = {0};
    struct out *out = out_open_memory(&rendered, &size);
    ck_assert_ptr_nonnull(out);
    escape(out, text);
    ck_assert_int_eq(out_close(out, &err), 0);
    return rendered;
}

static void render_is(char *rendered, const char *wanted)
{
    ck_assert_str_eq(rendered, wanted);
    free(rendered);
}

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % limit;
}

/* Bytes that make trouble, more often than chance would. */
static void random_text(char *text, size_t bytes)
{
    static const char *const parts[] = {"\"",
                                        "\\\\",
                                        "<script>",
                                        "&amp;",
                                        "]]>",
                                        ",",
                                        "\n",
                                        "\r",
                                        "\x1b[31m",
                                        "\xC2\x9B",
                                        "\xE2\x80\xAE",
                                        "\xF0\x9F\x98\x80",
                                        "\xED\xA0\x80",
                                        "\xC0\xAF",
                                        "\xFF",
                                        "=1+1",
                                        ";",
                                        "\xE2\x80\xA8",
                                        "\xEF\xBF\xBF",
                                        "'",
                                        "\t",
                                        "a",
                                        "ü",
                                        "\xE6\xBC\xA2",
                                        "\x7F"};
    size_t used = 0;
    while (used < bytes) {
        const char *part = parts[random_below(sizeof(parts) / sizeof(parts[0]))];
        size_t length = strlen(part);
        if (random_below(2) == 0) {
            text[used++] = (char)(1 + random_below(255));
        } else if (used + length <= bytes) {
            memcpy(text + used, part, length);
            used += length;
        } else {
            break;
        }
    }
    text[used] = '\0';
}

/* An independent judge of UTF-8, by the table of the Unicode standard (3-7). Length of the character or 0. */
static size_t judge_utf8(const uint8_t *p)
{
    static const uint8_t table[][5] = {
        /* first byte from, to, second byte from, to, length */
        {0x01, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (p[0] < table[i][0] || p[0] > table[i][1])
            continue;
        if (table[i][4] > 1 && (p[1] < table[i][2] || p[1] > table[i][3]))
            return 0;
        for (size_t k = 2; k < table[i][4]; k++)
            if (p[k] < 0x80 || p[k] > 0xBF)
                return 0;
        return table[i][4];
    }
    return 0;
}

/* Bytes of the character at `p` if it could turn other text around, or hide it; 0: it could not. */
static size_t judge_hazard(const char *p)
{
    const uint8_t *u = (const uint8_t *)p;
    if (u[0] == 0x7F)
        return 1;
    if ((u[0] == 0xC2 && u[1] < 0xA0) || (u[0] == 0xD8 && u[1] == 0x9C))
        return 2;
    if (u[0] != 0xE2)
        return 0;
    bool marks = u[1] == 0x80 && (u[2] == 0x8E || u[2] == 0x8F || (u[2] >= 0xA8 && u[2] <= 0xAE));
    return marks || (u[1] == 0x81 && u[2] >= 0xA6 && u[2] <= 0xA9) ? 3 : 0;
}

/* The text with U+FFFD for every byte that belongs to no character: what JSON and XML should read back. */
static void repair(const char *text, char *repaired)
{
    while (*text != '\0') {
        size_t length = judge_utf8((const uint8_t *)text);
        memcpy(repaired, length > 0 ? text : "\xEF\xBF\xBD", length > 0 ? length : 3);
        repaired += length > 0 ? length : 3;
        text += length > 0 ? length : 1;
    }
    *repaired = '\0';
}

static size_t put_utf8(char *to, unsigned code)
{
    ck_assert_uint_lt(code, 0x10000);
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xC0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    to[0] = (char)(0xE0 | code >> 12);
    to[1] = (char)(0x80 | (code >> 6 & 0x3F));
    to[2] = (char)(0x80 | (code & 0x3F));
    return 3;
}

static void json_parse(const char *json, char *text)
{
    ck_assert_int_eq(*json++, '"');
    while (*json != '"') {
        ck_assert_uint_ge((uint8_t)*json, 0x20); /* which the end of the text is not either */
        ck_assert_ptr_null(strchr("<>&\x7F", *json));
        if (*json != '\\') {
            *text++ = *json++;
            continue;
        }
        if (json[1] == 'u') {
            char digits[5] = {json[2], json[3], json[4], json[5], 0};
            text += put_utf8(text, (unsigned)strtoul(digits, NULL, 16));
            json += 6;
        } else {
            ck_assert(json[1] == '"' || json[1] == '\\');
            *text++ = json[1];
            json += 2;
        }
    }
    ck_assert_int_eq(json[1], '\0');
    *text = '\0';
}

static void xml_parse(const char *xml, char *text)
{
    static const struct {
        const char *entity;
        char letter;
    } entities[] = {{"&amp;", '&'},  {"&lt;", '<'},  {"&gt;", '>'},   {"&quot;", '"'},
                    {"&#39;", '\''}, {"&#9;", '\t'}, {"&#10;", '\n'}, {"&#13;", '\r'}};

    while (*xml != '\0') {
        ck_assert_ptr_null(strchr("<>\"'", *xml));
        ck_assert_uint_ge((uint8_t)*xml, 0x20);
        bool found = *xml != '&';
        if (found)
            *text++ = *xml++;
        for (size_t i = 0; !found && i < sizeof(entities) / sizeof(entities[0]); i++) {
            size_t length = strlen(entities[i].entity);
            if (strncmp(xml, entities[i].entity, length) != 0)
                continue;
            *text++ = entities[i].letter;
            xml += length;
            found = true;
        }
        ck_assert_msg(found, "unknown entity at %s", xml);
    }
    *text = '\0';
}

#define ROUNDS    3000
#define TEXT_SIZE 64

START_TEST(json_reads_back)
{
    for (int i = 0; i < ROUNDS; i++) {
        char text[TEXT_SIZE + 1], wanted[3 * TEXT_SIZE + 1], parsed[6 * TEXT_SIZE + 1];
        random_text(text, random_below(TEXT_SIZE));
        char *json = render(escape_json, text);
        json_parse(json, parsed);
        repair(text, wanted);
        ck_assert_str_eq(parsed, wanted);
        for (const char *p = json; *p != '\0'; p++)
            ck_assert_uint_eq(judge_hazard(p), 0);
        free(json);
    }
}

END_TEST

START_TEST(xml_reads_back)
{
    for (int i = 0; i < ROUNDS; i++) {
        char text[TEXT_SIZE + 1], repaired[3 * TEXT_SIZE + 1], wanted[9 * TEXT_SIZE + 1], parsed[9 * TEXT_SIZE + 1];
        random_text(text, random_below(TEXT_SIZE));
        char *xml = render_bytes(escape_xml, text, strlen(text));
        xml_parse(xml, parsed);
        repair(text, repaired);
        char *to = wanted;
        *to = '\0'; /* what XML 1.0 forbids is replaced, too, and what could deceive */
        for (const char *p = repaired; *p != '\0'; p++) {
            bool forbidden = (uint8_t)*p < 0x20 && !strchr("\t\n\r", *p);
            size_t hazard = judge_hazard(p);
            bool last = strncmp(p, "\xEF\xBF\xBF", 3) == 0 || strncmp(p, "\xEF\xBF\xBE", 3) == 0;
            to = stpcpy(to, forbidden || last || hazard > 0 ? "\xEF\xBF\xBD" : (char[]){*p, '\0'});
            p += last ? 2 : hazard > 0 ? hazard - 1 : 0;
        }
        ck_assert_str_eq(parsed, wanted);
        free(xml);
    }
}

END_TEST

/* One field: read as RFC 4180 says, it is the text, perhaps behind the ' that disarms a formula. */
START_TEST(csv_reads_back)
{
    for (int i = 0; i < ROUNDS; i++) {
        char text[TEXT_SIZE + 1], parsed[2 * TEXT_SIZE + 4], *to = parsed;
        random_text(text, random_below(TEXT_SIZE));
        char *csv = render(escape_csv, text);
        const char *p = csv;
        if (*p == '"') {
            for (p++; *p != '"' || p[1] == '"'; p++) {
                ck_assert_int_ne(*p, '\0');
                p += *p == '"';
                *to++ = *p;
            }
            ck_assert_int_eq(p[1], '\0');
        } else {
            ck_assert_ptr_null(strpbrk(csv, ",\"\r\n"));
            to = stpcpy(parsed, csv);
        }
        *to = '\0';
        bool formula = text[0] != '\0' && strchr("=+-@\t\r", text[0]);
        ck_assert_str_eq(parsed + formula, text);
        ck_assert(!formula || parsed[0] == '\'');
        free(csv);
    }
}

END_TEST

/* Nothing but printable characters leaves; \xNN gives the bytes back (texts without a backslash of their own). */
START_TEST(terminal_reads_back)
{
    for (int i = 0; i < ROUNDS; i++) {
        char text[TEXT_SIZE + 1], parsed[TEXT_SIZE + 1], *to = parsed;
        random_text(text, random_below(TEXT_SIZE));
        for (char *p = text; *p != '\0'; p++)
            *p = *p == '\\' ? '/' : *p;
        char *shown = render_bytes(escape_terminal, text, strlen(text));
        for (const char *p = shown; *p != '\0';) {
            size_t length = judge_utf8((const uint8_t *)p);
            ck_assert_uint_gt(length, 0);
            ck_assert(length > 1 || ((uint8_t)*p >= 0x20 && *p != 0x7F));
            ck_assert(!(length == 2 && (uint8_t)p[0] == 0xC2 && (uint8_t)p[1] < 0xA0));
            ck_assert(strncmp(p, "\xE2\x80\xAE", 3) != 0 && strncmp(p, "\xE2\x80\xA8", 3) != 0);
            if (*p == '\\') {
                char digits[3] = {p[2], p[3], 0};
                *to++ = (char)strtoul(digits, NULL, 16);
                p += 4;
            } else {
                memcpy(to, p, length);
                to += length;
                p += length;
            }
        }
        *to = '\0';
        ck_assert_str_eq(parsed, text);
        ck_assert_uint_eq(escape_terminal_width(text, strlen(text)), escape_terminal_width(shown, strlen(shown)));
        free(shown);
    }
}

END_TEST

START_TEST(terminal_shows_hazards)
{
    static const unsigned hazards[] = {0x1B,   0x7F,   0x80,   0x9B,   0x9F,   0x061C, 0x200E, 0x200F, 0x2028, 0x2029,
                                       0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069};
    for (size_t i = 0; i < sizeof(hazards) / sizeof(hazards[0]); i++) {
        char text[4];
        size_t length = put_utf8(text, hazards[i]);
        char *shown = render_bytes(escape_terminal, text, length);
        ck_assert_uint_eq(strlen(shown), 4 * length);
        ck_assert_int_eq(strncmp(shown, "\\x", 2), 0);
        free(shown);
    }
    render_is(render_bytes(escape_terminal, "a\0b", 3), "a\\x00b");
    render_is(render_bytes(escape_terminal, "\xE2\x82", 2), "\\xE2\\x82"); /* cut in a character */
    render_is(render_bytes(escape_terminal, "\xED\xA0\x80", 3), "\\xED\\xA0\\x80");
    render_is(render_bytes(escape_terminal, "\xC2\xA0\xF4\x8F\xBF\xBF", 6), "\xC2\xA0\xF4\x8F\xBF\xBF");
}

END_TEST

START_TEST(folded_keeps_its_structure)
{
    render_is(render(escape_folded, "a;b\nc\td\x7F"), "a:b c d ");
    render_is(render(escape_folded, "std::map<int, T>"), "std::map<int, T>");
}

END_TEST

static const struct {
    const char *name;
    size_t columns;
    const char *shown;
} elisions[] = {
    {"main", 4, "main"},
    {"main", 0, "main"},
    {"parse_everything", 8, "…rything"},
    {"ns::f(int, long const*)", 30, "ns::f(int, long const*)"},
    {"ns::f(int, long const*)", 12, "ns::f(…)"},
    {"ns::f(int, long const*) const", 16, "ns::f(…) const"},
    {"std::vector<int, A<int> >::push(int const&)", 30, "std::vector<…>::push(…)"},
    {"std::vector<int, A<int> >::push(int const&)", 10, "…::push(…)"},
    {"operator<<(Stream&, Thing const&)", 15, "operator<<(…)"},
    {"S::operator()(int, int) const", 24, "S::operator()(…) const"},
    {"f(void (*)(int), char)", 10, "f(…)"},
    {"read (buffer.c:12)", 10, "…fer.c:12)"},
    {"(anonymous namespace)::f", 8, "…ace)::f"},
    {"\x1b\x1b\x1b", 9, "…\\x1B\\x1B"},
    {"\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2", 4, "…\xE6\xBC\xA2"},
    {"abc", 1, "…"},
};

START_TEST(names_are_shortened)
{
    char *shown;
    size_t bytes;
    struct err err = {0};
    struct out *out = out_open_memory(&shown, &bytes);
    escape_terminal_elided(out, elisions[_i].name, elisions[_i].columns);
    ck_assert_int_eq(out_close(out, &err), 0);
    ck_assert_str_eq(shown, elisions[_i].shown);
    free(shown);
}

END_TEST

START_TEST(short_names_fit)
{
    for (int i = 0; i < ROUNDS; i++) {
        char text[TEXT_SIZE + 1], *shown;
        size_t bytes, columns = 1 + random_below(40);
        struct err err = {0};
        random_text(text, random_below(TEXT_SIZE));
        struct out *out = out_open_memory(&shown, &bytes);
        escape_terminal_elided(out, text, columns);
        ck_assert_int_eq(out_close(out, &err), 0);
        ck_assert_uint_le(escape_terminal_width(shown, bytes), columns);
        free(shown);
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("escape");
    TCase *tests = tcase_create("escape");
    tcase_add_test(tests, json_reads_back);
    tcase_add_test(tests, xml_reads_back);
    tcase_add_test(tests, csv_reads_back);
    tcase_add_test(tests, terminal_reads_back);
    tcase_add_test(tests, terminal_shows_hazards);
    tcase_add_test(tests, folded_keeps_its_structure);
    tcase_add_loop_test(tests, names_are_shortened, 0, (int)(sizeof(elisions) / sizeof(elisions[0])));
    tcase_add_test(tests, short_names_fit);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
