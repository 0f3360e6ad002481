/*
 * A part of a block's payload. Each becomes a zstd frame of its own (FORMAT.md §1), with entropy tables of its own: in
 * one block with the others it would take half as much again.
 */
#ifndef PART_H
#define PART_H

#include <stdbool.h>
#include <stdint.h>

struct part {
    const uint8_t *data;
    uint32_t bytes;
    bool is_noise; /* nothing in it comes again, so that looking for it is in vain; but its bytes are not evenly many */
};

#define PARTS_MAX 8u

#endif
