/*
 * Memory of the drain: whole mappings, zeroed, touched lazily. No malloc: see drain.h.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include "sys.h"

#include <stddef.h>
#include <sys/mman.h>

/* `bytes` of zeroed memory, or NULL. */
static inline void *memory_map(size_t bytes)
{
    long address = sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return address < 0 && address > -4096 ? NULL : (void *)address;
}

/* Make a mapping larger; it may move. NULL when there is no memory: then the old one is still there. */
static inline void *memory_grow(void *memory, size_t old_bytes, size_t new_bytes)
{
    if (memory == NULL)
        return memory_map(new_bytes);
    long address = sys_mremap(memory, old_bytes, new_bytes, MREMAP_MAYMOVE);
    return address < 0 && address > -4096 ? NULL : (void *)address;
}

static inline void memory_unmap(void *memory, size_t bytes)
{
    if (memory != NULL)
        sys_munmap(memory, bytes);
}

#endif
