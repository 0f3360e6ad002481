/*
 * Where the time went, on one screen: the run, the hot path, the functions that make up most of it.
 */
#include "view/report.h"

#include "base/number.h"
#include "view/function_columns.h"
#include "view/views.h"

#include <stdlib.h>
#include <string.h>

#define SHARE_PERCENT 80u /* of the time that the table covers */
#define ROWS_MIN      10u /* at least, */
#define ROWS_SORTED   20u /* and as many in an order in which shares say nothing */

static const char columns_for_people[] = "self,self%,cum%,total,total%,calls,p50,p99,max,function";
static const char columns_for_csv[] =
    "name,function,module,file,line,kind,calls,inlined,total,self,low,high,rawtotal,raw,min,mean,p50,p90,p99,max";

/* ---- Functions ---------------------------------------------------------------------------------- */

/* How many of the functions, in the order of their own time, make up the share. */
static uint32_t functions_of_share(const struct profile *profile)
{
    uint64_t whole_ns = profile->nodes[0].inclusive_ns, sum_ns = 0;
    uint32_t nr = 0;
    while (nr < profile->nr_functions && (double)sum_ns * 100 < (double)whole_ns * SHARE_PERCENT)
        sum_ns += profile->functions[nr++].exclusive_ns;
    return nr;
}

static uint32_t rows_shown(const struct profile *profile, const struct view_options *options)
{
    uint32_t nr = profile->nr_functions, rows = options->top;
    if (rows == UINT32_MAX && options->format == VIEW_CSV)
        rows = 0;
    if (rows == UINT32_MAX && options->sort)
        rows = ROWS_SORTED;
    if (rows == UINT32_MAX) {
        uint32_t share = functions_of_share(profile);
        rows = share > ROWS_MIN ? share : ROWS_MIN;
    }
    return rows == 0 || rows > nr ? nr : rows;
}

static void functions_heading(const struct profile *profile, struct sheet *sheet)
{
    char number[NUMBER_BYTES], all[NUMBER_BYTES];
    uint32_t nr = functions_of_share(profile);
    sheet_heading(sheet, "%s of %s functions hold%s %u %% of the time by their own", number_grouped(number, nr),
                  number_grouped(all, profile->nr_functions), nr == 1 ? "s" : "", SHARE_PERCENT);
}

static int functions_table(const struct profile *profile, const struct view_options *options, struct sheet *sheet,
                           struct err *err)
{
    struct function_columns columns;
    const char *list = options->format == VIEW_CSV ? columns_for_csv : columns_for_people;
    if (function_columns_choose(&columns, options->column_list ? options->column_list : list, err) != 0)
        return -1;
    for (unsigned i = 0; options->column_list && i < columns.nr; i++)
        columns.columns[i].rank = 0; /* whoever asks for a column gets it */
    uint32_t *order = function_columns_sort(profile, options->sort ? options->sort : "self", err);
    if (!order)
        return -1;
    struct table table;
    uint32_t nr_rows = rows_shown(profile, options);
    uint64_t sum_ns = 0, whole_ns = profile->nodes[0].inclusive_ns;
    bool doubt = false;
    table_init(&table, columns.columns, columns.nr);
    for (uint32_t i = 0; i < nr_rows; i++) {
        sum_ns += profile->functions[order[i]].exclusive_ns;
        function_columns_row(&columns, &table, profile, order[i], sum_ns);
        doubt = doubt || function_columns_doubt(profile, order[i]);
    }
    int result = sheet_table(sheet, "functions", &table, err);
    table_release(&table);
    free(order);
    if (doubt) {
        sheet_format(sheet, "* too short to be timed: SELF is estimated (--columns self,low,high,calls,function)");
        sheet_break(sheet);
    }
    uint32_t rest = profile->nr_functions - nr_rows;
    if (result == 0 && rest > 0) {
        char number[NUMBER_BYTES], time_text[NUMBER_BYTES], share[NUMBER_BYTES];
        sheet_format(sheet, "… and %s more function%s: %s, %s %% (--top 0 shows all)", number_grouped(number, rest),
                     plural(rest), number_time(time_text, whole_ns - sum_ns),
                     number_percent(share, whole_ns - sum_ns, whole_ns));
        sheet_break(sheet);
    }
    return result;
}

/* ---- The report --------------------------------------------------------------------------------- */

int report_sheet(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    struct sheet sheet;
    sheet_begin(&sheet, profile, options, "report", out);
    report_header(profile, &sheet);
    if (profile->nr_functions == 0) {
        sheet_gap(&sheet);
        sheet_format(&sheet, "No calls were recorded.");
        sheet_break(&sheet);
        return functions_table(profile, options, &sheet, err);
    }
    if (options->format != VIEW_CSV && report_hot_path(profile, &sheet, err) != 0)
        return -1;
    functions_heading(profile, &sheet);
    if (functions_table(profile, options, &sheet, err) != 0)
        return -1;
    if (report_findings(profile, &sheet, err) != 0 || report_next(profile, &sheet, err) != 0)
        return -1;
    sheet_end(&sheet);
    return 0;
}
