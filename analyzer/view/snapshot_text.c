#include "view/snapshot.h"

#include "base/escape.h"
#include "base/number.h"
#include "base/table.h"
#include "view/heap_paths.h"

#include <stdlib.h>
#include <string.h>

#define ROWS       15u /* of a table */
#define CHAINS     5u
#define CHAIN_MAX  12u /* links that are shown */
#define FRAMES_MAX 40u

/* ---- Head ----------------------------------------------------------------------------------------- */

static void note(struct out *out, const char *text)
{
    out_text(out, "  note: ");
    escape_terminal(out, text, strlen(text));
    out_char(out, '\n');
}

static void notes_write(const struct snapshot *snapshot, struct out *out)
{
    const struct retention *retention = snapshot->retention;
    const struct profile *run = snapshot->heap->run;
    for (uint32_t i = 0; i < run->nr_notices; i++)
        note(out, run->notices[i]);
    if (snapshot->why_incomplete != NULL) {
        note(out, snapshot->why_incomplete);
        note(out, "what only the missing part of the image points to looks lost");
    }
    if (retention->is_conservative)
        note(out, "there are blocks that the trace does not know, so all memory counts as a root: not all that is lost "
                  "is found");
    if (retention->nr_other_threads > 0)
        note(out, "the registers of the other threads are not known: what only they point to looks lost");
}

static void head_write(const struct snapshot *snapshot, const struct view_options *options, struct out *out)
{
    const struct profile_facts *facts = &snapshot->heap->run->facts;
    const struct retention *retention = snapshot->retention;
    char text[NUMBER_BYTES], copied[NUMBER_BYTES];
    escape_terminal_elided(out, facts->command[0] != '\0' ? facts->command : facts->source, options->columns);
    out_text(out, "\nthe heap");
    if (snapshot->name[0] != '\0') {
        out_text(out, " \"");
        escape_terminal(out, snapshot->name, strlen(snapshot->name));
        out_char(out, '"');
    }
    out_format(out, " of process %u at %s, copied in %s, %s\n", snapshot->pid, number_time(text, retention->at_ns),
               number_time(copied, retention->copied_ns), snapshot->why_incomplete == NULL ? "complete" : "INCOMPLETE");
    notes_write(snapshot, out);
}

static int table_write(struct table *table, const struct view_options *options, struct out *out, struct err *err)
{
    const struct table_look look = {.color = options->color, .columns = options->columns};
    int result = table_write_text(table, &look, out, err);
    table_release(table);
    return result;
}

static int states_write(const struct snapshot *snapshot, const struct view_options *options, struct out *out,
                        struct err *err)
{
    static const struct table_column columns[] = {{"BYTES", "bytes", TABLE_COUNT, 0},
                                                  {"BYTES%", "bytes_percent", TABLE_SHARE, 0},
                                                  {"BLOCKS", "blocks", TABLE_COUNT, 0},
                                                  {"STATE", "state", TABLE_TEXT, 0}};
    const struct retention *retention = snapshot->retention;
    char bytes[NUMBER_BYTES], exact[NUMBER_BYTES], blocks[NUMBER_BYTES];
    struct table table;
    out_format(out, "\nLIVE: %s (%s bytes) in %s blocks\n", number_bytes(bytes, retention->total.bytes),
               number_grouped(exact, retention->total.bytes), number_grouped(blocks, retention->total.blocks));
    table_init(&table, columns, 4);
    for (unsigned i = 0; i < NR_BLOCK_STATES; i++) {
        bool is_bad = i != BLOCK_REACHABLE && retention->states[i].blocks > 0;
        table_number(&table, retention->states[i].bytes);
        table_share(&table, retention->states[i].bytes, retention->total.bytes, TABLE_PLAIN);
        table_number(&table, retention->states[i].blocks);
        table_text(&table, block_state_name((enum block_state)i), is_bad ? TABLE_RED : TABLE_PLAIN);
    }
    return table_write(&table, options, out, err);
}

/* ---- Call paths ----------------------------------------------------------------------------------- */

struct row {
    uint32_t number; /* of a path, or of a node */
    uint64_t weight;
};

static int row_compare(const void *a, const void *b)
{
    const struct row *r = a, *s = b;
    if (r->weight != s->weight)
        return r->weight > s->weight ? -1 : 1;
    return (r->number > s->number) - (r->number < s->number);
}

static uint32_t rows_shown(const struct view_options *options, uint32_t nr)
{
    uint32_t most = options->top == UINT32_MAX ? ROWS : options->top == 0 ? UINT32_MAX : options->top;
    return nr < most ? nr : most;
}

static void more_write(struct out *out, uint32_t nr, uint32_t shown, const char *what)
{
    if (nr > shown)
        out_format(out, "… and %u more %s (--top 0 shows all)\n", nr - shown, what);
}

static void path_cell(struct table *table, const struct snapshot *snapshot, uint32_t path)
{
    char *text = heap_path_text(snapshot->heap, path, FRAMES_MAX);
    if (text == NULL)
        table->failed = true;
    else
        table_text(table, text, TABLE_PLAIN);
    free(text);
}

/* The paths by `weigh`, those without weight left out; the caller frees them. NULL with err set. */
static struct row *paths_sort(const struct snapshot *snapshot, uint64_t (*weigh)(const struct snapshot_path *),
                              uint32_t *nr, struct err *err)
{
    struct row *rows = calloc((size_t)snapshot->heap->nr_nodes + 1, sizeof(*rows));
    *nr = 0;
    if (rows == NULL) {
        err_set(err, ERR_INPUT, "out of memory");
        return NULL;
    }
    for (uint32_t i = 0; i < snapshot->heap->nr_nodes; i++) {
        uint64_t weight = weigh(&snapshot->paths[i]);
        if (weight > 0)
            rows[(*nr)++] = (struct row){i, weight};
    }
    qsort(rows, *nr, sizeof(*rows), row_compare);
    return rows;
}

/* Blocks that are lost, and so are shown first; empty ones weigh something, too. */
static uint64_t lost_weight(const struct snapshot_path *path)
{
    uint64_t weight = 0;
    for (unsigned i = BLOCK_POSSIBLY_LOST; i < NR_BLOCK_STATES; i++)
        weight += path->states[i].bytes + path->states[i].blocks;
    return weight;
}

static int lost_write(const struct snapshot *snapshot, const struct view_options *options, struct out *out,
                      struct err *err)
{
    static const struct table_column columns[] = {{"LOST", "lost_bytes", TABLE_COUNT, 0},
                                                  {"BLOCKS", "lost_blocks", TABLE_COUNT, 0},
                                                  {"INDIRECTLY", "indirect_bytes", TABLE_COUNT, 0},
                                                  {"BLOCKS", "indirect_blocks", TABLE_COUNT, 0},
                                                  {"POSSIBLY", "possible_bytes", TABLE_COUNT, 0},
                                                  {"BLOCKS", "possible_blocks", TABLE_COUNT, 0},
                                                  {"CALL PATH", "path", TABLE_TEXT, 0}};

    static const enum block_state states[] = {BLOCK_LOST, BLOCK_INDIRECTLY_LOST, BLOCK_POSSIBLY_LOST};

    uint32_t nr;
    struct table table;
    struct row *rows = paths_sort(snapshot, lost_weight, &nr, err);
    if (rows == NULL)
        return -1;
    uint32_t shown = rows_shown(options, nr);
    table_init(&table, columns, 7);
    for (uint32_t i = 0; i < shown; i++) {
        for (unsigned j = 0; j < 3; j++) {
            table_number(&table, snapshot->paths[rows[i].number].states[states[j]].bytes);
            table_number(&table, snapshot->paths[rows[i].number].states[states[j]].blocks);
        }
        path_cell(&table, snapshot, rows[i].number);
    }
    free(rows);
    if (nr == 0) {
        table_release(&table);
        return 0;
    }
    out_text(out, "\nLOST: what nothing points to; INDIRECTLY: but lost blocks, POSSIBLY: but to its middle\n");
    int result = table_write(&table, options, out, err);
    more_write(out, nr, shown, "call paths");
    return result;
}

static uint64_t retained_weight(const struct snapshot_path *path)
{
    return path->states[BLOCK_REACHABLE].blocks + path->states[BLOCK_POSSIBLY_LOST].blocks > 0 ? path->retained_bytes
                                                                                               : 0;
}

static int retainers_write(const struct snapshot *snapshot, const struct row *rows, uint32_t nr,
                           const struct view_options *options, struct out *out, struct err *err)
{
    static const struct table_column columns[] = {{"RETAINED", "retained_bytes", TABLE_COUNT, 0},
                                                  {"RET%", "retained_percent", TABLE_SHARE, 0},
                                                  {"SELF", "self_bytes", TABLE_COUNT, 0},
                                                  {"BLOCKS", "blocks", TABLE_COUNT, 0},
                                                  {"CALL PATH", "path", TABLE_TEXT, 0}};
    struct table table;
    uint32_t shown = rows_shown(options, nr);
    table_init(&table, columns, 5);
    for (uint32_t i = 0; i < shown; i++) {
        const struct snapshot_path *path = &snapshot->paths[rows[i].number];
        struct heap_amount self = {0};
        for (unsigned j = 0; j < NR_BLOCK_STATES; j++) {
            self.bytes += path->states[j].bytes;
            self.blocks += path->states[j].blocks;
        }
        table_number(&table, path->retained_bytes);
        table_share(&table, path->retained_bytes, snapshot->retention->total.bytes, TABLE_PLAIN);
        table_number(&table, self.bytes);
        table_number(&table, self.blocks);
        path_cell(&table, snapshot, rows[i].number);
    }
    out_text(out, "\nRETAINERS: the blocks of a call path, and what would go with them; SELF: they alone\n");
    int result = table_write(&table, options, out, err);
    more_write(out, nr, shown, "call paths");
    return result;
}

/* ---- Roots ---------------------------------------------------------------------------------------- */

static int roots_write(const struct snapshot *snapshot, const struct view_options *options, struct out *out,
                       struct err *err)
{
    static const struct table_column columns[] = {{"RETAINED", "retained_bytes", TABLE_COUNT, 0},
                                                  {"RET%", "retained_percent", TABLE_SHARE, 0},
                                                  {"BLOCKS", "retained_blocks", TABLE_COUNT, 0},
                                                  {"ROOT", "root", TABLE_TEXT, 0}};
    const struct retention *retention = snapshot->retention;
    struct row *rows = calloc((size_t)retention->first_block + 1, sizeof(*rows));
    struct table table;
    uint32_t nr = 0;
    if (rows == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = NODE_MOVED; i < retention->first_block; i++)
        if (retention->nodes[i].retained_blocks > 0)
            rows[nr++] = (struct row){i, retention->nodes[i].retained_bytes};
    qsort(rows, nr, sizeof(*rows), row_compare);
    uint32_t shown = rows_shown(options, nr);
    table_init(&table, columns, 4);
    for (uint32_t i = 0; i < shown; i++) {
        const struct retention_node *node = &retention->nodes[rows[i].number];
        table_number(&table, node->retained_bytes);
        table_share(&table, node->retained_bytes, retention->total.bytes, TABLE_PLAIN);
        table_number(&table, node->retained_blocks);
        table_text(&table, node->name, TABLE_PLAIN);
    }
    free(rows);
    out_text(out, "\nROOTS: variables and stacks, and what can be reached through each of them alone\n");
    int result = table_write(&table, options, out, err);
    more_write(out, nr, shown, "roots");
    return result;
}

/* ---- Chains --------------------------------------------------------------------------------------- */

static int link_write(const struct snapshot *snapshot, uint32_t number, unsigned depth, uint64_t offset,
                      const struct view_options *options, struct out *out, struct err *err)
{
    const struct retention_node *node = &snapshot->retention->nodes[number];
    char retained[NUMBER_BYTES];
    unsigned used = 14 + 2 * depth;
    out_format(out, "  %10s  ", number_bytes(retained, node->retained_bytes));
    for (unsigned i = 1; i < depth; i++)
        out_text(out, "  ");
    out_text(out, depth > 0 ? "└ " : "");
    if (node->name == NULL && offset != UINT64_MAX)
        out_format(out, "+%llu ", (unsigned long long)offset);
    char *text = node->name == NULL ? heap_path_text(snapshot->heap, node->path, FRAMES_MAX) : NULL;
    const char *label = node->name != NULL ? node->name : text;
    if (label == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    size_t room = options->columns > used + 20 ? options->columns - used - 8 : options->columns > 0 ? 20 : 0;
    escape_terminal_elided(out, label, room);
    out_char(out, '\n');
    free(text);
    return 0;
}

/* The offset of the pointer that leads from one node to another; UINT64_MAX: from a root. */
static uint64_t link_offset(const struct retention *retention, uint32_t from, uint32_t to)
{
    if (from < retention->first_block || from == retention->lost)
        return UINT64_MAX;
    for (uint32_t e = retention->first[from]; e < retention->first[from + 1]; e++)
        if (retention->to[e] == to)
            return retention->edges[e].offset;
    return UINT64_MAX;
}

/* A shortest way from a root to a block. */
static int chain_write(const struct snapshot *snapshot, uint32_t number, const struct view_options *options,
                       struct out *out, struct err *err)
{
    const struct retention *retention = snapshot->retention;
    uint32_t links[CHAIN_MAX], length = 0, nr = 0;
    for (uint32_t at = number; at != NODE_ROOT && at != GRAPH_NONE; at = retention->nodes[at].before)
        length++;
    uint32_t at = number;
    for (uint32_t i = length; i-- > 0; at = retention->nodes[at].before)
        if (i == 0 || i + CHAIN_MAX - 1 >= length) { /* the root, and the last ones */
            links[nr++] = at;
        }
    for (uint32_t i = nr; i-- > 0;) {
        uint32_t depth = nr - 1 - i;
        if (depth == 1 && length > nr)
            out_format(out, "              … %u more\n", length - nr);
        uint64_t offset = depth == 0 ? UINT64_MAX : link_offset(retention, retention->nodes[links[i]].before, links[i]);
        if (link_write(snapshot, links[i], depth, offset, options, out, err) != 0)
            return -1;
    }
    return 0;
}

int snapshot_text(const struct snapshot *snapshot, const struct view_options *options, struct out *out, struct err *err)
{
    uint32_t nr;
    head_write(snapshot, options, out);
    if (states_write(snapshot, options, out, err) != 0 || lost_write(snapshot, options, out, err) != 0)
        return -1;
    struct row *rows = paths_sort(snapshot, retained_weight, &nr, err);
    if (rows == NULL)
        return -1;
    int result = roots_write(snapshot, options, out, err);
    if (result == 0)
        result = retainers_write(snapshot, rows, nr, options, out, err);
    if (nr > 0 && result == 0)
        out_text(out, "\nCHAINS: how the largest block of the first call paths is held, and what each link retains\n");
    for (uint32_t i = 0; i < nr && i < CHAINS && result == 0; i++) {
        result = chain_write(snapshot, snapshot->paths[rows[i].number].largest, options, out, err);
        out_text(out, i + 1 < nr && i + 1 < CHAINS ? "\n" : "");
    }
    free(rows);
    return result;
}
