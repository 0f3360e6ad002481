#include "view/views.h"

#include "base/escape.h"
#include "base/number.h"
#include "base/table.h"
#include "profile/edges.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOTSPOT_SHARE  80u /* percent of the time that the table covers */
#define HOTSPOT_ROWS   10u /* at least */
#define BLOCKS         5u  /* functions whose callers and callees are shown */
#define BLOCK_ROWS     8u  /* callers, and callees, of one function */
#define NARROW_COLUMNS 100u
#define SELF_RED       20u /* percent */
#define SELF_YELLOW    5u

/* ---- Header ------------------------------------------------------------------------------------- */

static void names_line(const struct profile_facts *facts, const struct view_options *options, struct out *out)
{
    escape_terminal_elided(out, facts->command[0] != '\0' ? facts->command : facts->source, options->columns);
    out_char(out, '\n');
}

static void when_line(const struct profile_facts *facts, struct out *out)
{
    char time_text[NUMBER_BYTES];
    time_t seconds = (time_t)(facts->realtime_ns / 1000000000);
    struct tm when;
    char text[64];
    if (facts->realtime_ns > 0 && localtime_r(&seconds, &when) &&
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z", &when) > 0)
        out_format(out, "%s, ", text);
    if (facts->host[0] != '\0') {
        out_text(out, "host ");
        escape_terminal(out, facts->host, strlen(facts->host));
        out_text(out, ", ");
    }
    out_format(out, "%s wall\n", number_time(time_text, facts->wall_ns));
}

static const char *plural(uint64_t number)
{
    return number == 1 ? "" : "s";
}

static void counts_line(const struct profile *profile, struct out *out)
{
    const struct profile_facts *facts = &profile->facts;
    char calls[NUMBER_BYTES], functions[NUMBER_BYTES], threads[NUMBER_BYTES];
    out_format(out, "%s call%s of %s function%s, %s thread%s", number_grouped(calls, facts->nr_calls),
               plural(facts->nr_calls), number_grouped(functions, profile->nr_functions), plural(profile->nr_functions),
               number_grouped(threads, facts->nr_threads), plural(facts->nr_threads));
    out_format(out, " of %u process%s, max depth %u\n", facts->nr_processes, facts->nr_processes == 1 ? "" : "es",
               facts->max_depth);
}

static uint64_t stalled_ns(const struct profile *profile)
{
    uint64_t sum_ns = 0;
    for (uint32_t i = 0; i < profile->nr_threads; i++)
        sum_ns += profile->threads[i].stalled_ns;
    return sum_ns;
}

static void trace_line(const struct profile *profile, const struct view_options *options, struct out *out)
{
    const struct profile_facts *facts = &profile->facts;
    char bytes[NUMBER_BYTES], number[NUMBER_BYTES];
    escape_terminal_elided(out, facts->source, options->columns > 50 ? options->columns - 50 : options->columns);
    out_format(out, ", %s", number_bytes(bytes, facts->trace_bytes));
    if (facts->nr_calls > 0)
        out_format(out, " (%.2f B/call)", (double)facts->trace_bytes / (double)facts->nr_calls);
    out_text(out, facts->complete  ? ", complete\n"
                  : options->color ? ", \033[1;31mINCOMPLETE\033[0m\n"
                                   : ", INCOMPLETE\n");

    const struct {
        const char *text;
        uint64_t value;
        bool always; /* also when it is 0 and the trace is incomplete */
    } lines[] = {
        {"events known to be lost", facts->dropped_events, true},
        {"frames still open at the end", facts->open_frames, false},
        {"frames unwound (exceptions, longjmp, thread exit)", facts->unwound_frames, false},
        {"exits without an enter", facts->orphan_exits, false},
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (lines[i].value > 0 || (lines[i].always && !facts->complete))
            out_format(out, "  %s: %s\n", lines[i].text, number_grouped(number, lines[i].value));
    if (stalled_ns(profile) > 0)
        out_format(out, "  threads waited for the tracer, taken out of the times below: %s\n",
                   number_time(number, stalled_ns(profile)));
}

static void header_write(const struct profile *profile, const struct view_options *options, struct out *out)
{
    names_line(&profile->facts, options, out);
    when_line(&profile->facts, out);
    counts_line(profile, out);
    trace_line(profile, options, out);
    for (uint32_t i = 0; i < profile->nr_notices; i++) {
        out_text(out, "  note: ");
        escape_terminal(out, profile->notices[i], strlen(profile->notices[i]));
        out_char(out, '\n');
    }
    out_char(out, '\n');
}

/* ---- Hotspots ----------------------------------------------------------------------------------- */

static bool share_reached(uint64_t part, uint64_t whole, unsigned percent)
{
    return (double)part * 100 >= (double)whole * percent;
}

static uint32_t hotspot_rows(const struct profile *profile, uint32_t top)
{
    uint32_t nr = profile->nr_functions, rows = 0;
    if (top != UINT32_MAX)
        return top == 0 || top > nr ? nr : top;
    uint64_t whole = profile->nodes[0].inclusive_ns, sum = 0;
    while (rows < nr && (rows < HOTSPOT_ROWS || !share_reached(sum, whole, HOTSPOT_SHARE)))
        sum += profile->functions[rows++].exclusive_ns;
    return rows;
}

enum hotspot_column {
    COLUMN_SELF,
    COLUMN_SELF_SHARE,
    COLUMN_SUM_SHARE,
    COLUMN_TOTAL,
    COLUMN_TOTAL_SHARE,
    COLUMN_CALLS,
    COLUMN_MIN,
    COLUMN_MEAN,
    COLUMN_MAX,
    COLUMN_FUNCTION,
    NR_COLUMNS
};

static const struct table_column hotspot_columns[NR_COLUMNS] = {
    {"SELF", true},  {"SELF%", true}, {"CUM%", true}, {"TOTAL", true}, {"TOTAL%", true},
    {"CALLS", true}, {"MIN", true},   {"MEAN", true}, {"MAX", true},   {"FUNCTION", false},
};

static const enum hotspot_column wide_layout[] = {
    COLUMN_SELF,  COLUMN_SELF_SHARE, COLUMN_SUM_SHARE, COLUMN_TOTAL, COLUMN_TOTAL_SHARE,
    COLUMN_CALLS, COLUMN_MIN,        COLUMN_MEAN,      COLUMN_MAX,   COLUMN_FUNCTION,
};

/* What a narrow terminal has room for. */
static const enum hotspot_column narrow_layout[] = {
    COLUMN_SELF, COLUMN_SELF_SHARE, COLUMN_TOTAL, COLUMN_CALLS, COLUMN_MEAN, COLUMN_MAX, COLUMN_FUNCTION,
};

struct layout {
    const enum hotspot_column *columns;
    unsigned nr;
};

static const char *hotspot_cell(char text[NUMBER_BYTES], enum hotspot_column column, const struct profile_function *f,
                                uint64_t sum_ns, uint64_t whole_ns)
{
    switch (column) {
    case COLUMN_SELF:
        return number_time(text, f->exclusive_ns);
    case COLUMN_SELF_SHARE:
        return number_percent(text, f->exclusive_ns, whole_ns);
    case COLUMN_SUM_SHARE:
        return number_percent(text, sum_ns, whole_ns);
    case COLUMN_TOTAL:
        return number_time(text, f->inclusive_ns);
    case COLUMN_TOTAL_SHARE:
        return number_percent(text, f->inclusive_ns, whole_ns);
    case COLUMN_CALLS:
        return number_grouped(text, f->calls);
    case COLUMN_MIN:
        return number_time(text, f->min_ns);
    case COLUMN_MEAN:
        return number_time(text, function_mean_ns(f));
    case COLUMN_MAX:
        return number_time(text, f->max_ns);
    case COLUMN_FUNCTION:
    case NR_COLUMNS:
        break;
    }
    return f->label;
}

static enum table_style hotspot_style(enum hotspot_column column, const struct profile_function *f, uint64_t whole_ns)
{
    if ((column != COLUMN_SELF_SHARE && column != COLUMN_FUNCTION) || whole_ns == 0)
        return TABLE_PLAIN;
    if (share_reached(f->exclusive_ns, whole_ns, SELF_RED))
        return TABLE_RED;
    return share_reached(f->exclusive_ns, whole_ns, SELF_YELLOW) ? TABLE_YELLOW : TABLE_PLAIN;
}

static int hotspots_write(const struct profile *profile, const struct view_options *options, uint32_t nr_rows,
                          struct out *out, struct err *err)
{
    bool narrow = options->columns > 0 && options->columns < NARROW_COLUMNS;
    struct layout layout = {wide_layout, NR_COLUMNS};
    if (narrow)
        layout = (struct layout){narrow_layout, sizeof(narrow_layout) / sizeof(narrow_layout[0])};
    struct table_column columns[NR_COLUMNS];
    for (unsigned c = 0; c < layout.nr; c++)
        columns[c] = hotspot_columns[layout.columns[c]];
    struct table table;
    table_init(&table, columns, layout.nr);
    uint64_t whole_ns = profile->nodes[0].inclusive_ns, sum_ns = 0;
    for (uint32_t i = 0; i < nr_rows; i++) {
        const struct profile_function *f = &profile->functions[i];
        sum_ns += f->exclusive_ns;
        for (unsigned c = 0; c < layout.nr; c++) {
            char text[NUMBER_BYTES];
            table_add(&table, hotspot_cell(text, layout.columns[c], f, sum_ns, whole_ns),
                      hotspot_style(layout.columns[c], f, whole_ns));
        }
    }
    int result = table_write(&table, out, options->color, options->columns, err);
    table_release(&table);
    uint32_t rest = profile->nr_functions - nr_rows;
    if (result == 0 && rest > 0) {
        char number[NUMBER_BYTES], time_text[NUMBER_BYTES], share[NUMBER_BYTES];
        out_format(out, "… and %s more function%s: %s, %s %% (--top 0 shows all)\n", number_grouped(number, rest),
                   plural(rest), number_time(time_text, whole_ns - sum_ns),
                   number_percent(share, whole_ns - sum_ns, whole_ns));
    }
    return result;
}

/* ---- Callers and callees ------------------------------------------------------------------------ */

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

static void block_row(struct table *table, uint64_t calls, uint64_t time_ns, uint64_t whole_ns, const char *way,
                      const char *name)
{
    char text[NUMBER_BYTES];
    table_add(table, number_grouped(text, calls), TABLE_PLAIN);
    table_add(table, number_time(text, time_ns), TABLE_PLAIN);
    table_add(table, number_percent(text, time_ns, whole_ns), TABLE_PLAIN);
    table_add(table, way, TABLE_PLAIN);
    table_add(table, name, way[0] == '\0' ? TABLE_BOLD : TABLE_PLAIN);
}

/* The edges on one side of function `f`: the heaviest, and how many more there are. */
static void block_side(struct table *table, const struct profile *profile, const struct edges *edges, struct edge *room,
                       uint32_t f, bool callers)
{
    size_t nr = 0;
    for (size_t i = 0; i < edges->nr; i++)
        if ((callers ? edges->edges[i].callee : edges->edges[i].caller) == f)
            room[nr++] = edges->edges[i];
    qsort(room, nr, sizeof(*room), edge_compare_time);
    uint64_t rest_calls = 0, rest_ns = 0, whole_ns = profile->functions[f].inclusive_ns;
    for (size_t i = 0; i < nr; i++) {
        uint32_t other = callers ? room[i].caller : room[i].callee;
        const char *name = other == EDGE_NO_CALLER ? "(the thread's start)" : profile->functions[other].label;
        if (i < BLOCK_ROWS)
            block_row(table, room[i].calls, room[i].inclusive_ns, whole_ns, callers ? "from" : "to", name);
        rest_calls += i < BLOCK_ROWS ? 0 : room[i].calls;
        rest_ns += i < BLOCK_ROWS ? 0 : room[i].inclusive_ns;
    }
    if (nr > BLOCK_ROWS) {
        char number[NUMBER_BYTES], text[NUMBER_BYTES + 8];
        snprintf(text, sizeof(text), "… %s more", number_grouped(number, nr - BLOCK_ROWS));
        block_row(table, rest_calls, rest_ns, whole_ns, callers ? "from" : "to", text);
    }
}

static int blocks_write(const struct profile *profile, const struct view_options *options, uint32_t nr_blocks,
                        struct out *out, struct err *err)
{
    static const struct table_column columns[] = {
        {"CALLS", true}, {"TIME", true}, {"SHARE%", true}, {"", true}, {"FUNCTION", false}};
    struct edges edges;
    if (edges_make(&edges, profile, err) != 0)
        return -1;
    struct edge *room = calloc(edges.nr + 1, sizeof(*room)); /* one function's edges, sorted */
    int result = 0;
    if (!room) {
        edges_release(&edges);
        return err_set(err, ERR_INPUT, "out of memory");
    }
    for (uint32_t f = 0; f < nr_blocks && result == 0; f++) {
        const struct profile_function *function = &profile->functions[f];
        struct table table;
        table_init(&table, columns, 5);
        block_side(&table, profile, &edges, room, f, true);
        block_row(&table, function->calls, function->inclusive_ns, function->inclusive_ns, "", function->label);
        block_side(&table, profile, &edges, room, f, false);
        out_char(out, '\n');
        result = table_write(&table, out, options->color, options->columns, err);
        table_release(&table);
    }
    free(room);
    edges_release(&edges);
    return result;
}

int report_text(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    header_write(profile, options, out);
    if (profile->nr_functions == 0) {
        out_text(out, "No calls were recorded.\n");
        return 0;
    }
    char whole[NUMBER_BYTES];
    uint32_t nr_rows = hotspot_rows(profile, options->top);
    out_format(out, "HOTSPOTS: functions by their own time; 100 %% is %s, the time of all threads in functions\n",
               number_time(whole, profile->nodes[0].inclusive_ns));
    if (hotspots_write(profile, options, nr_rows, out, err) != 0)
        return -1;
    uint32_t nr_blocks = profile->nr_functions < BLOCKS ? profile->nr_functions : BLOCKS;
    out_text(out, "\nCALLERS AND CALLEES: time through each call, recursion counted once; 100 % is the function's "
                  "total\n");
    if (blocks_write(profile, options, nr_blocks, out, err) != 0)
        return -1;
    out_text(out, profile->facts.is_corrected
                      ? "\nThe tracer's own cost is taken out of the times, as far as it is known.\n"
                      : "\nTimes contain the tracer's own cost, but for the waiting.\n");
    return 0;
}
