/*
 * The table from what is entered to its symbol in the open segment, and the segment's dictionary, where the symbol is
 * explained. The hooks look into the table themselves (ring.h, symbol_find() in hook.c); here it is filled.
 *
 * A signal handler that interrupts table_symbol() may add symbols itself, or turn to another segment: then the lines
 * that are free have another key, and whoever was interrupted finds none to take.
 */
#ifndef TABLE_H
#define TABLE_H

#include "ring.h"

#include <stdbool.h>
#include <stdint.h>

#define SYMBOL_NONE UINT32_MAX

/* The memory of the largest table that a ring of so many bytes needs. */
uint32_t table_bytes(uint32_t ring_bytes);

/* The lines that the table has at the moment. */
uint32_t table_lines(const struct tracert__thread *thread);

/* For segment `segment`: an empty table, that suits as many places of call as there were in the one before. */
void table_clear(struct tracert__thread *thread, uint32_t segment);

/*
 * For segment `number`, which begins: go on with the symbols of the one before, as learning them anew takes as long as
 * a thousand hooks. Copies its dictionary of thread->nr_dict entries. False: that would not pay.
 */
bool table_carry(struct tracert__thread *thread, uint32_t number, const struct segment *segment);

/*
 * Add an entry to the dictionary. SYMBOL_NONE: it has `max`, or no room. An entry whose line a handler was quicker to
 * take is never used.
 */
uint32_t table_add(const struct segment *segment, uint64_t function, uint64_t site, uint32_t max);

/*
 * Give a free line, with the key `free`, its meaning. False: a handler has taken it first, or has turned to another
 * segment, whose free lines have another key.
 */
bool table_take(struct ring_line *line, uint64_t free, uint64_t function, uint64_t site, uint32_t symbol);

/* The symbol for a frame in segment `number`; SYMBOL_NONE when it has no room for another one. */
uint32_t table_symbol(struct tracert__thread *thread, uint32_t number, const struct segment *segment,
                      const struct frame *frame);

#endif
