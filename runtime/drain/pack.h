/*
 * Deltas of two bits, four a byte (FORMAT.md §4, PACKED). Between most events lie no more than two steps of the clock,
 * and they look like noise: what an entropy coder makes of four in a byte is smaller, and takes half the time, than of
 * one.
 */
#ifndef PACK_H
#define PACK_H

#include <stdint.h>

#define PACK_ROUND 8u /* deltas are read, and packed, by as many */

/*
 * Packs deltas[0, nr), behind which PACK_ROUND zeros lie. `packed` has room for nr / 4 + 2 bytes, `rest` for nr and as
 * many zeros: it gets the deltas that two bits cannot hold. Returns how many those are; UINT32_MAX: too many for it to
 * pay.
 */
typedef uint32_t pack_put(const uint8_t *deltas, uint32_t nr, uint8_t *packed, uint8_t *rest);

pack_put pack_deltas; /* on any processor */

/* The fastest that this processor can run. */
pack_put *pack_put_choose(void);

#endif
