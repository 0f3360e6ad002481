#include "view/snapshot.h"

#include "base/escape.h"

#define BLOCKS_SHOWN 1000u

static const char *const state_keys[NR_BLOCK_STATES] = {[BLOCK_REACHABLE] = "reachable",
                                                        [BLOCK_POSSIBLY_LOST] = "possibly_lost",
                                                        [BLOCK_LOST] = "lost",
                                                        [BLOCK_INDIRECTLY_LOST] = "indirectly_lost"};

static void number_member(struct out *out, const char *key, uint64_t number)
{
    out_format(out, ", \"%s\": %llu", key, (unsigned long long)number);
}

static void amount_write(struct out *out, const struct heap_amount *amount)
{
    out_format(out, "{\"bytes\": %llu, \"blocks\": %llu}", (unsigned long long)amount->bytes,
               (unsigned long long)amount->blocks);
}

static void states_write(struct out *out, const struct heap_amount *states)
{
    for (unsigned i = 0; i < NR_BLOCK_STATES; i++) {
        out_format(out, ", \"%s\": ", state_keys[i]);
        amount_write(out, &states[i]);
    }
}

static void facts_write(const struct snapshot *snapshot, struct out *out)
{
    const struct retention *retention = snapshot->retention;
    out_text(out, "{\"snapshot\": {\"source\": ");
    escape_json(out, snapshot->source);
    out_text(out, ", \"name\": ");
    escape_json(out, snapshot->name);
    number_member(out, "pid", snapshot->pid);
    number_member(out, "at_ns", retention->at_ns);
    number_member(out, "copied_ns", retention->copied_ns);
    out_format(out, ", \"complete\": %s, \"conservative\": %s", snapshot->why_incomplete == NULL ? "true" : "false",
               retention->is_conservative ? "true" : "false");
    number_member(out, "other_threads", retention->nr_other_threads);
    out_text(out, "},\n \"live\": ");
    amount_write(out, &retention->total);
    states_write(out, retention->states);
}

static void roots_write(const struct snapshot *snapshot, struct out *out)
{
    static const char *const kinds[] = {
        [ROOT_VARIABLE] = "variable", [ROOT_THREAD] = "thread", [ROOT_MEMORY] = "memory"};
    const struct retention *retention = snapshot->retention;
    const char *comma = "";
    out_text(out, ",\n \"roots\": [");
    for (uint32_t i = NODES_FIXED; i < retention->first_block; i++, comma = ",") {
        const struct retention_node *node = &retention->nodes[i];
        out_format(out, "%s\n  {\"name\": ", comma);
        escape_json(out, node->name);
        out_text(out, ", \"module\": ");
        escape_json(out, node->module);
        out_format(out, ", \"kind\": \"%s\"", kinds[node->kind]);
        number_member(out, "retained_bytes", node->retained_bytes);
        number_member(out, "retained_blocks", node->retained_blocks);
        out_char(out, '}');
    }
    out_char(out, ']');
}

static bool path_is_empty(const struct snapshot_path *path)
{
    uint64_t blocks = 0;
    for (unsigned i = 0; i < NR_BLOCK_STATES; i++)
        blocks += path->states[i].blocks;
    return blocks == 0;
}

static void paths_write(const struct snapshot *snapshot, struct out *out)
{
    const struct heap_profile *heap = snapshot->heap;
    const char *comma = "";
    out_text(out, ",\n \"paths\": [");
    for (uint32_t i = 0; i < heap->nr_nodes; i++) {
        const struct snapshot_path *path = &snapshot->paths[i];
        if (path_is_empty(path))
            continue;
        out_format(out, "%s\n  {\"path\": %u, \"frames\": [", comma, i);
        for (uint32_t node = i; node != 0; node = heap->nodes[node].parent) {
            out_text(out, node == i ? "" : ", ");
            escape_json(out, heap->functions[heap->nodes[node].function].label);
        }
        out_char(out, ']');
        number_member(out, "retained_bytes", path->retained_bytes);
        number_member(out, "retained_blocks", path->retained_blocks);
        states_write(out, path->states);
        out_char(out, '}');
        comma = ",";
    }
    out_char(out, ']');
}

/* The blocks that are lost, one by one. */
static void blocks_write(const struct snapshot *snapshot, const struct view_options *options, struct out *out)
{
    const struct retention *retention = snapshot->retention;
    uint32_t left = options->top == UINT32_MAX ? BLOCKS_SHOWN : options->top == 0 ? UINT32_MAX : options->top;
    const char *comma = "";
    out_text(out, ",\n \"lost_blocks\": [");
    for (uint32_t i = retention->first_block; i < retention->lost && left > 0; i++) {
        const struct retention_node *node = &retention->nodes[i];
        if (node->state == BLOCK_REACHABLE || node->is_gone)
            continue;
        out_format(out, "%s\n  {\"address\": \"0x%llx\", \"state\": \"%s\", \"path\": %u", comma,
                   (unsigned long long)node->address, state_keys[node->state], node->path);
        number_member(out, "bytes", node->bytes);
        number_member(out, "retained_bytes", node->retained_bytes);
        number_member(out, "retained_blocks", node->retained_blocks);
        out_char(out, '}');
        comma = ",";
        left--;
    }
    out_text(out, "]}\n");
}

int snapshot_json(const struct snapshot *snapshot, const struct view_options *options, struct out *out, struct err *err)
{
    (void)err;
    facts_write(snapshot, out);
    roots_write(snapshot, out);
    paths_write(snapshot, out);
    blocks_write(snapshot, options, out);
    return 0;
}
