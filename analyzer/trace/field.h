/*
 * One field of a descriptive block (FORMAT.md §3). Part of the reader.
 */
#ifndef FIELD_H
#define FIELD_H

#include "trace/reader.h"

enum { FIELD_TEXT_MAX = 64 << 10 }; /* longer texts are cut: no path and no name is that long */

struct field {
    uint64_t key, number; /* number: the value as a varint; 0 when it is none */
    const uint8_t *value;
    size_t bytes;
    bool is_number;
};

/* The next field of [*at, end). 1, 0 at the end, -1 when it is malformed. */
int field_next(const uint8_t **at, const uint8_t *end, struct field *field);

/* What field_next says when the loop over the fields is done: 0, or -1 with ERR_INCOMPLETE set. */
int fields_end(int result, struct err *err);

/* An even field may be passed over: 0. An odd one refuses the trace: -1 with ERR_INPUT set. */
int field_unknown(const struct field *field, struct err *err);

/* The value, cut at `bytes_max`, in the trace's arena. */
int field_text(struct trace *trace, const struct field *field, size_t bytes_max, const char **text, struct err *err);

/* The value as 32 bits; larger ones are UINT32_MAX. */
uint32_t field_number32(const struct field *field);

int field_no_memory(struct err *err);

#endif
