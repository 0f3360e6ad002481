/*
 * A tree of numbers, of which 0 is its root, to be walked without recursion: call paths, dominators.
 */
#ifndef TREE_LINKS_H
#define TREE_LINKS_H

#include <stdbool.h>
#include <stdint.h>

/* Of each node its parent, its first child, and what comes beside it; 0: none. */
struct tree_links {
    uint32_t *parent, *child, *sibling;
};

/* Nodes below `nr`, none of which hangs anywhere yet. 0, or -1 without memory; to be released in both cases. */
int tree_links_init(struct tree_links *links, uint32_t nr);
void tree_links_release(struct tree_links *links);

/* Hang a node below another one, before those that are there. Once for each. */
void tree_links_add(struct tree_links *links, uint32_t parent, uint32_t node);

struct tree_visitor {
    void *context;
    void (*enter)(void *context, uint32_t node, bool is_first); /* of its parent's children */
    void (*leave)(void *context, uint32_t node);                /* all that is below it has been visited */
};

/* From the root down; what does not hang below it is not visited. */
void tree_links_visit(const struct tree_links *links, const struct tree_visitor *visitor);

#endif
