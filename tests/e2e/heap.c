#include "heap.h"

#include <string.h>

uint64_t number_of(const json_t *object, const char *name)
{
    ck_assert_msg(json_is_integer(json_object_get(object, name)), "no number %s", name);
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

uint64_t amount_of(const json_t *object, const char *amount, const char *unit)
{
    return number_of(json_object_get(object, amount), unit);
}

uint64_t witness_number(const char *text, const char *line, const char *after)
{
    const char *found = strstr(text, line);
    const char *end = found == NULL ? NULL : strstr(found, after);
    uint64_t number = 0, place = 1;
    ck_assert_msg(end != NULL, "valgrind says nothing of \"%s … %s\":\n%s", line, after, text);
    for (const char *digit = end - 1; (*digit >= '0' && *digit <= '9') || *digit == ','; digit--) {
        if (*digit == ',')
            continue;
        number += place * (uint64_t)(*digit - '0');
        place *= 10;
    }
    return number;
}
