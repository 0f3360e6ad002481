#include "view/outliers.h"

#include "base/number.h"
#include "view/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_PERMILLE 30u /* of the difference, for a call path to be shown */
#define INDENT_MAX     20u

static const struct table_column tree_columns[] = {
    {"DEPTH", "depth", TABLE_COUNT, TABLE_FOR_PROGRAMS},
    {"MORE", "difference_ns", TABLE_CHANGE, 0},
    {"OWN", "own_difference_ns", TABLE_CHANGE, 1},
    {"SLOW", "slow_ns", TABLE_TIME, 0},
    {"TYPICAL", "typical_ns", TABLE_TIME, 0},
    {"CALLS SLOW", "slow_calls", TABLE_RATIO, 2},
    {"CALLS TYPICAL", "typical_calls", TABLE_RATIO, 2},
    {"FUNCTION", "name", TABLE_TEXT, 0},
};

static const struct table_column call_columns[] = {
    {"CALL", "id", TABLE_TEXT, 0},        {"DURATION", "duration_ns", TABLE_TIME, 0},
    {"BEGIN", "start_ns", TABLE_TIME, 0}, {"PID", "pid", TABLE_ID, 1},
    {"TID", "tid", TABLE_ID, 0},          {"END", "end", TABLE_TEXT, TABLE_FOR_PROGRAMS},
    {"FUNCTION", "name", TABLE_TEXT, 0},
};

#define NR_TREE_COLUMNS (sizeof(tree_columns) / sizeof(tree_columns[0]))
#define NR_CALL_COLUMNS (sizeof(call_columns) / sizeof(call_columns[0]))

/* A node of the tree, compared: means over the calls of each kind. */
struct compared {
    uint64_t slow_ns, typical_ns, slow_own_ns, typical_own_ns;
};

struct drawing {
    const struct outliers_answer *answer;
    struct compared *nodes; /* as outliers->nodes */
    uint32_t *order;        /* nodes below each other: parents first, siblings by what they add to the difference */
    uint32_t *first, *next; /* the siblings in that order; 0: none */
    uint64_t least_ns;      /* a difference that is less is not shown */
    struct table table;
};

static uint64_t mean(uint64_t sum, uint64_t nr)
{
    return nr > 0 ? sum / nr : 0;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* How much the slow calls spend more, or less, there. */
static uint64_t weight(const struct drawing *drawing, uint32_t node)
{
    return distance(drawing->nodes[node].slow_ns, drawing->nodes[node].typical_ns);
}

/* ---- The tree ----------------------------------------------------------------------------------- */

static int weight_compare(const void *a, const void *b, void *context)
{
    const struct drawing *drawing = context;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    uint64_t m = weight(drawing, i), n = weight(drawing, j);
    return m != n ? (m < n ? 1 : -1) : (i > j) - (i < j);
}

static void nodes_compare(struct drawing *drawing)
{
    const struct outliers *outliers = drawing->answer->outliers;
    for (uint32_t i = 0; i < outliers->nr_nodes; i++) {
        const struct outlier_side *slow = &outliers->nodes[i].slow, *typical = &outliers->nodes[i].typical;
        drawing->nodes[i] = (struct compared){.slow_ns = mean(slow->inclusive_ns, outliers->nr_slow),
                                              .typical_ns = mean(typical->inclusive_ns, outliers->nr_typical),
                                              .slow_own_ns = mean(slow->exclusive_ns, outliers->nr_slow),
                                              .typical_own_ns = mean(typical->exclusive_ns, outliers->nr_typical)};
    }
}

/* Link the siblings: the one with the largest difference first. */
static void nodes_link(struct drawing *drawing)
{
    const struct outliers *outliers = drawing->answer->outliers;
    for (uint32_t i = 1; i < outliers->nr_nodes; i++)
        drawing->order[i - 1] = i;
    qsort_r(drawing->order, outliers->nr_nodes - 1, sizeof(*drawing->order), weight_compare, drawing);
    for (uint32_t i = outliers->nr_nodes - 1; i-- > 0;) {
        uint32_t node = drawing->order[i], parent = outliers->nodes[node].parent;
        drawing->next[node] = drawing->first[parent];
        drawing->first[parent] = node;
    }
}

static void node_row(struct drawing *drawing, uint32_t at)
{
    const struct outliers *outliers = drawing->answer->outliers;
    const struct outlier_node *node = &outliers->nodes[at];
    const struct compared *compared = &drawing->nodes[at];
    char prefix[2 * INDENT_MAX + 8] = "";
    unsigned indent = node->depth - 1 < INDENT_MAX ? node->depth - 1 : INDENT_MAX;
    if (indent > 0)
        snprintf(prefix, sizeof(prefix), "%*s└ ", 2 * (int)(indent - 1), "");
    table_number(&drawing->table, node->depth);
    table_share(&drawing->table, compared->slow_ns, compared->typical_ns, TABLE_PLAIN);
    table_share(&drawing->table, compared->slow_own_ns, compared->typical_own_ns, TABLE_PLAIN);
    table_number(&drawing->table, compared->slow_ns);
    table_number(&drawing->table, compared->typical_ns);
    table_share(&drawing->table, node->slow.calls, outliers->nr_slow, TABLE_PLAIN);
    table_share(&drawing->table, node->typical.calls, outliers->nr_typical, TABLE_PLAIN);
    bool is_cause = distance(compared->slow_own_ns, compared->typical_own_ns) * 2 >= weight(drawing, 0);
    table_text_within(&drawing->table, prefix, drawing->answer->functions[node->function].name, "",
                      is_cause ? TABLE_RED : TABLE_PLAIN);
}

/* A node whose own time makes a difference may lie below one that makes up for it: what is shown is decided node by
 * node, but never without its parent. */
static void tree_walk(struct drawing *drawing)
{
    const struct outlier_node *nodes = drawing->answer->outliers->nodes;
    for (uint32_t at = drawing->first[0]; at != 0;) {
        bool is_shown = weight(drawing, at) >= drawing->least_ns;
        if (is_shown)
            node_row(drawing, at);
        if (is_shown && drawing->first[at] != 0) {
            at = drawing->first[at];
            continue;
        }
        while (at != 0 && drawing->next[at] == 0)
            at = nodes[at].parent;
        at = drawing->next[at];
    }
}

static int tree_write(struct drawing *drawing, const struct view_options *options, struct sheet *sheet, struct err *err)
{
    uint32_t nr = drawing->answer->outliers->nr_nodes;
    drawing->nodes = calloc(nr, sizeof(*drawing->nodes));
    drawing->order = calloc(nr, sizeof(uint32_t));
    drawing->first = calloc(nr, sizeof(uint32_t));
    drawing->next = calloc(nr, sizeof(uint32_t));
    int result = -1;
    table_init(&drawing->table, tree_columns, NR_TREE_COLUMNS);
    if (drawing->nodes && drawing->order && drawing->first && drawing->next) {
        nodes_compare(drawing);
        nodes_link(drawing);
        bool all = options->top == 0 || (options->top == UINT32_MAX && !sheet_is_prose(sheet));
        drawing->least_ns = all ? 0 : weight(drawing, 0) * SHARE_PERMILLE / 1000;
        tree_walk(drawing);
        sheet_heading(sheet, "WHERE THE DIFFERENCE IS: means per call, heaviest difference first");
        result = sheet_table(sheet, "nodes", &drawing->table, err);
    } else {
        err_set(err, ERR_INPUT, "out of memory");
    }
    table_release(&drawing->table);
    free(drawing->nodes);
    free(drawing->order);
    free(drawing->first);
    free(drawing->next);
    return result;
}

/* ---- Around it ---------------------------------------------------------------------------------- */

static void summary_write(const struct outliers_answer *answer, struct sheet *sheet)
{
    const struct outliers *o = answer->outliers;
    char number[NUMBER_BYTES];
    uint64_t slow_ns = mean(o->nodes[0].slow.inclusive_ns, o->nr_slow);
    uint64_t typical_ns = mean(o->nodes[0].typical.inclusive_ns, o->nr_typical);
    sheet_name(sheet, answer->subject, sheet->look.columns);
    sheet_format(sheet, ": %s whole calls, times as recorded, with what tracing cost",
                 number_grouped(number, o->nr_calls));
    sheet_break(sheet);
    sheet_format(sheet, "  slow:    %s call%s", number_grouped(number, o->nr_slow), plural(o->nr_slow));
    sheet_format(sheet, " of %s or more", number_time(number, o->slow_ns));
    sheet_format(sheet, ", mean %s", number_time(number, slow_ns));
    sheet_break(sheet);
    sheet_format(sheet, "  typical: %s calls", number_grouped(number, o->nr_typical));
    sheet_format(sheet, " of %s", number_time(number, o->typical_low_ns));
    sheet_format(sheet, " to %s", number_time(number, o->typical_high_ns));
    sheet_format(sheet, ", mean %s", number_time(number, typical_ns));
    sheet_break(sheet);
}

static int calls_write(const struct outliers_answer *answer, struct sheet *sheet, struct err *err)
{
    const struct outliers *outliers = answer->outliers;
    struct table table;
    table_init(&table, call_columns, NR_CALL_COLUMNS);
    for (uint32_t i = 0; i < outliers->nr_slowest; i++) {
        const struct outlier_call *call = &outliers->slowest[i];
        char id[64];
        snprintf(id, sizeof(id), "%u@%llu/%u", call->tid, (unsigned long long)call->start_ns, call->depth);
        table_text(&table, id, TABLE_PLAIN);
        table_number(&table, call->duration_ns);
        table_number(&table, call->start_ns);
        table_number(&table, call->pid);
        table_number(&table, call->tid);
        table_text(&table, call->is_unwound ? "unwound" : "returned", TABLE_PLAIN);
        table_text_within(&table, "", answer->functions[call->function].name, call->is_unwound ? " [unwound]" : "",
                          TABLE_PLAIN);
    }
    sheet_heading(sheet, "SLOWEST CALLS");
    int result = sheet_table(sheet, "calls", &table, err);
    table_release(&table);
    return result;
}

int outliers_sheet(const struct outliers_answer *answer, const struct view_options *options, struct out *out,
                   struct err *err)
{
    struct sheet sheet;
    struct drawing drawing = {.answer = answer};
    sheet_begin(&sheet, NULL, options, "outliers", out);
    summary_write(answer, &sheet);
    if (tree_write(&drawing, options, &sheet, err) != 0 || calls_write(answer, &sheet, err) != 0 ||
        report_next_call(answer->source, &sheet, err) != 0)
        return -1;
    sheet_end(&sheet);
    return 0;
}
