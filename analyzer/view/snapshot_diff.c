#include "view/snapshot.h"

#include "base/escape.h"
#include "base/number.h"
#include "base/table.h"
#include "view/heap_paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS       15u
#define FRAMES_MAX 40u

static const struct snapshot *side_of(const struct snapshot_diff *diff, const struct snapshot_change *change,
                                      uint32_t *path)
{
    bool is_after = change->after_path != GRAPH_NONE;
    *path = is_after ? change->after_path : change->before_path;
    return is_after ? diff->after : diff->before;
}

/* "+1,024", "-8", "0" */
static void change_cell(struct table *table, uint64_t before, uint64_t after)
{
    char number[NUMBER_BYTES], text[NUMBER_BYTES + 1];
    const char *sign = after > before ? "+" : after < before ? "-" : "";
    snprintf(text, sizeof(text), "%s%s", sign,
             number_grouped(number, after > before ? after - before : before - after));
    table_text(table, text, after > before ? TABLE_RED : TABLE_PLAIN);
}

static void side_write(struct out *out, const char *what, const struct snapshot *snapshot)
{
    char bytes[NUMBER_BYTES], blocks[NUMBER_BYTES];
    out_format(out, "%s: ", what);
    escape_terminal(out, snapshot->source, strlen(snapshot->source));
    out_format(out, ", %s in %s blocks live, %s\n", number_bytes(bytes, snapshot->retention->total.bytes),
               number_grouped(blocks, snapshot->retention->total.blocks),
               snapshot->why_incomplete == NULL ? "complete" : "INCOMPLETE");
}

int snapshot_diff_text(const struct snapshot_diff *diff, const struct view_options *options, struct out *out,
                       struct err *err)
{
    static const struct table_column columns[] = {
        {"BYTES", "bytes", TABLE_TEXT, 0},        {"BLOCKS", "blocks", TABLE_TEXT, 0},
        {"LOST", "lost_bytes", TABLE_TEXT, 0},    {"BEFORE", "before_bytes", TABLE_COUNT, 0},
        {"AFTER", "after_bytes", TABLE_COUNT, 0}, {"CALL PATH", "path", TABLE_TEXT, 0}};
    const struct table_look look = {.color = options->color, .columns = options->columns};
    uint32_t most = options->top == UINT32_MAX ? ROWS : options->top == 0 ? UINT32_MAX : options->top, nr = 0;
    struct table table;
    table_init(&table, columns, 6);
    for (uint32_t i = 0; i < diff->nr; i++) {
        const struct snapshot_change *change = &diff->changes[i];
        uint32_t path;
        const struct snapshot *side = side_of(diff, change, &path);
        if (change->before.bytes == change->after.bytes && change->before.blocks == change->after.blocks &&
            change->lost_before.bytes == change->lost_after.bytes)
            continue;
        if (nr++ >= most)
            continue;
        change_cell(&table, change->before.bytes, change->after.bytes);
        change_cell(&table, change->before.blocks, change->after.blocks);
        change_cell(&table, change->lost_before.bytes, change->lost_after.bytes);
        table_number(&table, change->before.bytes);
        table_number(&table, change->after.bytes);
        char *text = heap_path_text(side->heap, path, FRAMES_MAX);
        if (text == NULL)
            table.failed = true;
        else
            table_text(&table, text, TABLE_PLAIN);
        free(text);
    }
    side_write(out, "before", diff->before);
    side_write(out, "after", diff->after);
    out_text(out, nr == 0 ? "\nnothing has grown or shrunk on any call path\n"
                          : "\nCHANGES: what is live now and was not, by the call path that allocated it\n");
    int result = nr == 0 ? 0 : table_write_text(&table, &look, out, err);
    if (nr > most)
        out_format(out, "… and %u more call paths (--top 0 shows all)\n", nr - most);
    table_release(&table);
    return result;
}

static void amount_write(struct out *out, const char *key, const struct heap_amount *amount)
{
    out_format(out, ", \"%s\": {\"bytes\": %llu, \"blocks\": %llu}", key, (unsigned long long)amount->bytes,
               (unsigned long long)amount->blocks);
}

int snapshot_diff_json(const struct snapshot_diff *diff, const struct view_options *options, struct out *out,
                       struct err *err)
{
    (void)options;
    (void)err;
    out_text(out, "{\"before\": ");
    escape_json(out, diff->before->source);
    out_text(out, ", \"after\": ");
    escape_json(out, diff->after->source);
    out_format(out, ", \"complete\": %s,\n \"paths\": [",
               diff->before->why_incomplete == NULL && diff->after->why_incomplete == NULL ? "true" : "false");
    for (uint32_t i = 0; i < diff->nr; i++) {
        const struct snapshot_change *change = &diff->changes[i];
        uint32_t path;
        const struct snapshot *side = side_of(diff, change, &path);
        out_text(out, i == 0 ? "\n  {\"frames\": [" : ",\n  {\"frames\": [");
        for (uint32_t node = path; node != 0; node = side->heap->nodes[node].parent) {
            out_text(out, node == path ? "" : ", ");
            escape_json(out, side->heap->functions[side->heap->nodes[node].function].label);
        }
        out_char(out, ']');
        amount_write(out, "before", &change->before);
        amount_write(out, "after", &change->after);
        amount_write(out, "lost_before", &change->lost_before);
        amount_write(out, "lost_after", &change->lost_after);
        out_char(out, '}');
    }
    out_text(out, "]}\n");
    return 0;
}
