/*
 * Copy, clear and measure bytes, and put short texts together, without a call: who is called memcpy in a program may be
 * the program's own function, traced like the rest of it, or a sanitizer's, which runs the program's signal handlers
 * within it. Neither may come in between while a ring is being changed.
 *
 * Signal-safe.
 */
#ifndef BYTES_H
#define BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline void bytes_copy(void *to, const void *from, size_t nr)
{
#ifdef __x86_64__
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(nr) : : "memory");
#else
    uint8_t *t = to;
    for (const uint8_t *f = from; nr > 0; nr--) {
        *t++ = *f++;
        __asm__ volatile("" : : : "memory"); /* or the compiler makes a call of the loop */
    }
#endif
}

static inline void bytes_clear(void *to, size_t nr)
{
#ifdef __x86_64__
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(nr) : "a"(0) : "memory");
#else
    for (uint8_t *t = to; nr > 0; nr--) {
        *t++ = 0;
        __asm__ volatile("" : : : "memory");
    }
#endif
}

#define TEXT_MAX SIZE_MAX /* the text ends anyhow */

/* The length of a text that ends within `most` bytes, else `most`. */
static inline size_t text_length(const char *text, size_t most)
{
    size_t nr = 0;
    while (nr < most && text[nr] != '\0') {
        nr++;
        __asm__ volatile("" : : : "memory");
    }
    return nr;
}

/* Put a text behind another one, if both fit into `bytes`. */
static inline void text_append(char *text, size_t bytes, const char *piece)
{
    size_t used = text_length(text, TEXT_MAX);
    size_t length = text_length(piece, TEXT_MAX);
    if (used + length < bytes)
        bytes_copy(text + used, piece, length + 1);
}

#define TEXT_NUMBER_BYTES 11

/* A number in decimal, which begins somewhere in `digits`. */
static inline const char *text_number(char digits[TEXT_NUMBER_BYTES], uint32_t number)
{
    char *start = digits + TEXT_NUMBER_BYTES - 1;
    *start = '\0';
    do {
        *--start = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return start;
}

/* True when both are the same, as far as `most` bytes. */
static inline bool text_equal(const char *a, const char *b, size_t most)
{
    size_t nr = 0;
    while (nr < most && a[nr] == b[nr] && a[nr] != '\0')
        nr++;
    return nr == most || a[nr] == b[nr];
}

/* Where the last `c` of a text is; NULL when there is none. */
static inline const char *text_last(const char *text, char c)
{
    const char *last = NULL;
    for (; *text != '\0'; text++)
        last = *text == c ? text : last;
    return last;
}

#endif
