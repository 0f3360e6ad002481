#include "export/heap_files.h"

#include "base/escape.h"

#include <stdlib.h>

struct writer {
    const struct snapshot *snapshot;
    struct out *out;
    uint32_t *child, *sibling; /* of call paths */
};

static struct heap_amount live_of(const struct snapshot *snapshot, uint32_t path)
{
    struct heap_amount sum = {0};
    for (unsigned i = 0; i < NR_BLOCK_STATES; i++) {
        sum.blocks += snapshot->paths[path].states[i].blocks;
        sum.bytes += snapshot->paths[path].states[i].bytes;
    }
    return sum;
}

static void node_begin(const struct writer *writer, uint32_t path)
{
    const struct heap_profile *heap = writer->snapshot->heap;
    const struct heap_function *function = path == 0 ? NULL : &heap->functions[heap->nodes[path].function];
    out_text(writer->out, "{\"callFrame\":{\"functionName\":");
    escape_json(writer->out, function == NULL ? "(root)" : function->label);
    out_text(writer->out, ",\"scriptId\":\"0\",\"url\":");
    escape_json(writer->out, function == NULL ? "" : function->file);
    out_format(writer->out, ",\"lineNumber\":%lld,\"columnNumber\":-1},\"selfSize\":%llu,\"id\":%u,\"children\":[",
               function == NULL || function->line == 0 ? -1 : (long long)function->line - 1, /* they count from 0 */
               (unsigned long long)live_of(writer->snapshot, path).bytes, path + 1);
}

static void tree_write(const struct writer *writer)
{
    const struct heap_profile *heap = writer->snapshot->heap;
    uint32_t at = 0;
    node_begin(writer, 0);
    for (;;) {
        if (writer->child[at] != 0) {
            at = writer->child[at];
            node_begin(writer, at);
            continue;
        }
        out_text(writer->out, "]}");
        while (at != 0 && writer->sibling[at] == 0) {
            at = heap->nodes[at].parent;
            out_text(writer->out, "]}");
        }
        if (at == 0)
            break;
        at = writer->sibling[at];
        out_text(writer->out, ",\n");
        node_begin(writer, at);
    }
}

/* One sample a call path: all its bytes. */
static void samples_write(const struct writer *writer)
{
    const char *comma = "";
    out_text(writer->out, ",\"samples\":[");
    for (uint32_t i = 0; i < writer->snapshot->heap->nr_nodes; i++) {
        struct heap_amount live = live_of(writer->snapshot, i);
        if (live.blocks == 0)
            continue;
        out_format(writer->out, "%s{\"size\":%llu,\"nodeId\":%u,\"ordinal\":%u}", comma, (unsigned long long)live.bytes,
                   i + 1, i + 1);
        comma = ",\n";
    }
    out_text(writer->out, "]}\n");
}

int heapprofile_write(const struct snapshot *snapshot, const struct view_options *options, struct out *out,
                      struct err *err)
{
    const struct heap_profile *heap = snapshot->heap;
    struct writer writer = {.snapshot = snapshot, .out = out};
    (void)options;
    writer.child = calloc((size_t)heap->nr_nodes + 1, sizeof(*writer.child));
    writer.sibling = calloc((size_t)heap->nr_nodes + 1, sizeof(*writer.sibling));
    int result = writer.child == NULL || writer.sibling == NULL ? err_set(err, ERR_INPUT, "out of memory") : 0;
    for (uint32_t i = heap->nr_nodes; result == 0 && i-- > 1;) {
        writer.sibling[i] = writer.child[heap->nodes[i].parent];
        writer.child[heap->nodes[i].parent] = i;
    }
    if (result == 0) {
        out_text(out, "{\"head\":");
        tree_write(&writer);
        samples_write(&writer);
    }
    free(writer.child);
    free(writer.sibling);
    return result;
}
