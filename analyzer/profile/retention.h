/*
 * Who retains what: the blocks that were live at a snapshot, what points to them, and what nothing points to any more.
 *
 * A pointer is an aligned word whose value is an address in a block. Looking at memory like this can take a number for
 * a pointer, so that a block counts as reachable that is not; and it cannot see pointers that are disguised. States are
 * those of memcheck (without its heuristics):
 *
 * - reachable: from a root through pointers to the beginnings of blocks;
 * - possibly lost: only with pointers into the middle of blocks on the way;
 * - definitely lost: no pointer leads to it, or only a cycle of lost blocks does, and it is the first one of that;
 * - indirectly lost: only lost blocks point to it.
 *
 * What a node retains is itself and all that can be reached through it alone (its dominator tree).
 */
#ifndef RETENTION_H
#define RETENTION_H

#include "profile/graph.h"
#include "profile/heap_pointers.h"
#include "symbols/symbols.h"

enum block_state { BLOCK_REACHABLE, BLOCK_POSSIBLY_LOST, BLOCK_LOST, BLOCK_INDIRECTLY_LOST, NR_BLOCK_STATES };

/*
 * The first nodes: the root of all, and that of what came or went while the memory was being copied. Roots come behind
 * them, then blocks, and last the root of what is definitely lost.
 */
enum { NODE_ROOT = 0, NODE_MOVED = 1, NODES_FIXED = 2 };

struct retention_node {
    const char *name;   /* of a root; NULL: a block. Untrusted */
    const char *module; /* of a root in an object file: its path; else "" */
    enum root_kind kind;
    enum block_state state; /* of a block, as are the following */
    bool is_gone;           /* it was released while the memory was being copied: it counts nowhere */
    uint64_t address, bytes;
    uint32_t path;      /* of the heap profile's nodes: who allocated it */
    uint32_t thread;    /* index into trace->threads: who did */
    uint32_t dominator; /* GRAPH_NONE: of the root, and of roots without pointers */
    uint32_t before;    /* on a shortest way from the root */
    uint64_t retained_bytes, retained_blocks;
};

struct retention_edge {
    uint64_t offset;  /* in the block; of a root: the address */
    bool is_interior; /* it does not point to the beginning */
};

struct retention {
    struct arena arena;
    struct retention_node *nodes;
    uint32_t nr_nodes, first_block, lost; /* nodes[first_block … lost) are blocks, by address, pools' last */
    struct graph graph;                   /* of the nodes */
    uint32_t *first, *to;                 /* the graph's */
    struct retention_edge *edges;         /* as `to` */
    uint32_t *order;                      /* nodes that can be reached, each behind its dominator */
    uint32_t nr_order;
    struct heap_amount total, states[NR_BLOCK_STATES];
    uint64_t copied_ns;        /* how long it took to copy the memory */
    uint64_t at_ns;            /* when that was */
    uint32_t nr_other_threads; /* whose registers are not in the image */
    bool is_conservative;      /* there were blocks that the trace does not know: all memory counts as a root */
};

struct retention_request {
    struct image *image;
    const struct trace *trace;
    const struct heap_live *live;
    const struct heap_profile *heap; /* whose site_nodes name the call paths of live blocks */
    const struct symbol_options *symbols;
    void (*notice)(void *context, const char *text);
    void *context;
};

/* NULL with err set. */
struct retention *retention_make(const struct retention_request *request, struct err *err);
void retention_free(struct retention *retention);

#endif
