/*
 * Where pointers to blocks may lie outside of blocks: the variables of modules, the stacks, memory that the program
 * has mapped itself. What the allocator keeps of free memory is none of them.
 */
#ifndef HEAP_ROOTS_H
#define HEAP_ROOTS_H

#include "profile/heap.h"
#include "trace/image.h"

enum root_kind {
    ROOT_VARIABLE, /* memory of a module */
    ROOT_THREAD,   /* a stack, with the thread's registers and, mostly, its thread-local variables */
    ROOT_MEMORY    /* of a mapping of no known use */
};

/* Memory of one kind. */
struct root_range {
    uint64_t start, end;
    enum root_kind kind;
    uint32_t subject;  /* ROOT_VARIABLE: index into trace->objects; ROOT_THREAD: into image->threads, or UINT32_MAX;
                          ROOT_MEMORY: into image->mappings */
    uint64_t base;     /* ROOT_VARIABLE: what is added to the addresses in the file */
    bool is_libc;      /* it holds malloc's own pointers */
    bool may_be_arena; /* it begins where malloc's arenas do: the first word says */
    bool has_gaps;     /* pages that blocks lie in are the allocator's */
};

struct heap_roots {
    struct root_range *ranges; /* in ascending order, disjoint */
    size_t nr, capacity;
};

/*
 * `everything`: there are blocks that nobody knows of, so that all memory may hold pointers that count. 0, or -1 with
 * err set; it is to be released in both cases.
 */
int heap_roots_make(struct heap_roots *roots, const struct image *image, const struct trace *trace,
                    const struct heap_live *live, bool everything, struct err *err);
void heap_roots_release(struct heap_roots *roots);

#endif
