/*
 * Values as bytes and back: varints and texts (a varint length, then the bytes), as FORMAT.md has them.
 *
 * Both sides have one sticky flag, so that a run of puts or gets is checked once, at its end.
 */
#ifndef WIRE_H
#define WIRE_H

#include "base/arena.h"

#include <stdbool.h>

/* Grows while it is written; a zeroed struct is empty. */
struct wire {
    uint8_t *bytes;
    size_t nr, capacity;
    bool failed; /* memory ran out */
};

void wire_release(struct wire *wire);
void wire_bytes(struct wire *wire, const void *from, size_t nr);
void wire_number(struct wire *wire, uint64_t number);
void wire_text(struct wire *wire, const char *text);

/* What is still to be read. */
struct cursor {
    const uint8_t *at, *end;
    bool failed; /* it ended too early, or a value is malformed; what is read from then on is 0 and "" */
};

uint64_t cursor_number(struct cursor *cursor);

/* A number that must not exceed `most`. */
uint64_t cursor_number_to(struct cursor *cursor, uint64_t most);

/* As many elements as a number says, each of which takes `bytes_each` bytes or more: not more than there can be. */
uint32_t cursor_count(struct cursor *cursor, size_t bytes_each);

/* A NUL-terminated copy in the arena; never NULL. A text with a NUL byte in it is malformed. */
const char *cursor_text(struct cursor *cursor, struct arena *arena);

/* The next `nr` bytes; NULL when there are not as many. */
const uint8_t *cursor_bytes(struct cursor *cursor, uint64_t nr);

#endif
