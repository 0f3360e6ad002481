/*
 * Folded stacks. Different labels can look the same once they are escaped, and one stack must be one line: so the call
 * tree is built again over the escaped names, which are numbered in the order of their bytes.
 */
#include "export/export.h"

#include "base/escape.h"
#include "profile/calltree.h"

#include <stdlib.h>
#include <string.h>

struct stacks {
    char **frames;   /* escaped names, in order, each once */
    uint32_t *ranks; /* function number -> index into frames */
    uint32_t nr_functions;
    struct calltree tree; /* over ranks; inclusive holds the exclusive times */
    uint32_t *first_child, *next_sibling;
    uint32_t *path; /* ranks from the root */
};

struct frame {
    char *text;
    uint32_t function;
};

static int frame_compare(const void *a, const void *b)
{
    const struct frame *f = a, *g = b;
    return strcmp(f->text, g->text);
}

static char *frame_text(const char *label)
{
    char *text;
    size_t bytes;
    struct err err = {0};
    struct out *out = out_open_memory(&text, &bytes);
    if (!out)
        return NULL;
    escape_folded(out, label);
    return out_close(out, &err) == 0 ? text : NULL;
}

static int frames_rank(struct stacks *stacks, const struct profile *profile)
{
    uint32_t nr = profile->nr_functions;
    stacks->nr_functions = nr;
    stacks->frames = calloc((size_t)nr + 1, sizeof(char *));
    stacks->ranks = calloc((size_t)nr + 1, sizeof(*stacks->ranks));
    struct frame *sorted = calloc((size_t)nr + 1, sizeof(*sorted));
    if (!stacks->frames || !stacks->ranks || !sorted) {
        free(sorted);
        return -1;
    }
    int result = 0;
    for (uint32_t i = 0; i < nr && result == 0; i++) {
        sorted[i] = (struct frame){frame_text(profile->functions[i].label), i};
        stacks->frames[i] = sorted[i].text;
        result = sorted[i].text ? 0 : -1;
    }
    if (result == 0) {
        qsort(sorted, nr, sizeof(*sorted), frame_compare);
        for (uint32_t i = 0, rank = 0; i < nr; i++) {
            stacks->frames[i] = sorted[i].text;
            rank = i > 0 && strcmp(sorted[i].text, sorted[i - 1].text) != 0 ? i : rank;
            stacks->ranks[sorted[i].function] = rank;
        }
    }
    free(sorted);
    return result;
}

static int tree_build(struct stacks *stacks, const struct profile *profile, struct err *err)
{
    uint32_t *twin = calloc(profile->nr_nodes, sizeof(*twin)); /* profile's node -> node of our tree */
    int result = 0;
    if (!twin)
        return err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = 1; i < profile->nr_nodes && result == 0; i++) {
        const struct profile_node *node = &profile->nodes[i];
        twin[i] = calltree_child(&stacks->tree, twin[node->parent], stacks->ranks[node->function], err);
        if (twin[i] == UINT32_MAX)
            result = -1;
        else
            stacks->tree.nodes[twin[i]].inclusive += node->exclusive_ns;
    }
    free(twin);
    return result;
}

struct sibling {
    uint32_t parent, rank, node;
};

static int sibling_compare(const void *a, const void *b)
{
    const struct sibling *s = a, *t = b;
    if (s->parent != t->parent)
        return s->parent < t->parent ? -1 : 1;
    return (s->rank > t->rank) - (s->rank < t->rank);
}

static int siblings_link(struct stacks *stacks, uint32_t max_depth)
{
    uint32_t nr = stacks->tree.nr_nodes;
    stacks->first_child = calloc(nr, sizeof(uint32_t));
    stacks->next_sibling = calloc(nr, sizeof(uint32_t));
    stacks->path = calloc((size_t)max_depth + 1, sizeof(uint32_t));
    struct sibling *siblings = calloc(nr, sizeof(*siblings));
    if (!stacks->first_child || !stacks->next_sibling || !stacks->path || !siblings) {
        free(siblings);
        return -1;
    }
    for (uint32_t i = 1; i < nr; i++)
        siblings[i - 1] = (struct sibling){stacks->tree.nodes[i].parent, stacks->tree.nodes[i].function, i};
    qsort(siblings, nr - 1, sizeof(*siblings), sibling_compare);
    for (uint32_t i = nr - 1; i-- > 0;) {
        stacks->next_sibling[siblings[i].node] = stacks->first_child[siblings[i].parent];
        stacks->first_child[siblings[i].parent] = siblings[i].node;
    }
    free(siblings);
    return 0;
}

static void line_write(const struct stacks *stacks, uint32_t depth, uint64_t value, struct out *out)
{
    for (uint32_t i = 0; i < depth; i++) {
        if (i > 0)
            out_char(out, ';');
        out_text(out, stacks->frames[stacks->path[i]]);
    }
    out_format(out, " %llu\n", (unsigned long long)value);
}

static void lines_write(const struct stacks *stacks, struct out *out)
{
    uint32_t depth = 0;
    for (uint32_t at = stacks->first_child[0]; at != 0;) {
        const struct calltree_node *node = &stacks->tree.nodes[at];
        stacks->path[depth++] = node->function;
        if (node->inclusive > 0)
            line_write(stacks, depth, node->inclusive, out);
        if (stacks->first_child[at] != 0) {
            at = stacks->first_child[at];
            continue;
        }
        for (depth--; at != 0 && stacks->next_sibling[at] == 0; depth--)
            at = stacks->tree.nodes[at].parent;
        at = stacks->next_sibling[at];
    }
}

int export_folded(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    (void)options;
    struct stacks stacks = {0};
    int result = -1;
    if (calltree_init(&stacks.tree, err) != 0)
        return -1;
    if (frames_rank(&stacks, profile) != 0) {
        err_set(err, ERR_INPUT, "out of memory");
        goto out;
    }
    if (tree_build(&stacks, profile, err) != 0)
        goto out;
    if (siblings_link(&stacks, profile->facts.max_depth) != 0) {
        err_set(err, ERR_INPUT, "out of memory");
        goto out;
    }
    lines_write(&stacks, out);
    result = 0;
out:
    calltree_release(&stacks.tree);
    for (uint32_t i = 0; stacks.frames && i < stacks.nr_functions; i++)
        free(stacks.frames[i]);
    free(stacks.frames);
    free(stacks.ranks);
    free(stacks.first_child);
    free(stacks.next_sibling);
    free(stacks.path);
    return result;
}
