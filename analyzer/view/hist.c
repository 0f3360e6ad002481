/*
 * How long the calls of a function took: bins of equal ratio, by how many calls are in them and by how much time.
 */
#include "view/report.h"

#include "base/number.h"
#include "view/subject.h"
#include "view/views.h"

#include <stdlib.h>
#include <string.h>

#define FUNCTIONS_SHOWN 3u
#define ROWS_WANTED     24u /* at most, if bins of a power of two allow it */
#define BAR_COLUMNS     20u
#define GAP_BINS        3u /* more empty ones than that become one row */
#define GAP_COLUMN      5u /* where that row says so */

static const struct table_column columns[] = {
    {"OF", "function", TABLE_TEXT, TABLE_FOR_PROGRAMS},
    {"FROM", "from_ns", TABLE_TIME, 0},
    {"TO", "to_ns", TABLE_TIME, TABLE_FOR_PROGRAMS},
    {"CALLS", "calls", TABLE_COUNT, 0},
    {"CALLS%", "calls_percent", TABLE_SHARE, 2},
    {"", NULL, TABLE_TEXT, 0},
    {"TIME", "time_ns", TABLE_TIME, 1},
    {"TIME%", "time_percent", TABLE_SHARE, 2},
    {"", NULL, TABLE_TEXT, 0},
};

#define NR_COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct bin {
    uint32_t first, last; /* buckets */
    uint64_t calls;
    double time_ns;
};

/* Halves, quarters, eighths of a power of two: the narrowest bins of which there are not too many. */
static uint32_t buckets_of_bin(const struct histogram *durations)
{
    uint32_t span = durations->counts[durations->nr - 1].bucket - durations->counts[0].bucket + 1;
    uint32_t buckets = HISTOGRAM_GROUP / 8;
    while (buckets < HISTOGRAM_GROUP && span / buckets >= ROWS_WANTED)
        buckets *= 2;
    return buckets;
}

/* Empty bins between others are there, too. The caller frees them; NULL when memory ran out. */
static struct bin *bins_make(const struct histogram *durations, uint32_t *nr)
{
    uint32_t buckets = buckets_of_bin(durations), first = durations->counts[0].bucket / buckets;
    *nr = durations->counts[durations->nr - 1].bucket / buckets - first + 1;
    struct bin *bins = calloc(*nr, sizeof(*bins));
    for (uint32_t i = 0; bins && i < *nr; i++) {
        bins[i].first = (first + i) * buckets;
        bins[i].last = bins[i].first + buckets - 1;
    }
    for (uint32_t i = 0; bins && i < durations->nr; i++) {
        const struct histogram_count *count = &durations->counts[i];
        struct bin *bin = &bins[count->bucket / buckets - first];
        bin->calls += count->calls;
        bin->time_ns += (double)count->calls * (double)histogram_middle(count->bucket);
    }
    return bins;
}

static void bar_add(struct table *table, double part, double most)
{
    char bar[3 * BAR_COLUMNS + 1] = "";
    unsigned blocks = most > 0 ? (unsigned)(part / most * BAR_COLUMNS + 0.5) : 0;
    for (unsigned i = 0; i < blocks && i < BAR_COLUMNS; i++)
        memcpy(bar + 3 * (size_t)i, "█", 4);
    table_text(table, bar, TABLE_PLAIN);
}

static void bin_row(struct table *table, const struct profile_function *function, const struct bin *bin,
                    const struct bin *sum, const struct bin *most)
{
    table_text(table, function->label, TABLE_PLAIN);
    table_number(table, histogram_least(bin->first));
    table_number(table, histogram_greatest(bin->last));
    table_number(table, bin->calls);
    table_share(table, bin->calls, sum->calls, TABLE_PLAIN);
    bar_add(table, (double)bin->calls, (double)most->calls);
    table_number(table, (uint64_t)bin->time_ns);
    table_share(table, (uint64_t)bin->time_ns, (uint64_t)sum->time_ns, TABLE_PLAIN);
    bar_add(table, bin->time_ns, most->time_ns);
}

/* A row for many bins without calls. */
static void gap_row(struct table *table)
{
    for (unsigned c = 0; c < NR_COLUMNS; c++)
        if (c == GAP_COLUMN)
            table_text(table, "…", TABLE_PLAIN);
        else
            table_empty(table);
}

static int bins_add(struct table *table, const struct profile_function *function, bool for_people, struct err *err)
{
    uint32_t nr;
    struct bin *bins = bins_make(&function->durations, &nr), sum = {0}, most = {0};
    if (!bins)
        return err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = 0; i < nr; i++) {
        sum.calls += bins[i].calls;
        sum.time_ns += bins[i].time_ns;
        most.calls = bins[i].calls > most.calls ? bins[i].calls : most.calls;
        most.time_ns = bins[i].time_ns > most.time_ns ? bins[i].time_ns : most.time_ns;
    }
    for (uint32_t i = 0, empty; i<nr; i += empty> 0 ? empty : 1) {
        for (empty = 0; for_people && bins[i + empty].calls == 0;) /* the last one is not empty */
            empty++;
        if (empty > GAP_BINS) {
            gap_row(table);
            continue;
        }
        empty = 0;
        bin_row(table, function, &bins[i], &sum, &most);
    }
    free(bins);
    return 0;
}

static void summary_line(const struct profile_function *f, struct sheet *sheet)
{
    char text[NUMBER_BYTES];
    sheet_format(sheet, "%s call%s, as recorded, with what tracing cost", number_grouped(text, f->calls),
                 plural(f->calls));
    sheet_break(sheet);
    sheet_format(sheet, "min %s", number_time(text, f->min_ns));
    sheet_format(sheet, ", p50 %s", number_time(text, function_quantile_ns(f, 500)));
    sheet_format(sheet, ", p90 %s", number_time(text, function_quantile_ns(f, 900)));
    sheet_format(sheet, ", p99 %s", number_time(text, function_quantile_ns(f, 990)));
    sheet_format(sheet, ", p99.9 %s", number_time(text, function_quantile_ns(f, 999)));
    sheet_format(sheet, ", max %s", number_time(text, f->max_ns));
    sheet_break(sheet);
    sheet_gap(sheet);
}

/* Programs get one table for all functions, people one a function. */
static int histograms_write(const struct profile *profile, const struct subject *subject, uint32_t nr,
                            struct sheet *sheet, struct err *err)
{
    struct table table;
    int result = 0;
    table_init(&table, columns, NR_COLUMNS);
    for (uint32_t i = 0; i < nr && result == 0; i++) {
        const struct profile_function *function = &profile->functions[subject->functions[i]];
        report_place(profile, subject->functions[i], sheet);
        if (function->durations.nr == 0) {
            sheet_format(sheet, "It is not known how long its calls took.");
            sheet_break(sheet);
            continue;
        }
        summary_line(function, sheet);
        result = bins_add(&table, function, sheet_is_prose(sheet), err);
        if (result != 0 || !sheet_is_prose(sheet))
            continue;
        result = sheet_table(sheet, "bins", &table, err);
        table_release(&table);
        table_init(&table, columns, NR_COLUMNS);
    }
    if (result == 0 && !sheet_is_prose(sheet))
        result = sheet_table(sheet, "bins", &table, err);
    table_release(&table);
    return result;
}

int hist_sheet(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    struct sheet sheet;
    struct subject subject;
    if (subject_find(&subject, profile, options->subject, err) != 0)
        return -1;
    sheet_begin(&sheet, profile, options, "hist", out);
    uint32_t nr = subject_shown(&subject, options, FUNCTIONS_SHOWN);
    int result = histograms_write(profile, &subject, nr, &sheet, err);
    subject_rest(&subject, nr, &sheet);
    sheet_end(&sheet);
    subject_release(&subject);
    return result;
}
