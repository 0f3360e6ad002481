#include "profile/wire.h"

#include "tracert/format.h"

#include <stdlib.h>

/* ---- Writing -------------------------------------------------------------------------------------- */

void wire_release(struct wire *wire)
{
    free(wire->bytes);
    *wire = (struct wire){0};
}

/* Room for `nr` more; NULL when there is none. */
static uint8_t *wire_room(struct wire *wire, size_t nr)
{
    if (wire->failed)
        return NULL;
    if (nr > wire->capacity - wire->nr) {
        size_t capacity = wire->nr + nr + (wire->nr + nr) / 2 + 64;
        uint8_t *grown = realloc(wire->bytes, capacity);
        if (grown == NULL) {
            wire->failed = true;
            return NULL;
        }
        wire->bytes = grown;
        wire->capacity = capacity;
    }
    return wire->bytes + wire->nr;
}

void wire_bytes(struct wire *wire, const void *from, size_t nr)
{
    uint8_t *to = wire_room(wire, nr);
    if (to == NULL || nr == 0)
        return;
    memcpy(to, from, nr);
    wire->nr += nr;
}

void wire_number(struct wire *wire, uint64_t number)
{
    uint8_t *to = wire_room(wire, TF_VARINT_MAX);
    if (to != NULL)
        wire->nr += (size_t)(tf_put_varint(to, number) - to);
}

void wire_text(struct wire *wire, const char *text)
{
    size_t nr = strlen(text);
    wire_number(wire, nr);
    wire_bytes(wire, text, nr);
}

/* ---- Reading -------------------------------------------------------------------------------------- */

uint64_t cursor_number(struct cursor *cursor)
{
    uint64_t number = 0;
    const uint8_t *next = cursor->failed ? NULL : tf_get_varint(cursor->at, cursor->end, &number);
    if (next == NULL) {
        cursor->failed = true;
        return 0;
    }
    cursor->at = next;
    return number;
}

uint64_t cursor_number_to(struct cursor *cursor, uint64_t most)
{
    uint64_t number = cursor_number(cursor);
    if (number <= most)
        return number;
    cursor->failed = true;
    return 0;
}

uint32_t cursor_count(struct cursor *cursor, size_t bytes_each)
{
    uint64_t count = cursor_number(cursor), most = (uint64_t)(cursor->end - cursor->at) / bytes_each;
    if (count <= most && count < UINT32_MAX)
        return (uint32_t)count;
    cursor->failed = true;
    return 0;
}

const uint8_t *cursor_bytes(struct cursor *cursor, uint64_t nr)
{
    const uint8_t *bytes = cursor->at;
    if (cursor->failed || nr > (uint64_t)(cursor->end - cursor->at)) {
        cursor->failed = true;
        return NULL;
    }
    cursor->at += nr;
    return bytes;
}

const char *cursor_text(struct cursor *cursor, struct arena *arena)
{
    uint64_t nr = cursor_number(cursor);
    const uint8_t *bytes = cursor_bytes(cursor, nr);
    const char *text = NULL;
    if (bytes != NULL && memchr(bytes, 0, (size_t)nr) == NULL)
        text = arena_copy(arena, (const char *)bytes, (size_t)nr);
    if (text != NULL)
        return text;
    cursor->failed = true;
    return "";
}
