#include "export/heap_files.h"

#include "base/escape.h"
#include "view/heap_paths.h"

#include <stdlib.h>
#include <string.h>

#define NODE_FIELDS  7u
#define NAME_FRAMES  8u /* of a block's call path are in its name: blocks of one name are shown together */
#define STRING_FIXED 5u /* strings before those of roots and paths */

/* Their places in the lists of types below. */
enum { TYPE_NATIVE = 0, TYPE_SYNTHETIC = 1 };

enum { EDGE_ELEMENT = 0, EDGE_INTERNAL = 1, EDGE_INTERIOR = 2 };

static const char head[] =
    "{\"snapshot\":{\"meta\":{"
    "\"node_fields\":[\"type\",\"name\",\"id\",\"self_size\",\"edge_count\",\"trace_node_id\",\"detachedness\"],"
    "\"node_types\":[[\"native\",\"synthetic\"],\"string\",\"number\",\"number\",\"number\",\"number\",\"number\"],"
    "\"edge_fields\":[\"type\",\"name_or_index\",\"to_node\"],"
    "\"edge_types\":[[\"element\",\"internal\",\"property\"],\"string_or_number\",\"node\"],"
    "\"trace_function_info_fields\":[\"function_id\",\"name\",\"script_name\",\"script_id\",\"line\",\"column\"],"
    "\"trace_node_fields\":[\"id\",\"function_info_index\",\"count\",\"size\",\"children\"],"
    "\"sample_fields\":[\"timestamp_us\",\"last_assigned_id\"],"
    "\"location_fields\":[\"object_index\",\"script_id\",\"line\",\"column\"]},";

struct writer {
    const struct snapshot *snapshot;
    struct out *out;
    uint32_t *places; /* of each node in the file: the gone ones have none, GRAPH_NONE */
    struct tree_links paths;
    uint32_t nr_nodes, nr_edges;
};

static bool is_block(const struct retention *retention, uint32_t node)
{
    return node >= retention->first_block && node < retention->lost;
}

/* Does the edge lead from a node of the file to one? */
static bool edge_counts(const struct writer *writer, uint32_t edge)
{
    return writer->places[writer->snapshot->retention->to[edge]] != GRAPH_NONE;
}

static void places_set(struct writer *writer)
{
    const struct retention *retention = writer->snapshot->retention;
    for (uint32_t i = 0; i < retention->nr_nodes; i++)
        writer->places[i] = retention->nodes[i].is_gone ? GRAPH_NONE : writer->nr_nodes++;
    for (uint32_t i = 0; i < retention->nr_nodes; i++)
        for (uint32_t e = retention->first[i]; writer->places[i] != GRAPH_NONE && e < retention->first[i + 1]; e++)
            writer->nr_edges += edge_counts(writer, e);
}

/* Strings: none, the fixed nodes, then roots, then call paths. */
static uint32_t string_of(const struct retention *retention, uint32_t node)
{
    if (is_block(retention, node))
        return STRING_FIXED + retention->first_block + retention->nodes[node].path;
    return node == retention->lost ? 1 : STRING_FIXED + node;
}

static void nodes_write(const struct writer *writer)
{
    const struct retention *retention = writer->snapshot->retention;
    out_text(writer->out, "\"nodes\":[");
    for (uint32_t i = 0; i < retention->nr_nodes; i++) {
        const struct retention_node *node = &retention->nodes[i];
        uint32_t nr_edges = 0;
        if (writer->places[i] == GRAPH_NONE)
            continue;
        for (uint32_t e = retention->first[i]; e < retention->first[i + 1]; e++)
            nr_edges += edge_counts(writer, e);
        /* Ids are odd, as V8's are. A call path's id is its number, and one more, as 0 is none. */
        out_format(writer->out, "%s%d,%u,%llu,%llu,%u,%u,0", i == 0 ? "" : ",\n",
                   is_block(retention, i) ? TYPE_NATIVE : TYPE_SYNTHETIC, string_of(retention, i),
                   2ull * writer->places[i] + 1, (unsigned long long)node->bytes, nr_edges,
                   is_block(retention, i) ? node->path + 1 : 0);
    }
    out_text(writer->out, "],\n");
}

static void edges_write(const struct writer *writer)
{
    const struct retention *retention = writer->snapshot->retention;
    const char *comma = "";
    out_text(writer->out, "\"edges\":[");
    for (uint32_t i = 0; i < retention->nr_nodes; i++) {
        for (uint32_t e = retention->first[i]; writer->places[i] != GRAPH_NONE && e < retention->first[i + 1]; e++) {
            uint32_t to = retention->to[e];
            if (!edge_counts(writer, e))
                continue;
            if (is_block(retention, i) && !retention->edges[e].is_interior)
                out_format(writer->out, "%s%d,%llu,%llu", comma, EDGE_ELEMENT,
                           (unsigned long long)retention->edges[e].offset,
                           (unsigned long long)writer->places[to] * NODE_FIELDS);
            else /* by what it is: from a root; or into a block */
                out_format(writer->out, "%s%d,%u,%llu", comma, is_block(retention, i) ? EDGE_INTERIOR : EDGE_INTERNAL,
                           is_block(retention, i)            ? 2
                           : retention->edges[e].is_interior ? 2
                                                             : 3,
                           (unsigned long long)writer->places[to] * NODE_FIELDS);
            comma = ",\n";
        }
    }
    out_text(writer->out, "],\n");
}

/* ---- Allocation stacks ---------------------------------------------------------------------------- */

static void functions_write(const struct writer *writer)
{
    const struct heap_profile *heap = writer->snapshot->heap;
    /* The names of functions come behind all other strings, their files behind these; function 0 is the root. */
    uint32_t names = STRING_FIXED + writer->snapshot->retention->first_block + heap->nr_nodes;
    out_text(writer->out, "\"trace_function_infos\":[0,0,0,0,-1,-1");
    for (uint32_t i = 0; i < heap->nr_functions; i++)
        out_format(writer->out, ",\n%u,%u,%u,0,%u,0", i + 1, names + i, names + heap->nr_functions + i,
                   heap->functions[i].line);
    out_text(writer->out, "],\n");
}

static void path_enter(void *context, uint32_t path, bool is_first)
{
    const struct writer *writer = context;
    struct heap_amount live = snapshot_live(writer->snapshot, path);
    out_format(writer->out, "%s%u,%u,%llu,%llu,[", is_first ? "" : ",", path + 1,
               path == 0 ? 0 : writer->snapshot->heap->nodes[path].function + 1, (unsigned long long)live.blocks,
               (unsigned long long)live.bytes);
}

static void path_leave(void *context, uint32_t path)
{
    const struct writer *writer = context;
    (void)path;
    out_char(writer->out, ']');
}

/* The tree of call paths, nested as its readers want it. */
static void tree_write(struct writer *writer)
{
    const struct tree_visitor visitor = {.context = writer, .enter = path_enter, .leave = path_leave};
    out_text(writer->out, "\"trace_tree\":[");
    tree_links_visit(&writer->paths, &visitor);
    out_text(writer->out, "],\n");
}

/* ---- Strings -------------------------------------------------------------------------------------- */

static void string_write(const struct writer *writer, const char *text)
{
    out_text(writer->out, ",\n");
    escape_json(writer->out, text);
}

static int strings_write(const struct writer *writer, struct err *err)
{
    const struct retention *retention = writer->snapshot->retention;
    const struct heap_profile *heap = writer->snapshot->heap;
    out_text(writer->out, "\"strings\":[\"\",\"(lost: nothing points to these)\",\"(into the middle)\",\"holds\",\"\"");
    for (uint32_t i = 0; i < retention->first_block; i++)
        string_write(writer, i == NODE_ROOT ? "" : retention->nodes[i].name);
    for (uint32_t i = 0; i < heap->nr_nodes; i++) {
        char *text = heap_path_text(heap, i, NAME_FRAMES);
        if (text == NULL)
            return err_set(err, ERR_INPUT, "out of memory: the names of blocks");
        string_write(writer, text);
        free(text);
    }
    for (uint32_t i = 0; i < heap->nr_functions; i++)
        string_write(writer, heap->functions[i].label);
    for (uint32_t i = 0; i < heap->nr_functions; i++)
        string_write(writer, heap->functions[i].file);
    out_text(writer->out, "]}\n");
    return 0;
}

int heapsnapshot_write(const struct snapshot *snapshot, const struct view_options *options, struct out *out,
                       struct err *err)
{
    struct writer writer = {.snapshot = snapshot, .out = out};
    (void)options;
    writer.places = calloc(snapshot->retention->nr_nodes, sizeof(*writer.places));
    int result = -1;
    if (heap_paths_link(snapshot->heap, &writer.paths, err) != 0 || writer.places == NULL) {
        err_set(err, ERR_INPUT, "out of memory");
    } else {
        places_set(&writer);
        out_text(out, head);
        out_format(out, "\"node_count\":%u,\"edge_count\":%u,\"trace_function_count\":%u,\"extra_native_bytes\":0},\n",
                   writer.nr_nodes, writer.nr_edges, snapshot->heap->nr_functions + 1);
        nodes_write(&writer);
        edges_write(&writer);
        functions_write(&writer);
        tree_write(&writer);
        out_text(out, "\"samples\":[],\n\"locations\":[],\n");
        result = strings_write(&writer, err);
    }
    free(writer.places);
    tree_links_release(&writer.paths);
    return result;
}
