#include "profile/bytes.h"

#include "tracert/format.h"

#include <stdlib.h>

/* ---- Writing -------------------------------------------------------------------------------------- */

void bytes_release(struct bytes *bytes)
{
    free(bytes->bytes);
    *bytes = (struct bytes){0};
}

/* Room for `nr` more; NULL when there is none. */
static uint8_t *bytes_room(struct bytes *bytes, size_t nr)
{
    if (bytes->failed)
        return NULL;
    if (nr > bytes->capacity - bytes->nr) {
        size_t capacity = bytes->nr + nr + (bytes->nr + nr) / 2 + 64;
        uint8_t *grown = realloc(bytes->bytes, capacity);
        if (grown == NULL) {
            bytes->failed = true;
            return NULL;
        }
        bytes->bytes = grown;
        bytes->capacity = capacity;
    }
    return bytes->bytes + bytes->nr;
}

void bytes_put(struct bytes *bytes, const void *from, size_t nr)
{
    uint8_t *to = bytes_room(bytes, nr);
    if (to == NULL || nr == 0)
        return;
    memcpy(to, from, nr);
    bytes->nr += nr;
}

void bytes_put_number(struct bytes *bytes, uint64_t number)
{
    uint8_t *to = bytes_room(bytes, TF_VARINT_MAX);
    if (to != NULL)
        bytes->nr += (size_t)(tf_put_varint(to, number) - to);
}

void bytes_put_text(struct bytes *bytes, const char *text)
{
    size_t nr = strlen(text);
    bytes_put_number(bytes, nr);
    bytes_put(bytes, text, nr);
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
