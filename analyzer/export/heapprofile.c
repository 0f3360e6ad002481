#include "export/heap_files.h"

#include "base/escape.h"

struct writer {
    const struct snapshot *snapshot;
    struct out *out;
};

static void path_enter(void *context, uint32_t path, bool is_first)
{
    const struct writer *writer = context;
    const struct heap_profile *heap = writer->snapshot->heap;
    const struct heap_function *function = path == 0 ? NULL : &heap->functions[heap->nodes[path].function];
    out_text(writer->out, is_first ? "" : ",\n");
    out_text(writer->out, "{\"callFrame\":{\"functionName\":");
    escape_json(writer->out, function == NULL ? "(root)" : function->label);
    out_text(writer->out, ",\"scriptId\":\"0\",\"url\":");
    escape_json(writer->out, function == NULL ? "" : function->file);
    out_format(writer->out, ",\"lineNumber\":%lld,\"columnNumber\":-1},\"selfSize\":%llu,\"id\":%u,\"children\":[",
               function == NULL || function->line == 0 ? -1 : (long long)function->line - 1, /* they count from 0 */
               (unsigned long long)snapshot_live(writer->snapshot, path).bytes, path + 1);
}

static void path_leave(void *context, uint32_t path)
{
    const struct writer *writer = context;
    (void)path;
    out_text(writer->out, "]}");
}

/* One sample a call path: all its bytes. */
static void samples_write(const struct writer *writer)
{
    const char *comma = "";
    out_text(writer->out, ",\"samples\":[");
    for (uint32_t i = 0; i < writer->snapshot->heap->nr_nodes; i++) {
        struct heap_amount live = snapshot_live(writer->snapshot, i);
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
    struct writer writer = {.snapshot = snapshot, .out = out};
    const struct tree_visitor visitor = {.context = &writer, .enter = path_enter, .leave = path_leave};
    struct tree_links paths;
    int result = heap_paths_link(snapshot->heap, &paths, err);
    (void)options;
    if (result == 0) {
        out_text(out, "{\"head\":");
        tree_links_visit(&paths, &visitor);
        samples_write(&writer);
    }
    tree_links_release(&paths);
    return result;
}
