#include "json_reader.h"

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char *json_string_end(const char *p)
{
    ck_assert_int_eq(*p, '"');
    for (p++; *p != '"'; p++) {
        ck_assert_uint_ge((uint8_t)*p, 0x20);
        p += *p == '\\';
    }
    return p + 1;
}

const char *json_skip(const char *p)
{
    char open[64];
    unsigned depth = 0;
    do {
        p += strspn(p, " \n");
        if (*p == '{' || *p == '[') {
            ck_assert_uint_lt(depth, sizeof(open));
            open[depth++] = *p++;
            p += strspn(p, " \n");
            if (*p != '}' && *p != ']') {
                if (open[depth - 1] == '{') {
                    p = json_string_end(p);
                    ck_assert_int_eq(*p++, ':');
                }
                continue;
            }
        } else if (*p == '"') {
            p = json_string_end(p);
        } else {
            size_t length = strspn(p, "0123456789.");
            length = length > 0                    ? length
                     : strncmp(p, "true", 4) == 0  ? 4
                     : strncmp(p, "null", 4) == 0  ? 4
                     : strncmp(p, "false", 5) == 0 ? 5
                                                   : 0;
            ck_assert_msg(length > 0, "no value at %.20s", p);
            p += length;
        }
        for (p += strspn(p, " \n"); depth > 0 && *p == (open[depth - 1] == '{' ? '}' : ']'); p += strspn(p, " \n")) {
            p++;
            depth--;
        }
        if (depth > 0) {
            ck_assert_msg(*p == ',', "no comma at %.20s", p);
            p++;
            p += strspn(p, " \n");
            if (open[depth - 1] == '{') {
                p = json_string_end(p);
                ck_assert_int_eq(*p++, ':');
            }
        }
    } while (depth > 0);
    return p;
}

const char *json_find(const char *p, const char *path)
{
    while (*path != '\0') {
        p += strspn(p, " \n");
        if (*path == '[') {
            ck_assert_int_eq(*p++, '[');
            char *rest;
            for (long i = strtol(path + 1, &rest, 10); i > 0; i--) {
                p = json_skip(p);
                ck_assert_int_eq(*p++, ',');
            }
            path = rest + 1;
        } else {
            path += *path == '.';
            size_t length = strcspn(path, ".[");
            ck_assert_int_eq(*p++, '{');
            for (;;) {
                p += strspn(p, " \n");
                const char *end = json_string_end(p);
                bool found = (size_t)(end - p) == length + 2 && strncmp(p + 1, path, length) == 0;
                p = end + 1;
                if (found)
                    break;
                p = json_skip(p);
                ck_assert_msg(*p == ',', "no member %s", path);
                p++;
            }
            path += length;
        }
    }
    return p + strspn(p, " \n");
}
