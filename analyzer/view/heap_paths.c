#include "view/heap_paths.h"

#include "base/escape.h"
#include "base/number.h"
#include "base/path.h"
#include "base/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS            15u
#define PATH_MAX_FRAMES 40u

char *heap_path_text(const struct heap_profile *heap, uint32_t node, unsigned frames)
{
    char *text = NULL;
    size_t bytes = 0;
    struct err err = {0};
    struct out *out = out_open_memory(&text, &bytes);
    for (unsigned depth = 0; out != NULL && node != 0 && depth < frames; depth++) {
        out_format(out, "%s%s", depth > 0 ? " < " : "", heap->functions[heap->nodes[node].function].label);
        node = heap->nodes[node].parent;
    }
    if (out != NULL && node != 0)
        out_text(out, " < …");
    if (out != NULL && out_close(out, &err) == 0)
        return text;
    free(text);
    return NULL;
}

char *heap_place_text(const struct heap_profile *heap, uint32_t node)
{
    char *text = NULL;
    if (node == 0)
        return strdup("the whole heap");
    const struct heap_function *function = &heap->functions[heap->nodes[node].function];
    const char *base = path_last(function->file);
    int bytes = base[0] == '\0' ? asprintf(&text, "%s", function->label)
                                : asprintf(&text, "%s (%s:%u)", function->label, base, function->line);
    return bytes < 0 ? NULL : text;
}

static void path_cell(struct table *table, const struct heap_profile *heap, uint32_t node)
{
    char *text = heap_path_text(heap, node, PATH_MAX_FRAMES);
    if (text == NULL)
        table->failed = true;
    else
        table_text(table, text, TABLE_PLAIN);
    free(text);
}

/* ---- Tables --------------------------------------------------------------------------------------- */

struct row {
    uint32_t node;
    int64_t bytes, blocks; /* of what is shown: a difference, between instants */
};

static int row_compare(const void *a, const void *b)
{
    const struct row *r = a, *s = b;
    if (r->bytes != s->bytes)
        return r->bytes > s->bytes ? -1 : 1;
    return (r->node > s->node) - (r->node < s->node);
}

static uint32_t rows_most(const struct view_options *options)
{
    return options->top == UINT32_MAX ? ROWS : options->top == 0 ? UINT32_MAX : options->top;
}

static const struct heap_amount *amount_of(const struct heap_node *node, enum heap_moment_of moment)
{
    return moment == HEAP_AT_PEAK ? &node->self.peak : moment == HEAP_AT_INSTANT ? &node->self.at[0] : &node->self.live;
}

static int table_finish(struct table *table, uint32_t nr, const struct view_options *options, const char *title,
                        struct out *out, struct err *err)
{
    const struct table_look look = {.color = options->color, .columns = options->columns};
    int result = 0;
    if (nr > 0) {
        out_format(out, "\n%s\n", title);
        result = table_write_text(table, &look, out, err);
    }
    if (nr > rows_most(options))
        out_format(out, "… and %u more call paths (--top 0 shows all)\n", nr - rows_most(options));
    table_release(table);
    return result;
}

int heap_paths_write(const struct heap_profile *heap, const struct view_options *options, enum heap_moment_of moment,
                     const char *title, struct out *out, struct err *err)
{
    static const struct table_column columns[] = {
        {"BYTES", "bytes", TABLE_COUNT, 0}, {"BLOCKS", "blocks", TABLE_COUNT, 0}, {"CALL PATH", "path", TABLE_TEXT, 0}};
    struct table table;
    struct row *rows = calloc((size_t)heap->nr_nodes + 1, sizeof(*rows));
    uint32_t nr = 0;
    if (rows == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = 1; i < heap->nr_nodes; i++) {
        const struct heap_amount *amount = amount_of(&heap->nodes[i], moment);
        if (amount->blocks > 0)
            rows[nr++] = (struct row){i, (int64_t)amount->bytes, (int64_t)amount->blocks};
    }
    qsort(rows, nr, sizeof(*rows), row_compare);
    table_init(&table, columns, 3);
    for (uint32_t i = 0; i < nr && i < rows_most(options); i++) {
        table_number(&table, (uint64_t)rows[i].bytes);
        table_number(&table, (uint64_t)rows[i].blocks);
        path_cell(&table, heap, rows[i].node);
    }
    free(rows);
    return table_finish(&table, nr, options, title, out, err);
}

/* "+1,234" */
static void change_cell(struct table *table, int64_t change)
{
    char number[NUMBER_BYTES], text[NUMBER_BYTES + 1];
    snprintf(text, sizeof(text), "%s%s",
             change > 0   ? "+"
             : change < 0 ? "-"
                          : "",
             number_grouped(number, change < 0 ? (uint64_t)-change : (uint64_t)change));
    table_text(table, text, TABLE_PLAIN);
}

static uint32_t changes_find(const struct heap_profile *heap, bool more, struct row *rows)
{
    uint32_t nr = 0;
    for (uint32_t i = 1; i < heap->nr_nodes; i++) {
        const struct heap_amount *at = heap->nodes[i].self.at;
        int64_t bytes = (int64_t)(at[1].bytes - at[0].bytes), blocks = (int64_t)(at[1].blocks - at[0].blocks);
        if (more ? bytes > 0 || (bytes == 0 && blocks > 0) : bytes < 0 || (bytes == 0 && blocks < 0))
            rows[nr++] = (struct row){i, more ? bytes : -bytes, blocks};
    }
    qsort(rows, nr, sizeof(*rows), row_compare);
    return nr;
}

static int changes_write(const struct heap_profile *heap, const struct view_options *options, bool more,
                         struct out *out, struct err *err)
{
    static const struct table_column columns[] = {{"BYTES", "bytes", TABLE_COUNT, 0},
                                                  {"BLOCKS", "blocks", TABLE_COUNT, 0},
                                                  {"BEFORE", "bytes_before", TABLE_COUNT, 0},
                                                  {"AFTER", "bytes_after", TABLE_COUNT, 0},
                                                  {"CALL PATH", "path", TABLE_TEXT, 0}};
    struct table table;
    struct row *rows = calloc((size_t)heap->nr_nodes + 1, sizeof(*rows));
    char from[NUMBER_BYTES], to[NUMBER_BYTES], title[160];
    if (rows == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    uint32_t nr = changes_find(heap, more, rows);
    table_init(&table, columns, sizeof(columns) / sizeof(*columns));
    for (uint32_t i = 0; i < nr && i < rows_most(options); i++) {
        const struct heap_amount *at = heap->nodes[rows[i].node].self.at;
        change_cell(&table, more ? rows[i].bytes : -rows[i].bytes);
        change_cell(&table, rows[i].blocks);
        table_number(&table, at[0].bytes);
        table_number(&table, at[1].bytes);
        path_cell(&table, heap, rows[i].node);
    }
    free(rows);
    snprintf(title, sizeof(title), "%s: call paths with %s live at %s than at %s", more ? "GREW" : "SHRANK",
             more ? "more" : "less", number_time(to, heap->at_ns[1]), number_time(from, heap->at_ns[0]));
    return table_finish(&table, nr, options, title, out, err);
}

int heap_growth_write(const struct heap_profile *heap, const struct view_options *options, struct out *out,
                      struct err *err)
{
    if (heap->at_ns[1] == UINT64_MAX)
        return 0;
    return changes_write(heap, options, true, out, err) != 0 ? -1 : changes_write(heap, options, false, out, err);
}

/* ---- Findings ------------------------------------------------------------------------------------- */

static void sawtooth_write(const struct heap_finding *finding, struct out *out)
{
    char top[NUMBER_BYTES], low[NUMBER_BYTES], period[NUMBER_BYTES], shortest[NUMBER_BYTES], longest[NUMBER_BYTES];
    char count[NUMBER_BYTES];
    out_format(out, "fills to %s and empties to %s, %s times, every %s (%s to %s)",
               number_bytes(top, finding->top_bytes), number_bytes(low, finding->low_bytes),
               number_grouped(count, finding->count), number_time(period, finding->period_ns),
               number_time(shortest, finding->shortest_ns), number_time(longest, finding->longest_ns));
}

static void finding_write(const struct heap_profile *heap, const struct heap_finding *finding, struct out *out)
{
    char count[NUMBER_BYTES], bytes[NUMBER_BYTES], share[NUMBER_BYTES];
    const struct heap_counts *self = &heap->nodes[finding->node].self;
    switch (finding->kind) {
    case HEAP_SAWTOOTH:
        sawtooth_write(finding, out);
        break;
    case HEAP_TEMPORARY:
        out_format(out, "%s of its blocks (%s %%) are released before their thread allocates another one",
                   number_grouped(count, finding->count),
                   number_percent(share, finding->count, self->allocated.blocks));
        break;
    case HEAP_RESIZING:
        out_format(out, "resized %s times, one block %llu times; %s had to be copied",
                   number_grouped(count, finding->count), (unsigned long long)finding->most_resizes,
                   number_bytes(bytes, finding->bytes));
        break;
    }
}

int heap_findings_write(const struct heap_profile *heap, const struct view_options *options, struct out *out,
                        struct err *err)
{
    static const char *const names[] = {"sawtooth", "temporary", "resizing"};
    if (heap->nr_findings > 0)
        out_text(out, "\nFINDINGS\n");
    for (uint32_t i = 0; i < heap->nr_findings; i++) {
        const struct heap_finding *finding = &heap->findings[i];
        char *place = heap_place_text(heap, finding->node);
        char *path = heap_path_text(heap, heap->nodes[finding->node].parent, PATH_MAX_FRAMES);
        unsigned columns = options->columns > 24 ? options->columns - 12 : 0;
        if (place == NULL || path == NULL) {
            free(place);
            free(path);
            return err_set(err, ERR_INPUT, "out of memory");
        }
        out_format(out, "%-12s", names[finding->kind]);
        escape_terminal_elided(out, place, columns);
        out_format(out, "\n%12s", "");
        finding_write(heap, finding, out);
        if (path[0] != '\0') {
            out_format(out, "\n%12sfrom ", "");
            escape_terminal_elided(out, path, columns > 5 ? columns - 5 : 0);
        }
        out_char(out, '\n');
        free(place);
        free(path);
    }
    return 0;
}
