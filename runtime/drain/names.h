/*
 * The names of regions, numbered: a frame holds the number.
 */
#ifndef NAMES_H
#define NAMES_H

#include <stdint.h>

#define NAMES_MAX      65536u
#define NAMES_BYTES    (16u << 20)
#define NAME_BYTES_MAX 1000u

struct names {
    char *text;       /* the names, one after the other */
    uint32_t *starts; /* NAMES_MAX + 1 of them: name i is [starts[i], starts[i + 1]) */
    uint32_t *slots;  /* open addressing: 1 + number */
    uint32_t nr;
};

/* 0, or -1 without memory. */
int names_init(struct names *names);

/* The number of a name; beyond NAMES_MAX or NAMES_BYTES that of "(too many names)". */
uint32_t names_intern(struct names *names, const char *text, uint32_t bytes);

#endif
