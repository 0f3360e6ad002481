/*
 * A function between its callers and its callees.
 */
#include "view/report.h"

#include "base/number.h"
#include "profile/edges.h"
#include "view/subject.h"
#include "view/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS     5u  /* functions shown, unless --top says otherwise */
#define BLOCK_ROWS 20u /* callers, and callees, of one function */

static const struct table_column columns[] = {
    {"OF", "function", TABLE_TEXT, TABLE_FOR_PROGRAMS},
    {"CALLS", "calls", TABLE_COUNT, 0},
    {"TIME", "inclusive_ns", TABLE_TIME, 0},
    {"SHARE%", "percent", TABLE_SHARE, 1},
    {"", "relation", TABLE_TEXT, 0},
    {"FUNCTION", "label", TABLE_TEXT, 0},
};

#define NR_COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct peek {
    const struct profile *profile;
    struct edges edges;
    struct edge *room; /* one function's edges, sorted */
    uint32_t rows;     /* on each side; 0: all */
    struct table table;
};

static int edge_compare_time(const void *a, const void *b)
{
    const struct edge *e = a, *f = b;
    if (e->inclusive_ns != f->inclusive_ns)
        return e->inclusive_ns > f->inclusive_ns ? -1 : 1;
    if (e->calls != f->calls)
        return e->calls > f->calls ? -1 : 1;
    if (e->caller != f->caller)
        return e->caller < f->caller ? -1 : 1;
    return (e->callee > f->callee) - (e->callee < f->callee);
}

/* The rest of a row, whose relation and name are there in full. */
static void row_add(struct peek *peek, uint32_t of, uint64_t calls, uint64_t time_ns, const char *relation,
                    const char *name)
{
    const struct profile_function *function = &peek->profile->functions[of];
    bool is_itself = strcmp(relation, "self") == 0;
    table_text(&peek->table, function->label, TABLE_PLAIN);
    if (peek->profile->facts.has_calls)
        table_number(&peek->table, calls);
    else
        table_empty(&peek->table);
    table_number(&peek->table, time_ns);
    table_share(&peek->table, time_ns, function->inclusive_ns, TABLE_PLAIN);
    table_text(&peek->table, relation, TABLE_PLAIN);
    table_text(&peek->table, name, is_itself ? TABLE_BOLD : TABLE_PLAIN);
}

/* The edges on one side of function `f`: the heaviest, and how many more there are. */
static void side_add(struct peek *peek, uint32_t f, bool callers)
{
    size_t nr = 0;
    for (size_t i = 0; i < peek->edges.nr; i++)
        if ((callers ? peek->edges.edges[i].callee : peek->edges.edges[i].caller) == f)
            peek->room[nr++] = peek->edges.edges[i];
    qsort(peek->room, nr, sizeof(*peek->room), edge_compare_time);
    uint64_t rest_calls = 0, rest_ns = 0;
    size_t nr_shown = peek->rows == 0 || peek->rows >= nr ? nr : peek->rows;
    for (size_t i = 0; i < nr; i++) {
        uint32_t other = callers ? peek->room[i].caller : peek->room[i].callee;
        const char *name = other == EDGE_NO_CALLER ? "(the thread's start)" : peek->profile->functions[other].label;
        if (i < nr_shown)
            row_add(peek, f, peek->room[i].calls, peek->room[i].inclusive_ns, callers ? "from" : "to", name);
        rest_calls += i < nr_shown ? 0 : peek->room[i].calls;
        rest_ns += i < nr_shown ? 0 : peek->room[i].inclusive_ns;
    }
    if (nr > nr_shown) {
        char number[NUMBER_BYTES], text[NUMBER_BYTES + 8];
        snprintf(text, sizeof(text), "… %s more", number_grouped(number, nr - nr_shown));
        row_add(peek, f, rest_calls, rest_ns, callers ? "from" : "to", text);
    }
}

static void block_add(struct peek *peek, uint32_t f)
{
    const struct profile_function *function = &peek->profile->functions[f];
    side_add(peek, f, true);
    row_add(peek, f, function->calls, function->inclusive_ns, "self", function->label);
    side_add(peek, f, false);
}

/* Programs get one table for all functions, people one a function. */
static int blocks_write(struct peek *peek, const struct subject *subject, uint32_t nr, struct sheet *sheet,
                        struct err *err)
{
    int result = 0;
    table_init(&peek->table, columns, NR_COLUMNS);
    for (uint32_t i = 0; i < nr && result == 0; i++) {
        uint32_t f = subject->functions[i];
        block_add(peek, f);
        if (!sheet_is_prose(sheet))
            continue;
        report_place(peek->profile, f, sheet);
        result = sheet_table(sheet, "peek", &peek->table, err);
        table_release(&peek->table);
        table_init(&peek->table, columns, NR_COLUMNS);
    }
    if (result == 0 && !sheet_is_prose(sheet))
        result = sheet_table(sheet, "peek", &peek->table, err);
    table_release(&peek->table);
    return result;
}

int peek_sheet(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    struct sheet sheet;
    struct subject subject;
    struct peek peek = {.profile = profile};
    if (subject_find(&subject, profile, options->subject, err) != 0)
        return -1;
    int result = edges_make(&peek.edges, profile, err);
    peek.room = result == 0 ? calloc(peek.edges.nr + 1, sizeof(*peek.room)) : NULL;
    if (result == 0 && !peek.room)
        result = err_set(err, ERR_INPUT, "out of memory");
    sheet_begin(&sheet, profile, options, "peek", out);
    uint32_t nr = subject_shown(&subject, options, BLOCKS);
    peek.rows = options->top == 0 || !sheet_is_prose(&sheet) ? 0 : BLOCK_ROWS;
    if (result == 0)
        result = blocks_write(&peek, &subject, nr, &sheet, err);
    subject_rest(&subject, nr, &sheet);
    sheet_end(&sheet);
    free(peek.room);
    edges_release(&peek.edges);
    subject_release(&subject);
    return result;
}
