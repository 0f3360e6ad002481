/*
 * The MEMORY section of a chunk: what its ALLOC, FREE and REALLOC symbols are about. Part of decoding (decode.h): what
 * memory_decode() has passed needs no check afterwards.
 */
#ifndef MEMORY_SECTION_H
#define MEMORY_SECTION_H

#include "base/err.h"

#include "tracert/format.h"

#include <stdbool.h>
#include <stddef.h>

/* Who asks for memory: the address to which the call of the allocating function returns (0: unknown), and which
 * function that is. */
struct memory_caller {
    uint64_t address;
    enum tf_api api;
};

struct memory_section {
    uint64_t recorded, dropped; /* symbols of the thread up to the end of the chunk */
    uint32_t shift;
    uint32_t nr_callers, nr_allocs, nr_releases;
    struct memory_caller *callers;
    size_t caller_capacity;
    const uint8_t *addresses, *sizes, *callers_of, *released, *end;
    uint32_t *from; /* PATHS: for each entry of DICT the number of the path that it goes on from; 0: none */
    size_t from_capacity;
    const uint8_t *paths_of, *paths_end; /* NULL: there are no paths */
};

/* A place in the columns. */
struct memory_cursor {
    const uint8_t *addresses, *sizes, *callers_of, *released, *paths_of;
    uint64_t address, release; /* the previous ones, shifted */
};

/* What a symbol is about. */
struct memory_block {
    uint64_t address;
    uint64_t bytes;  /* of an ALLOC */
    uint32_t caller; /* of an ALLOC: index into callers */
    uint32_t path;   /* of an ALLOC, where there are paths: its number, 1 + the index of an entry of DICT; or 0 */
};

/*
 * Check `nr_bytes` bytes for a chunk with so many ALLOCs and so many FREEs and REALLOCs; absent sections have none. 0;
 * -1 with ERR_INCOMPLETE when it is malformed, ERR_INPUT without memory. The struct may have been used before.
 */
int memory_decode(struct memory_section *memory, const uint8_t *bytes, size_t nr_bytes, uint32_t nr_allocs,
                  uint32_t nr_releases, struct err *err);

/* The same for PATHS, once that is done; `bytes` NULL: there is none. */
int memory_decode_paths(struct memory_section *memory, const uint8_t *bytes, size_t nr_bytes, uint32_t nr_dict,
                        struct err *err);
void memory_release(struct memory_section *memory);

void memory_begin(const struct memory_section *memory, struct memory_cursor *cursor);

/* What the next symbol of memory is about; `symbol` says which column. */
void memory_next(const struct memory_section *memory, struct memory_cursor *cursor, uint32_t symbol,
                 struct memory_block *block);

static inline bool symbol_is_memory(uint32_t symbol)
{
    return symbol >= TF_SYM_ALLOC && symbol <= TF_SYM_REALLOC;
}

#endif
