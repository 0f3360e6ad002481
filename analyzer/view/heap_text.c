#include "view/heap.h"

#include "base/escape.h"
#include "base/number.h"
#include "base/table.h"
#include "view/heap_paths.h"

#include <string.h>

#define PARTS   60u /* of the time, in one line */
#define ROWS    15u /* functions of one table */
#define BAR_MAX 40u /* columns */

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

/* A line of bars, the highest as high as `most`. */
static void line_write(struct out *out, const char *title, const uint64_t *values, uint64_t most)
{
    static const char *const levels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    out_text(out, title);
    for (unsigned i = 0; i < PARTS; i++)
        out_text(out, values[i] == 0 ? " " : levels[(unsigned)((double)values[i] / ((double)most + 1) * 8)]);
    out_char(out, '\n');
}

/* What was live, and how much was allocated, in each part of the time. */
static void lines_write(const struct heap_profile *heap, struct out *out)
{
    uint64_t live[PARTS] = {0}, allocs[PARTS] = {0}, most = 0;
    unsigned at = 0;
    char rate[NUMBER_BYTES], text[NUMBER_BYTES];
    for (unsigned i = 0; i < HEAP_INSTANTS; i++) {
        unsigned part = i * PARTS / HEAP_INSTANTS;
        live[part] = heap->most[i] > live[part] ? heap->most[i] : live[part];
        allocs[part] += heap->allocated[i].blocks;
    }
    for (unsigned i = 0; i < PARTS; i++) {
        at = allocs[i] > most ? i : at;
        most = allocs[i] > most ? allocs[i] : most;
    }
    line_write(out, "  live over time: ", live, heap->totals.peak.bytes);
    line_write(out, "  allocations:    ", allocs, most);
    double part_s = (double)heap->span_ns / PARTS / 1e9;
    out_format(out, "  most allocations a second: %s, at %s\n",
               number_grouped(rate, part_s > 0 ? (uint64_t)((double)most / part_s) : 0),
               number_time(text, heap->start_ns + (uint64_t)((double)heap->span_ns * at / PARTS)));
}

/* A few come from the C library, which has no frame pointers. */
static void callerless_write(const struct heap_totals *totals, struct out *out)
{
    char share[NUMBER_BYTES];
    if (totals->callerless > totals->allocated.blocks / 10)
        out_format(out,
                   "  note: %s %% of the allocations have no callers, as the program has no frame\n"
                   "        pointers: compile it with -fno-omit-frame-pointer\n",
                   number_percent(share, totals->callerless, totals->allocated.blocks));
}

/* What lies beside the heap: memory that malloc has and the program has not asked for is no leak. */
static void beside_write(const struct heap_totals *totals, struct out *out)
{
    const struct heap_allocator *allocator = &totals->allocator;
    const struct heap_mapped *mapped = &totals->mapped;
    char text[4][NUMBER_BYTES];
    if (allocator->ticks != 0)
        out_format(out, "  allocator: %s in use, of that %s in mappings of its own; %s kept free\n",
                   number_bytes(text[0], allocator->in_use), number_bytes(text[1], allocator->mapped),
                   number_bytes(text[2], allocator->free));
    if (mapped->nr > 0)
        out_format(out, "  mapped beside it, without files: %s in %s mapping%s; most at once %s, at the end %s\n",
                   number_bytes(text[0], mapped->mapped), number_grouped(text[1], mapped->nr),
                   mapped->nr == 1 ? "" : "s", number_bytes(text[2], mapped->peak),
                   number_bytes(text[3], mapped->live));
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
    callerless_write(totals, out);
    out_text(out, "\nMEMORY: as the program asked for it\n");
    amount_write(out, "allocated", &totals->allocated);
    out_text(out, "\n");
    amount_write(out, "most at once", &totals->peak);
    out_format(out, ", at %s\n", number_time(text, heap->peak_ns));
    for (int at = 0; at < 2; at++) {
        if (heap->at_ns[at] == UINT64_MAX)
            continue;
        amount_write(out, "live", &totals->at[at]);
        out_format(out, " at %s\n", number_time(text, heap->at_ns[at]));
    }
    amount_write(out, "live at the end", &totals->live);
    out_text(out, "\n");
    beside_write(totals, out);
    lines_write(heap, out);
    count_write(out, "temporary, released by their thread before it allocated another one", totals->temporary);
    count_write(out, "resized", totals->resized.blocks);
    count_write(out, "bytes copied for that, to a new place", totals->moved.bytes);
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

static uint32_t rows_most(const struct view_options *options)
{
    return options->top == UINT32_MAX ? ROWS : options->top == 0 ? UINT32_MAX : options->top;
}

static uint32_t functions_shown(const struct heap_profile *heap, const struct view_options *options)
{
    uint32_t nr = 0;
    while (nr < heap->nr_functions && nr < rows_most(options) && heap->functions[nr].self.allocated.blocks > 0)
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
    uint32_t nr = functions_shown(heap, options);
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

/* Whose allocations are their callers', and how that is known. */
static int wrappers_write(const struct heap_profile *heap, const struct view_options *options, struct out *out,
                          struct err *err)
{
    static const struct table_column columns[] = {
        {"ALLOCS", "allocations", TABLE_COUNT, 0}, {"KNOWN BY", "known_by", TABLE_TEXT, 0},
        {"CALLERS", "callers", TABLE_COUNT, 0},    {"STEADY", "steady_callers", TABLE_COUNT, 0},
        {"FUNCTION", "label", TABLE_TEXT, 0},
    };
    struct table table;
    table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
    for (uint32_t i = 0; i < heap->nr_wrappers && i < rows_most(options); i++) {
        const struct heap_wrapper *wrapper = &heap->wrappers[i];
        table_number(&table, wrapper->allocs);
        table_text(&table, wrapper->by_use ? "use" : "name", TABLE_PLAIN);
        if (wrapper->by_use) {
            table_number(&table, wrapper->callers);
            table_number(&table, wrapper->steady);
        } else {
            table_empty(&table);
            table_empty(&table);
        }
        table_text(&table, wrapper->label, TABLE_PLAIN);
    }
    int result = 0;
    if (heap->nr_wrappers > 0) {
        out_text(out, "\nPASSED ON: allocations that belong to the callers of these (--wrappers none);\n"
                      "known by use: STEADY callers have a size of their own, and it does nothing else\n");
        result = heap_table_write(&table, options, out, err);
    }
    table_release(&table);
    return result;
}

/* Which functions resize, and what that costs. */
static int resizing_write(const struct heap_profile *heap, const struct view_options *options, struct out *out,
                          struct err *err)
{
    static const struct table_column columns[] = {
        {"RESIZED", "resized_blocks", TABLE_COUNT, 0}, {"MOVED", "moved_blocks", TABLE_COUNT, 0},
        {"COPIED", "copied_bytes", TABLE_COUNT, 0},    {"MOST", "most_resizes", TABLE_COUNT, 0},
        {"FUNCTION", "label", TABLE_TEXT, 0},
    };
    struct table table;
    uint32_t nr = 0;
    table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
    for (uint32_t i = 0; i < heap->nr_functions && nr < rows_most(options); i++) {
        const struct heap_counts *self = &heap->functions[i].self;
        if (self->resized.blocks == 0)
            continue;
        table_number(&table, self->resized.blocks);
        table_number(&table, self->moved.blocks);
        table_number(&table, self->moved.bytes);
        table_number(&table, self->most_resizes);
        table_text(&table, heap->functions[i].label, TABLE_PLAIN);
        nr++;
    }
    int result = 0;
    if (nr > 0) {
        out_text(out, "\nRESIZED: to a new size, of these to a new place; bytes copied there; most often one block\n");
        result = heap_table_write(&table, options, out, err);
    }
    table_release(&table);
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
    if (functions_write(heap, options, out, err) != 0 || wrappers_write(heap, options, out, err) != 0 ||
        heap_paths_write(heap, options, HEAP_AT_PEAK, "AT THE PEAK: call paths by what they had live when most was",
                         out, err) != 0 ||
        (heap->at_ns[1] == UINT64_MAX &&
         heap_paths_write(heap, options, HEAP_AT_INSTANT, "AT THE INSTANT: call paths by what they had live then", out,
                          err) != 0) ||
        heap_growth_write(heap, options, out, err) != 0 ||
        heap_paths_write(heap, options, HEAP_AT_END, "LIVE AT THE END: call paths by what was never released", out,
                         err) != 0 ||
        resizing_write(heap, options, out, err) != 0 || threads_write(heap, options, out, err) != 0)
        return -1;
    histogram_write(out, "SIZES: allocations by their size, in bytes", heap->sizes, false);
    histogram_write(out, "LIFETIMES: released blocks by how long they lived", heap->lifetimes, true);
    return heap_findings_write(heap, options, out, err);
}
