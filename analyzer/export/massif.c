/*
 * The heap over time as massif writes it: a snapshot for each part of the time, with trees of who has it at the peak
 * and at the end. Its trees begin with the allocating functions and go on with their callers.
 */
#include "export/export.h"

#include "base/escape.h"
#include "base/path.h"
#include "profile/calltree.h"
#include "profile/heap_profile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define THRESHOLD 100u /* what has less than this part of a snapshot is lumped together */

static const struct heap_amount *amount_of(const struct heap_node *node, bool is_peak)
{
    return is_peak ? &node->self.peak : &node->self.live;
}

/* ---- The tree, the other way round ---------------------------------------------------------------- */

struct upside {
    const struct heap_profile *heap;
    struct calltree tree;   /* inclusive: bytes */
    uint32_t *first, *next; /* children in descending order, siblings */
    uint32_t *path;         /* of the walk */
};

static int upside_fill(struct upside *upside, bool is_peak, struct err *err)
{
    const struct heap_profile *heap = upside->heap;
    struct calltree *tree = &upside->tree;
    for (uint32_t i = 1; i < heap->nr_nodes; i++) {
        uint64_t bytes = amount_of(&heap->nodes[i], is_peak)->bytes;
        if (bytes == 0)
            continue;
        tree->nodes[CALLTREE_ROOT].inclusive += bytes;
        uint32_t node = CALLTREE_ROOT;
        for (uint32_t at = i; at != 0; at = heap->nodes[at].parent) {
            node = calltree_child(tree, node, heap->nodes[at].function, err);
            if (node == UINT32_MAX)
                return -1;
            tree->nodes[node].inclusive += bytes;
        }
    }
    return 0;
}

struct sibling {
    uint64_t bytes;
    uint32_t parent, node;
};

/* By parent, then the lightest first: they are put before their siblings one by one. */
static int sibling_compare(const void *a, const void *b)
{
    const struct sibling *s = a, *t = b;
    if (s->parent != t->parent)
        return s->parent < t->parent ? -1 : 1;
    if (s->bytes != t->bytes)
        return s->bytes < t->bytes ? -1 : 1;
    return (s->node < t->node) - (s->node > t->node);
}

static int upside_link(struct upside *upside, struct err *err)
{
    uint32_t nr = upside->tree.nr_nodes;
    struct sibling *siblings = calloc((size_t)nr + 1, sizeof(*siblings));
    upside->first = calloc((size_t)nr + 1, sizeof(*upside->first));
    upside->next = calloc((size_t)nr + 1, sizeof(*upside->next));
    upside->path = calloc((size_t)nr + 1, sizeof(*upside->path));
    if (siblings == NULL || upside->first == NULL || upside->next == NULL || upside->path == NULL) {
        free(siblings);
        return err_set(err, ERR_INPUT, "out of memory");
    }
    for (uint32_t i = 1; i < nr; i++) {
        const struct calltree_node *node = &upside->tree.nodes[i];
        siblings[i - 1] = (struct sibling){node->inclusive, node->parent, i};
    }
    qsort(siblings, nr - 1, sizeof(*siblings), sibling_compare);
    for (uint32_t i = 0; i + 1 < nr; i++) {
        upside->next[siblings[i].node] = upside->first[siblings[i].parent];
        upside->first[siblings[i].parent] = siblings[i].node;
    }
    free(siblings);
    return 0;
}

static void upside_release(struct upside *upside)
{
    calltree_release(&upside->tree);
    free(upside->first);
    free(upside->next);
    free(upside->path);
}

static bool is_shown(const struct upside *upside, uint32_t node)
{
    return upside->tree.nodes[node].inclusive * THRESHOLD >= upside->tree.nodes[CALLTREE_ROOT].inclusive;
}

/* What is lumped together of a node's children. */
static uint32_t rest_of(const struct upside *upside, uint32_t node, uint32_t *nr_shown, uint64_t *rest_bytes)
{
    uint32_t nr_rest = 0;
    *nr_shown = 0;
    *rest_bytes = 0;
    for (uint32_t child = upside->first[node]; child != 0; child = upside->next[child]) {
        if (is_shown(upside, child)) {
            ++*nr_shown;
        } else {
            nr_rest++;
            *rest_bytes += upside->tree.nodes[child].inclusive;
        }
    }
    return nr_rest;
}

static void place_write(const struct upside *upside, uint32_t node, struct out *out)
{
    const struct heap_function *function = &upside->heap->functions[upside->tree.nodes[node].function];
    const char *file = path_last(function->file);
    out_text(out, "0x0: ");
    escape_terminal(out, function->label, strlen(function->label));
    if (file[0] != '\0') {
        out_text(out, " (");
        escape_terminal(out, file, strlen(file));
        out_format(out, ":%u)", function->line);
    }
    out_char(out, '\n');
}

/* A node's line, and that of what is lumped together below it where none of its children is shown. */
static void node_write(const struct upside *upside, uint32_t node, uint32_t depth, struct out *out)
{
    uint64_t rest_bytes;
    uint32_t nr_shown, nr_rest = rest_of(upside, node, &nr_shown, &rest_bytes);
    out_format(out, "%*sn%u: %" PRIu64 " ", (int)depth, "", nr_shown + (nr_rest > 0),
               upside->tree.nodes[node].inclusive);
    if (node == CALLTREE_ROOT)
        out_text(out, "(heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n");
    else
        place_write(upside, node, out);
}

/* What is left of a node's children, after those that are shown. */
static void rest_write(const struct upside *upside, uint32_t node, uint32_t depth, struct out *out)
{
    uint64_t rest_bytes;
    uint32_t nr_shown, nr_rest = rest_of(upside, node, &nr_shown, &rest_bytes);
    if (nr_rest > 0)
        out_format(out, "%*sn0: %" PRIu64 " in %u %s below massif's threshold (%.2f%%)\n", (int)depth + 1, "",
                   rest_bytes, nr_rest, nr_rest == 1 ? "place," : "places, all", 100.0 / THRESHOLD);
}

static void tree_write(const struct upside *upside, struct out *out)
{
    uint32_t depth = 0, *path = upside->path;
    path[0] = CALLTREE_ROOT;
    node_write(upside, CALLTREE_ROOT, 0, out);
    for (uint32_t child = upside->first[CALLTREE_ROOT];;) {
        if (child != 0 && is_shown(upside, child)) {
            path[++depth] = child;
            node_write(upside, child, depth, out);
            child = upside->first[child];
            continue;
        }
        rest_write(upside, path[depth], depth, out);
        if (depth == 0)
            return;
        child = upside->next[path[depth--]];
    }
}

static int heap_tree_write(const struct heap_profile *heap, bool is_peak, struct out *out, struct err *err)
{
    struct upside upside = {.heap = heap};
    int result = -1;
    if (calltree_init(&upside.tree, err) == 0 && upside_fill(&upside, is_peak, err) == 0 &&
        upside_link(&upside, err) == 0) {
        out_format(out, "heap_tree=%s\n", is_peak ? "peak" : "detailed");
        tree_write(&upside, out);
        result = 0;
    }
    upside_release(&upside);
    return result;
}

/* ---- Snapshots ------------------------------------------------------------------------------------ */

static void snapshot_write(unsigned number, uint64_t time_ns, uint64_t bytes, struct out *out)
{
    out_format(out,
               "#-----------\nsnapshot=%u\n#-----------\ntime=%.6f\nmem_heap_B=%" PRIu64
               "\nmem_heap_extra_B=0\nmem_stacks_B=0\n",
               number, (double)time_ns / 1e6, bytes);
}

int export_heap_massif(const struct heap_profile *heap, const struct view_options *options, struct out *out,
                       struct err *err)
{
    const char *command = heap->run->facts.command;
    bool peak_is_past = heap->totals.peak.bytes == 0;
    (void)options;
    out_text(out, "desc: --time-unit=ms\ncmd: ");
    escape_terminal(out, command[0] != '\0' ? command : "(unknown)", command[0] != '\0' ? strlen(command) : 9);
    out_text(out, "\ntime_unit: ms\n");
    for (unsigned i = 0; i < HEAP_INSTANTS; i++) {
        uint64_t time_ns = heap->start_ns + (uint64_t)((double)heap->span_ns * i / HEAP_INSTANTS);
        bool is_peak = !peak_is_past && heap->most[i] == heap->totals.peak.bytes;
        snapshot_write(i, is_peak && heap->peak_ns > time_ns ? heap->peak_ns : time_ns, heap->most[i], out);
        if (!is_peak)
            out_text(out, "heap_tree=empty\n");
        else if (heap_tree_write(heap, true, out, err) != 0)
            return -1;
        peak_is_past = peak_is_past || is_peak;
    }
    snapshot_write(HEAP_INSTANTS, heap->start_ns + heap->span_ns, heap->totals.live.bytes, out);
    return heap_tree_write(heap, false, out, err);
}
