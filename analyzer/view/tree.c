/*
 * The call tree, drawn: its heaviest nodes, and how much is not shown below each.
 */
#include "view/report.h"

#include "base/number.h"
#include "view/function_columns.h"
#include "view/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_PERCENT 1u  /* of the run, for a node to be shown */
#define INDENT_MAX    30u /* a deep recursion must not fill the screen with lines */

static const struct table_column columns[] = {
    {"DEPTH", "depth", TABLE_COUNT, TABLE_FOR_PROGRAMS},
    {"TOTAL", "inclusive_ns", TABLE_TIME, 0},
    {"TOTAL%", "inclusive_percent", TABLE_SHARE, 0},
    {"SELF", "exclusive_ns", TABLE_TIME, 2},
    {"CALLS", "calls", TABLE_COUNT, 1},
    {"FUNCTION", "label", TABLE_TEXT, 0},
};

struct drawing {
    const struct profile *profile;
    uint64_t least_ns;         /* a node with less is not shown */
    bool has_more[INDENT_MAX]; /* by depth: a sibling follows the node on the path, so that a line goes down */
    struct table table;
};

/* ---- Which nodes -------------------------------------------------------------------------------- */

static int time_compare(const void *a, const void *b)
{
    uint64_t m = *(const uint64_t *)a, n = *(const uint64_t *)b;
    return (m < n) - (m > n);
}

/* The time of the `top` heaviest nodes' lightest. */
static int least_of_top(const struct profile *profile, uint32_t top, uint64_t *least_ns, struct err *err)
{
    uint32_t nr = profile->nr_nodes - 1;
    uint64_t *times_ns = calloc((size_t)nr + 1, sizeof(*times_ns));
    if (!times_ns)
        return err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = 0; i < nr; i++)
        times_ns[i] = profile->nodes[i + 1].inclusive_ns;
    qsort(times_ns, nr, sizeof(*times_ns), time_compare);
    *least_ns = top < nr ? times_ns[top - 1] : 0;
    free(times_ns);
    return 0;
}

/* A parent has at least its child's time, and siblings are in order: so the path to a node that is shown is shown, and
 * the siblings before it. */
static bool is_shown(const struct drawing *drawing, uint32_t node)
{
    return drawing->profile->nodes[node].inclusive_ns >= drawing->least_ns;
}

/* ---- Drawing ------------------------------------------------------------------------------------ */

/* The lines on the left of a row at `depth`: 1 is the first. */
static void prefix_make(const struct drawing *drawing, uint32_t depth, bool is_last, char *prefix, size_t bytes)
{
    size_t used = 0;
    uint32_t levels = depth < INDENT_MAX ? depth : INDENT_MAX;
    prefix[0] = '\0';
    for (uint32_t level = 2; level < levels && used + 8 < bytes; level++)
        used += (size_t)snprintf(prefix + used, bytes - used, "%s", drawing->has_more[level] ? "│ " : "  ");
    if (depth > INDENT_MAX)
        snprintf(prefix + used, bytes - used, "[%u] ", depth);
    else if (depth > 1)
        snprintf(prefix + used, bytes - used, "%s", is_last ? "└ " : "├ ");
}

static void row_add(struct drawing *drawing, const struct profile_node *sum, bool is_last, const char *name)
{
    const struct profile *profile = drawing->profile;
    char prefix[4 * INDENT_MAX + 32];
    prefix_make(drawing, sum->depth, is_last, prefix, sizeof(prefix));
    table_number(&drawing->table, sum->depth);
    table_number(&drawing->table, sum->inclusive_ns);
    table_share(&drawing->table, sum->inclusive_ns, profile->nodes[0].inclusive_ns, TABLE_PLAIN);
    table_number(&drawing->table, sum->exclusive_ns);
    if (profile->facts.has_calls)
        table_number(&drawing->table, sum->calls);
    else
        table_empty(&drawing->table);
    table_text_within(&drawing->table, prefix, name, "",
                      share_style(sum->exclusive_ns, profile->nodes[0].inclusive_ns));
}

/* What of the node's siblings, itself included, is not shown: as one node, whose `function` counts them. Siblings are
 * in descending order, so that these are the last ones. */
static struct profile_node hidden_sum(const struct drawing *drawing, uint32_t first)
{
    const struct profile_node *nodes = drawing->profile->nodes;
    struct profile_node sum = {.depth = nodes[first].depth, .function = 0};
    for (uint32_t at = first; at != 0; at = nodes[at].next_sibling) {
        sum.inclusive_ns += nodes[at].inclusive_ns;
        sum.exclusive_ns += nodes[at].exclusive_ns;
        sum.calls += nodes[at].calls;
        sum.function++;
    }
    return sum;
}

static void hidden_add(struct drawing *drawing, uint32_t first)
{
    char number[NUMBER_BYTES], text[NUMBER_BYTES + 16];
    struct profile_node sum = hidden_sum(drawing, first);
    snprintf(text, sizeof(text), "… %s more", number_grouped(number, sum.function));
    row_add(drawing, &sum, true, text);
}

/* Draw node by node; what is not shown of the children of one that is becomes a row of its own for people. */
static void tree_walk(struct drawing *drawing, bool for_people)
{
    const struct profile_node *nodes = drawing->profile->nodes;
    for (uint32_t at = nodes[0].first_child; at != 0;) {
        const struct profile_node *node = &nodes[at];
        bool is_last = node->next_sibling == 0 || (!for_people && !is_shown(drawing, node->next_sibling));
        if (is_shown(drawing, at))
            row_add(drawing, node, is_last, drawing->profile->functions[node->function].label);
        else if (for_people)
            hidden_add(drawing, at);
        if (is_shown(drawing, at) && node->depth < INDENT_MAX)
            drawing->has_more[node->depth] = !is_last;
        if (is_shown(drawing, at) && node->first_child != 0) {
            at = node->first_child;
            continue;
        }
        /* Behind one that is not shown there are only such. */
        uint32_t next = is_shown(drawing, at) ? node->next_sibling : 0;
        while (next == 0 && nodes[at].parent != 0) {
            at = nodes[at].parent;
            next = nodes[at].next_sibling;
        }
        at = next;
    }
}

int tree_sheet(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    struct sheet sheet;
    struct drawing drawing = {.profile = profile};
    sheet_begin(&sheet, profile, options, "tree", out);
    bool for_people = sheet_is_prose(&sheet);
    if (options->top == UINT32_MAX && for_people)
        drawing.least_ns = profile->nodes[0].inclusive_ns / 100 * SHARE_PERCENT;
    else if (options->top != UINT32_MAX && options->top > 0 &&
             least_of_top(profile, options->top, &drawing.least_ns, err) != 0)
        return -1;
    table_init(&drawing.table, columns, sizeof(columns) / sizeof(columns[0]));
    tree_walk(&drawing, for_people);
    int result = sheet_table(&sheet, "nodes", &drawing.table, err);
    sheet_end(&sheet);
    table_release(&drawing.table);
    return result;
}
