#include "view/heap.h"

#include "base/escape.h"
#include "base/number.h"
#include "base/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS            15u /* functions, and call paths of one table */
#define BAR_MAX         40u /* columns */
#define PATH_MAX_FRAMES 40u

/* ---- Head ----------------------------------------------------------------------------------------- */

static void amount_write(struct out *out, const char *what, const struct heap_amount *amount)
{
    char bytes[NUMBER_BYTES], exact[NUMBER_BYTES], blocks[NUMBER_BYTES];
    out_format(out, "  %s: %s (%s bytes) in %s block%s", what, number_bytes(bytes, amount->bytes),
               number_grouped(exact, amount->bytes), number_grouped(blocks, amount->blocks),
               amount->blocks == 1 ? "" : "s");
}

static void count_write(struct out *out, const char *what, uint64_t number)
{
    char text[NUMBER_BYTES];
    if (number > 0)
        out_format(out, "  %s: %s\n", what, number_grouped(text, number));
}

/* The most that was live in each part of the time. */
static void timeline_write(const struct heap_profile *heap, struct out *out)
{
    static const char *const levels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    out_text(out, "  over time: ");
    for (unsigned i = 0; i < HEAP_INSTANTS; i++) {
        double share = (double)heap->instants[i] / (double)(heap->totals.peak.bytes + 1);
        out_text(out, heap->instants[i] == 0 ? " " : levels[(unsigned)(share * 8)]);
    }
    out_char(out, '\n');
}

static void head_write(const struct heap_profile *heap, const struct view_options *options, struct out *out)
{
    const struct profile_facts *facts = &heap->run->facts;
    const struct heap_totals *totals = &heap->totals;
    char text[NUMBER_BYTES];
    bool complete = facts->complete && totals->dropped == 0;
    escape_terminal_elided(out, facts->command[0] != '\0' ? facts->command : facts->source, options->columns);
    out_format(out, "\n%s wall, %s\n", number_time(text, facts->wall_ns), complete ? "complete" : "INCOMPLETE");
    for (uint32_t i = 0; i < heap->run->nr_notices; i++) {
        out_text(out, "  note: ");
        escape_terminal(out, heap->run->notices[i], strlen(heap->run->notices[i]));
        out_char(out, '\n');
    }
    out_text(out, "\nMEMORY: as the program asked for it\n");
    amount_write(out, "allocated", &totals->allocated);
    out_text(out, "\n");
    amount_write(out, "most at once", &totals->peak);
    out_format(out, ", at %s\n", number_time(text, heap->peak_ns));
    if (heap->at_ns != UINT64_MAX) {
        amount_write(out, "live", &totals->at);
        out_format(out, " at %s\n", number_time(text, heap->at_ns));
    }
    amount_write(out, "live at the end", &totals->live);
    out_text(out, "\n");
    timeline_write(heap, out);
    count_write(out, "temporary, released by their thread before it allocated another one", totals->temporary);
    count_write(out, "resized", totals->resized);
    count_write(out, "could not be resized", totals->not_resized);
    count_write(out, "releases of blocks from before the trace, or from a parent process", totals->unknown);
    count_write(out, "events known to be missing, so that all this is wrong", totals->dropped);
}

/* ---- Functions ------------------------------------------------------------------------------------ */

static int heap_table_write(const struct table *table, const struct view_options *options, struct out *out,
                            struct err *err)
{
    const struct table_look look = {.color = options->color, .columns = options->columns};
    return table_write_text(table, &look, out, err);
}

static void amount_cells(struct table *table, const struct heap_amount *amount)
{
    table_number(table, amount->bytes);
    table_number(table, amount->blocks);
}

static uint32_t functions_shown(const struct heap_profile *heap, uint32_t top)
{
    uint32_t nr = 0, most = top == UINT32_MAX ? ROWS : top == 0 ? UINT32_MAX : top;
    while (nr < heap->nr_functions && nr < most && heap->functions[nr].self.allocated.blocks > 0)
        nr++;
    return nr;
}

static int functions_write(const struct heap_profile *heap, const struct view_options *options, struct out *out,
                           struct err *err)
{
    static const struct table_column columns[] = {
        {"PEAK", "peak_bytes", TABLE_COUNT, 0},    {"PEAK%", "peak_percent", TABLE_SHARE, 0},
        {"BLOCKS", "peak_blocks", TABLE_COUNT, 0}, {"ALLOCATED", "allocated_bytes", TABLE_COUNT, 0},
        {"ALLOCS", "allocations", TABLE_COUNT, 0}, {"TEMP%", "temporary_percent", TABLE_SHARE, 0},
        {"LEFT", "left_bytes", TABLE_COUNT, 0},    {"BLOCKS", "left_blocks", TABLE_COUNT, 0},
        {"FUNCTION", "label", TABLE_TEXT, 0},
    };
    struct table table;
    uint32_t nr = functions_shown(heap, options->top);
    table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
    for (uint32_t i = 0; i < nr; i++) {
        const struct heap_function *function = &heap->functions[i];
        const struct heap_counts *self = &function->self;
        table_number(&table, self->peak.bytes);
        table_share(&table, self->peak.bytes, heap->totals.peak.bytes, TABLE_PLAIN);
        table_number(&table, self->peak.blocks);
        amount_cells(&table, &self->allocated);
        table_share(&table, self->temporary, self->allocated.blocks, TABLE_PLAIN);
        amount_cells(&table, &self->live);
        table_text(&table, function->label, TABLE_PLAIN);
    }
    out_text(out,
             "\nFUNCTIONS: what each of them asked for, in bytes; PEAK: live when most was, LEFT: live at the end\n");
    int result = heap_table_write(&table, options, out, err);
    table_release(&table);
    return result;
}

/* ---- Call paths ----------------------------------------------------------------------------------- */

enum which { AT_PEAK, AT_INSTANT, AT_END };

static const struct heap_amount *amount_of(const struct heap_node *node, enum which which)
{
    return which == AT_PEAK ? &node->self.peak : which == AT_INSTANT ? &node->self.at : &node->self.live;
}

struct row {
    const struct heap_node *node;
    uint64_t bytes;
};

static int row_compare(const void *a, const void *b)
{
    const struct row *r = a, *s = b;
    if (r->bytes != s->bytes)
        return r->bytes > s->bytes ? -1 : 1;
    return (r->node > s->node) - (r->node < s->node);
}

/* "b < a < main": the innermost first, which is what one looks for. */
static void path_cell(struct table *table, const struct heap_profile *heap, const struct heap_node *node)
{
    char *text = NULL;
    size_t bytes = 0;
    struct err err = {0};
    struct out *out = out_open_memory(&text, &bytes);
    for (unsigned depth = 0; out != NULL && node != heap->nodes && depth < PATH_MAX_FRAMES; depth++) {
        out_format(out, "%s%s", depth > 0 ? " < " : "", heap->functions[node->function].label);
        node = &heap->nodes[node->parent];
    }
    if (out != NULL && node != heap->nodes)
        out_text(out, " < …");
    if (out == NULL || out_close(out, &err) != 0)
        table->failed = true;
    else
        table_text(table, text, TABLE_PLAIN);
    free(text);
}

static int paths_write(const struct heap_profile *heap, const struct view_options *options, enum which which,
                       const char *title, struct out *out, struct err *err)
{
    static const struct table_column columns[] = {
        {"BYTES", "bytes", TABLE_COUNT, 0}, {"BLOCKS", "blocks", TABLE_COUNT, 0}, {"CALL PATH", "path", TABLE_TEXT, 0}};
    struct table table;
    struct row *rows = calloc((size_t)heap->nr_nodes + 1, sizeof(*rows));
    uint32_t nr = 0, most = options->top == UINT32_MAX ? ROWS : options->top == 0 ? UINT32_MAX : options->top;
    if (rows == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = 1; i < heap->nr_nodes; i++)
        if (amount_of(&heap->nodes[i], which)->blocks > 0)
            rows[nr++] = (struct row){&heap->nodes[i], amount_of(&heap->nodes[i], which)->bytes};
    qsort(rows, nr, sizeof(*rows), row_compare);
    table_init(&table, columns, 3);
    for (uint32_t i = 0; i < nr && i < most; i++) {
        amount_cells(&table, amount_of(rows[i].node, which));
        path_cell(&table, heap, rows[i].node);
    }
    int result = 0;
    if (nr > 0) {
        out_format(out, "\n%s\n", title);
        result = heap_table_write(&table, options, out, err);
    }
    if (nr > most)
        out_format(out, "… and %u more call paths (--top 0 shows all)\n", nr - most);
    table_release(&table);
    free(rows);
    return result;
}

/* ---- Histograms ----------------------------------------------------------------------------------- */

static void histogram_write(struct out *out, const char *title, const uint64_t *buckets, bool times)
{
    uint64_t most = 0, sum = 0;
    for (unsigned i = 0; i < HEAP_BUCKETS; i++) {
        most = buckets[i] > most ? buckets[i] : most;
        sum += buckets[i];
    }
    if (sum == 0)
        return;
    out_format(out, "\n%s\n", title);
    for (unsigned i = 0; i < HEAP_BUCKETS; i++) {
        char limit[NUMBER_BYTES], number[NUMBER_BYTES], share[NUMBER_BYTES];
        uint64_t end = UINT64_C(1) << i;
        if (buckets[i] == 0)
            continue;
        out_format(out, "  below %18s  %14s  %5s %%  ", times ? number_time(limit, end) : number_grouped(limit, end),
                   number_grouped(number, buckets[i]), number_percent(share, buckets[i], sum));
        out_repeat(out, "█", (unsigned)((double)buckets[i] / (double)most * BAR_MAX));
        out_char(out, '\n');
    }
}

static int threads_write(const struct heap_profile *heap, const struct view_options *options, struct out *out,
                         struct err *err)
{
    static const struct table_column columns[] = {
        {"TID", "tid", TABLE_ID, 0},
        {"ALLOCATED", "allocated_bytes", TABLE_COUNT, 0},
        {"ALLOCS", "allocations", TABLE_COUNT, 0},
        {"RELEASED", "released_bytes", TABLE_COUNT, 0},
        {"RELEASES", "releases", TABLE_COUNT, 0},
        {"LEFT", "left_bytes", TABLE_COUNT, 0},
        {"BLOCKS", "left_blocks", TABLE_COUNT, 0},
        {"NAME", "name", TABLE_TEXT, 0},
    };
    struct table table;
    if (heap->nr_threads < 2)
        return 0;
    table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
    for (uint32_t i = 0; i < heap->nr_threads; i++) {
        const struct heap_thread *thread = &heap->threads[i];
        table_number(&table, thread->tid);
        amount_cells(&table, &thread->counts.allocated);
        amount_cells(&table, &thread->counts.released);
        amount_cells(&table, &thread->counts.live);
        table_text(&table, thread->name, TABLE_PLAIN);
    }
    out_text(out, "\nTHREADS: who allocated, and who released; LEFT: of what it has allocated\n");
    int result = heap_table_write(&table, options, out, err);
    table_release(&table);
    return result;
}

int heap_text(const struct heap_profile *heap, const struct view_options *options, struct out *out, struct err *err)
{
    head_write(heap, options, out);
    if (heap->totals.allocated.blocks == 0) {
        out_text(out, "\nNo allocations were seen.\n");
        return 0;
    }
    if (functions_write(heap, options, out, err) != 0 ||
        paths_write(heap, options, AT_PEAK, "AT THE PEAK: call paths by what they had live when most was", out, err) !=
            0 ||
        paths_write(heap, options, AT_INSTANT, "AT THE INSTANT: call paths by what they had live then", out, err) !=
            0 ||
        paths_write(heap, options, AT_END, "LIVE AT THE END: call paths by what was never released", out, err) != 0 ||
        threads_write(heap, options, out, err) != 0)
        return -1;
    histogram_write(out, "SIZES: allocations by their size, in bytes", heap->sizes, false);
    histogram_write(out, "LIFETIMES: released blocks by how long they lived", heap->lifetimes, true);
    return 0;
}
