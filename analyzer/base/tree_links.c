#include "base/tree_links.h"

#include <stdlib.h>

int tree_links_init(struct tree_links *links, uint32_t nr)
{
    links->parent = calloc((size_t)nr + 1, sizeof(*links->parent));
    links->child = calloc((size_t)nr + 1, sizeof(*links->child));
    links->sibling = calloc((size_t)nr + 1, sizeof(*links->sibling));
    return links->parent == NULL || links->child == NULL || links->sibling == NULL ? -1 : 0;
}

void tree_links_release(struct tree_links *links)
{
    free(links->parent);
    free(links->child);
    free(links->sibling);
    *links = (struct tree_links){0};
}

void tree_links_add(struct tree_links *links, uint32_t parent, uint32_t node)
{
    links->parent[node] = parent;
    links->sibling[node] = links->child[parent];
    links->child[parent] = node;
}

void tree_links_visit(const struct tree_links *links, const struct tree_visitor *visitor)
{
    uint32_t at = 0;
    visitor->enter(visitor->context, at, true);
    for (;;) {
        if (links->child[at] != 0) {
            at = links->child[at];
            visitor->enter(visitor->context, at, true);
            continue;
        }
        visitor->leave(visitor->context, at);
        while (at != 0 && links->sibling[at] == 0) {
            at = links->parent[at];
            visitor->leave(visitor->context, at);
        }
        if (at == 0)
            return;
        at = links->sibling[at];
        visitor->enter(visitor->context, at, false);
    }
}
