/*
 * Two runs side by side: which functions are called more or less often, which take more or less time, and how sure that
 * is.
 */
#include "view/report.h"

#include "base/number.h"
#include "profile/pair.h"
#include "view/function_columns.h"
#include "view/views.h"

#include <stdlib.h>
#include <string.h>

#define ROWS 20u

enum what {
    WHAT_SAME,
    WHAT_UNSURE,
    WHAT_NEW,
    WHAT_GONE,
    WHAT_MORE_CALLS,
    WHAT_FEWER_CALLS,
    WHAT_SLOWER,
    WHAT_FASTER,
    WHAT_MORE, /* of what is no time */
    WHAT_LESS
};

static const char *const what_names[] = {"same",        "within doubt", "new",    "gone", "more calls",
                                         "fewer calls", "slower",       "faster", "more", "less"};

static const struct table_column columns[] = {
    {"CHANGE", "exclusive_change_ns", TABLE_CHANGE, 0},
    {"BEFORE", "base_exclusive_ns", TABLE_TIME, 3},
    {"AFTER", "exclusive_ns", TABLE_TIME, 0},
    {"BEFORE", "base_inclusive_ns", TABLE_TIME, TABLE_FOR_PROGRAMS},
    {"AFTER", "inclusive_ns", TABLE_TIME, TABLE_FOR_PROGRAMS},
    {"CALLS BEFORE", "base_calls", TABLE_COUNT, 2},
    {"AFTER", "calls", TABLE_COUNT, 1},
    {"WHAT", "what", TABLE_TEXT, 0},
    {"FUNCTION", "function", TABLE_TEXT, 0},
};

struct change {
    uint32_t function;
    uint64_t change_ns; /* of its own time, up or down */
    enum what what;
};

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* True when more than half of the change of time is what the calls more or less would have taken before. */
static bool is_of_calls(const struct pair_function *base, const struct pair_function *now)
{
    double per_call_ns = (double)base->exclusive_ns / (double)(base->calls > 0 ? base->calls : 1);
    double of_calls_ns = per_call_ns * ((double)now->calls - (double)base->calls);
    double change_ns = (double)now->exclusive_ns - (double)base->exclusive_ns;
    return change_ns > 0 ? of_calls_ns > change_ns / 2 : of_calls_ns < change_ns / 2;
}

/* True when the typical call has not become longer (or shorter) as well: then a few calls were held up by something. */
static bool is_of_few(const struct pair_function *base, const struct pair_function *now)
{
    if (base->median_ns == 0 || now->median_ns == 0)
        return false;
    return now->exclusive_ns > base->exclusive_ns ? now->median_ns <= base->median_ns
                                                  : now->median_ns >= base->median_ns;
}

/* What happened to a function. Calls are counted; times are known within bounds, and may differ by chance within them.
 */
static enum what what_of(const struct pair_function *base, const struct pair_function *now, bool has_calls)
{
    bool more = now->calls > base->calls;
    if (!base->exists)
        return WHAT_NEW;
    if (!now->exists)
        return WHAT_GONE;
    if (now->calls == base->calls && now->exclusive_ns == base->exclusive_ns)
        return WHAT_SAME;
    if (!has_calls)
        return now->exclusive_ns > base->exclusive_ns ? WHAT_MORE : WHAT_LESS;
    bool in_doubt = (base->low_ns <= now->high_ns && now->low_ns <= base->high_ns) || is_of_few(base, now);
    if (now->calls != base->calls && (in_doubt || is_of_calls(base, now)))
        return more ? WHAT_MORE_CALLS : WHAT_FEWER_CALLS;
    if (in_doubt)
        return WHAT_UNSURE;
    return now->exclusive_ns > base->exclusive_ns ? WHAT_SLOWER : WHAT_FASTER;
}

/* What is sure before what is not, then by weight, then in the order of the profile. */
static int change_compare(const void *left, const void *right)
{
    const struct change *a = left, *b = right;
    bool a_unsure = a->what <= WHAT_UNSURE, b_unsure = b->what <= WHAT_UNSURE;
    if (a_unsure != b_unsure)
        return a_unsure ? 1 : -1;
    if (a->change_ns != b->change_ns)
        return a->change_ns > b->change_ns ? -1 : 1;
    return (a->function > b->function) - (a->function < b->function);
}

/* Of all functions, those that differ at all; the caller frees them. NULL when memory ran out. */
static struct change *changes_make(const struct pair *pair, uint32_t *nr)
{
    struct change *changes = calloc((size_t)pair->both->nr_functions + 1, sizeof(*changes));
    *nr = 0;
    for (uint32_t i = 0; changes != NULL && i < pair->both->nr_functions; i++) {
        const struct pair_function *base = &pair->base_functions[i], *now = &pair->now_functions[i];
        struct change change = {i, distance(base->exclusive_ns, now->exclusive_ns),
                                what_of(base, now, pair->both->facts.has_calls)};
        if (change.what != WHAT_SAME)
            changes[(*nr)++] = change;
    }
    if (changes != NULL)
        qsort(changes, *nr, sizeof(*changes), change_compare);
    return changes;
}

/* ---- Lines ---------------------------------------------------------------------------------------- */

static void run_line(struct sheet *sheet, const char *side, const struct pair_run *run)
{
    char number[NUMBER_BYTES];
    unsigned room = sheet->look.columns;
    sheet_format(sheet, "%s", side);
    sheet_name(sheet, run->source, room > 60 ? room - 60 : room);
    if (!sheet->look.times_are_counts) {
        sheet_format(sheet, ", %s wall", number_time(number, run->wall_ns));
        sheet_format(sheet, ", %s call%s", number_grouped(number, run->nr_calls), plural(run->nr_calls));
    }
    sheet_format(sheet, run->complete ? ", complete" : ", INCOMPLETE");
    sheet_break(sheet);
}

static void sums_line(struct sheet *sheet, const struct pair *pair)
{
    char number[NUMBER_BYTES];
    uint64_t before = pair->base_run.exclusive_ns, after = pair->now_run.exclusive_ns;
    bool counts = sheet->look.times_are_counts;
    sheet_format(sheet, "  in all functions: %s",
                 counts ? number_grouped(number, before) : number_time(number, before));
    sheet_format(sheet, " → %s (%c", counts ? number_grouped(number, after) : number_time(number, after),
                 after < before ? '-' : '+');
    sheet_format(sheet, "%s %%)", number_percent(number, distance(before, after), before));
    sheet_break(sheet);
    if (counts)
        return;
    sheet_format(sheet, "  one run each: calls are counted, times also differ by chance");
    sheet_break(sheet);
}

/* ---- The table ------------------------------------------------------------------------------------ */

static void calls_cells(struct table *table, const struct pair *pair, uint32_t function)
{
    if (pair->both->facts.has_calls) {
        table_number(table, pair->base_functions[function].calls);
        table_number(table, pair->now_functions[function].calls);
        return;
    }
    table_empty(table);
    table_empty(table);
}

static void change_row(struct table *table, const struct pair *pair, const struct change *change)
{
    const struct pair_function *base = &pair->base_functions[change->function];
    const struct pair_function *now = &pair->now_functions[change->function];
    bool worse = change->what != WHAT_UNSURE && now->exclusive_ns > base->exclusive_ns;
    uint64_t whole_ns = pair->now_run.exclusive_ns;
    table_share(table, now->exclusive_ns, base->exclusive_ns,
                worse ? share_style(change->change_ns, whole_ns) : TABLE_PLAIN);
    table_number(table, base->exclusive_ns);
    table_number(table, now->exclusive_ns);
    table_number(table, base->inclusive_ns);
    table_number(table, now->inclusive_ns);
    calls_cells(table, pair, change->function);
    table_text(table, what_names[change->what], TABLE_PLAIN);
    table_text(table, pair->both->functions[change->function].label, TABLE_PLAIN);
}

static int changes_table(struct sheet *sheet, const struct pair *pair, const struct change *changes, uint32_t nr,
                         uint32_t nr_shown, struct err *err)
{
    struct table table;
    table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
    for (uint32_t i = 0; i < nr_shown; i++)
        change_row(&table, pair, &changes[i]);
    if (nr == 0)
        sheet_heading(sheet, "No function differs");
    else
        sheet_heading(sheet, "CHANGES: functions by how much their own time differs, what is within doubt last");
    int result = nr > 0 || !sheet_is_prose(sheet) ? sheet_table(sheet, "changes", &table, err) : 0;
    if (nr_shown < nr) {
        sheet_format(sheet, "… and %u more (--top 0 shows all)", nr - nr_shown);
        sheet_break(sheet);
    }
    table_release(&table);
    return result;
}

int diff_sheet(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    const struct pair *pair = options->pair;
    struct sheet sheet;
    uint32_t nr;
    struct change *changes = changes_make(pair, &nr);
    if (changes == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    uint32_t most = options->top == UINT32_MAX ? ROWS : options->top;
    if (options->top == UINT32_MAX && options->format != VIEW_TEXT)
        most = 0;
    sheet_begin(&sheet, profile, options, "diff", out);
    run_line(&sheet, "before  ", &pair->base_run);
    run_line(&sheet, "after   ", &pair->now_run);
    sums_line(&sheet, pair);
    int result = changes_table(&sheet, pair, changes, nr, most == 0 || most > nr ? nr : most, err);
    sheet_end(&sheet);
    free(changes);
    return result;
}
