/* Untrusted text in every form: whatever comes in, what goes out is harmless in its place. */
#include "fuzz.h"

#include "base/escape.h"

#include <stdlib.h>
#include <string.h>

enum { NR_FORMS = 6 };

typedef void escape_text(struct out *out, const char *text);

static void terminal(struct out *out, const char *text)
{
    escape_terminal(out, text, strlen(text));
}

static void xml(struct out *out, const char *text)
{
    escape_xml(out, text, strlen(text));
}

static void elided(struct out *out, const char *text)
{
    escape_terminal_elided(out, text, 20);
}

/* Without any of these characters, and without control characters. */
static void plain_require(const char *text, const char *forbidden)
{
    fuzz_require(strpbrk(text, forbidden) == NULL);
    for (; *text != '\0'; text++)
        fuzz_require((unsigned char)*text >= ' ' && *text != 0x7f);
}

/* A JSON string: quotes around, none inside that is not escaped, and only the escapes that JSON knows. */
static void json_require(const char *text)
{
    size_t bytes = strlen(text);
    fuzz_require(bytes >= 2 && text[0] == '"' && text[bytes - 1] == '"');
    for (size_t i = 1; i + 1 < bytes; i++) {
        fuzz_require(text[i] != '"' && (unsigned char)text[i] >= ' ');
        if (text[i] != '\\')
            continue;
        i++;
        fuzz_require(i + 1 < bytes && strchr("\"\\/bfnrtu", text[i]) != NULL);
        fuzz_require(text[i] != 'u' || (i + 5 < bytes && strspn(text + i + 1, "0123456789abcdefABCDEF") >= 4));
    }
}

/* A field of CSV: no formula; a quote, comma or line end only within quotes. */
static void csv_require(const char *text)
{
    size_t bytes = strlen(text);
    if (text[0] != '"') {
        fuzz_require(strpbrk(text, "\",\r\n") == NULL && (bytes == 0 || strchr("=+-@\t", text[0]) == NULL));
        return;
    }
    fuzz_require(bytes >= 2 && text[bytes - 1] == '"' && strchr("=+-@\t\r", text[1]) == NULL);
    for (size_t i = 1; i + 1 < bytes; i++) {
        if (text[i] == '"') {
            i++;
            fuzz_require(i + 1 < bytes && text[i] == '"');
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static escape_text *const escapes[NR_FORMS] = {terminal, xml, elided, escape_json, escape_csv, escape_folded};
    const char *forms[NR_FORMS];
    uint64_t ends[NR_FORMS];
    struct err err = {0};
    char *text = malloc(bytes + 1), *written = NULL;
    size_t nr_written = 0;
    fuzz_require(text != NULL);
    if (bytes > 0)
        memcpy(text, data, bytes);
    text[bytes] = '\0';
    struct out *out = out_open_memory(&written, &nr_written);
    for (size_t i = 0; i < NR_FORMS; i++) {
        escapes[i](out, text);
        ends[i] = out_count(out);
        out_char(out, '\0');
    }
    fuzz_require(out_close(out, &err) == 0 && nr_written == ends[NR_FORMS - 1] + 1);
    for (size_t i = 0; i < NR_FORMS; i++) {
        forms[i] = i == 0 ? written : written + ends[i - 1] + 1;
        fuzz_require(strlen(forms[i]) == (size_t)(written + ends[i] - forms[i]));
    }
    plain_require(forms[0], "");
    fuzz_require(strpbrk(forms[1], "<>\"'") == NULL);
    plain_require(forms[2], "");
    fuzz_require(escape_terminal_width(forms[2], strlen(forms[2])) <= 20);
    json_require(forms[3]);
    fuzz_require(strpbrk(forms[3], "<>&") == NULL);
    csv_require(forms[4]);
    plain_require(forms[5], ";");
    free(written);
    free(text);
    return 0;
}
