/*
 * Errors: formatted once, made harmless once. The escaping is a small copy of escape_terminal's rule, for a fixed
 * buffer: an error must be possible when nothing else works.
 */
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the well-formed UTF-8 character at `text`, and its code point; 0 when it is not one. */
static size_t utf8_decode(const unsigned char *text, size_t bytes, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = text[0] < 0x80 ? 1 : text[0] >> 5 == 6 ? 2 : text[0] >> 4 == 14 ? 3 : text[0] >> 3 == 30 ? 4 : 0;
    if (length == 0 || length > bytes)
        return 0;
    *code = length == 1 ? text[0] : text[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (text[i] >> 6 != 2)
            return 0;
        *code = *code << 6 | (text[i] & 0x3fu);
    }
    bool surrogate = *code >= 0xd800 && *code <= 0xdfff;
    return *code < least[length] || *code > 0x10ffff || surrogate ? 0 : length;
}

/* Controls, and what reorders or breaks the line around it. */
static bool code_is_harmless(uint32_t code)
{
    return code >= 0x20 && !(code >= 0x7f && code <= 0x9f) && code != 0x61c && !(code >= 0x200e && code <= 0x200f) &&
           !(code >= 0x2028 && code <= 0x202e) && !(code >= 0x2066 && code <= 0x2069);
}

static void text_escape(char *out, size_t room, const char *in)
{
    const unsigned char *text = (const unsigned char *)in;
    size_t bytes = strlen(in), used = 0;
    while (bytes > 0) {
        uint32_t code = 0;
        size_t length = utf8_decode(text, bytes, &code);
        bool harmless = length > 0 && code_is_harmless(code);
        if (length == 0)
            length = 1;
        size_t needed = harmless ? length : 4 * length;
        if (needed >= room - used)
            break;
        for (size_t i = 0; i < length; i++) {
            if (harmless)
                out[used++] = (char)text[i];
            else
                used += (size_t)snprintf(out + used, 5, "\\x%02X", (unsigned)text[i]);
        }
        text += length;
        bytes -= length;
    }
    out[used] = '\0';
}

__attribute__((format(printf, 4, 0))) static void err_format(struct err *err, enum err_code code, int errnum,
                                                             const char *format, va_list arguments)
{
    if (err->code != ERR_NONE)
        return;
    char text[sizeof(err->text)];
    int length = vsnprintf(text, sizeof(text), format, arguments);
    size_t used = length < 0 ? 0 : (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1;
    text[used] = '\0';
    if (errnum != 0) {
        /* The cause must survive a path that is as long as the buffer. */
        const char *cause = strerror(errnum);
        size_t least = strlen(cause) + 3;
        if (least < sizeof(text) && used > sizeof(text) - least)
            used = sizeof(text) - least;
        snprintf(text + used, sizeof(text) - used, ": %s", cause);
    }
    err->code = code;
    text_escape(err->text, sizeof(err->text), text);
}

int err_set(struct err *err, enum err_code code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    err_format(err, code, 0, format, arguments);
    va_end(arguments);
    return -1;
}

int err_set_errno(struct err *err, enum err_code code, int errnum, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    err_format(err, code, errnum, format, arguments);
    va_end(arguments);
    return -1;
}
