/*
 * Columns of numbers for scripts: seven bits a byte, the lowest first, in base64 and between quotes.
 */
#ifndef COLUMNS_H
#define COLUMNS_H

#include "base/out.h"

/* A zeroed struct with `out` set begins. */
struct columns {
    struct out *out;
    uint32_t bits; /* bytes that wait for their group of three */
    unsigned nr_waiting;
    bool begun;
};

void columns_add(struct columns *columns, uint64_t number);

/* Write what waits, and the end. */
void columns_end(struct columns *columns);

#endif
