/*
 * Numbers for people: times with three significant digits and a unit, counts in groups of three digits.
 *
 * Every function fills the caller's buffer and returns it. Pure; no locale.
 */
#ifndef NUMBER_H
#define NUMBER_H

#include <stdint.h>

#define NUMBER_BYTES 32u

/* "0 ns", "412 ns", "1.05 us", "5.31 s", "1,204 s". */
char *number_time(char text[NUMBER_BYTES], uint64_t time_ns);

enum number_unit { NUMBER_AUTO, NUMBER_NS, NUMBER_US, NUMBER_MS, NUMBER_S };

/* The same in that unit, to be compared by eye: "1,204 ns", "0.412 us", "5,310.000 ms"; "<0.001 s" where it is more
 * than nothing. NUMBER_AUTO is number_time(). */
char *number_time_in(char text[NUMBER_BYTES], uint64_t time_ns, enum number_unit unit);

/* "48,211,904". */
char *number_grouped(char text[NUMBER_BYTES], uint64_t number);

/* "61.3 MB": powers of 1000. */
char *number_bytes(char text[NUMBER_BYTES], uint64_t bytes);

/* A share with one decimal, "41.4"; "0.0" when `whole` is 0. */
char *number_percent(char text[NUMBER_BYTES], uint64_t part, uint64_t whole);

#endif
