#include "view/function_columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RED_PERCENT    20
#define YELLOW_PERCENT 5

enum column_number {
    COLUMN_SELF,
    COLUMN_SELF_SHARE,
    COLUMN_SUM_SHARE,
    COLUMN_TOTAL,
    COLUMN_TOTAL_SHARE,
    COLUMN_CALLS,
    COLUMN_INLINED,
    COLUMN_MIN,
    COLUMN_MEAN,
    COLUMN_P50,
    COLUMN_P90,
    COLUMN_P99,
    COLUMN_MAX,
    COLUMN_LOW,
    COLUMN_HIGH,
    COLUMN_RAW,
    COLUMN_RAW_TOTAL,
    COLUMN_NAME,
    COLUMN_FUNCTION,
    COLUMN_MODULE,
    COLUMN_FILE,
    COLUMN_LINE,
    COLUMN_KIND,
    NR_COLUMNS
};

static const struct {
    const char *word;
    struct table_column column;
} columns_known[NR_COLUMNS] = {
    [COLUMN_SELF] = {"self", {"SELF", "exclusive_ns", TABLE_TIME, 0}},
    [COLUMN_SELF_SHARE] = {"self%", {"SELF%", "exclusive_percent", TABLE_SHARE, 1}},
    [COLUMN_SUM_SHARE] = {"cum%", {"CUM%", "cumulative_percent", TABLE_SHARE, 6}},
    [COLUMN_TOTAL] = {"total", {"TOTAL", "inclusive_ns", TABLE_TIME, 0}},
    [COLUMN_TOTAL_SHARE] = {"total%", {"TOTAL%", "inclusive_percent", TABLE_SHARE, 8}},
    [COLUMN_CALLS] = {"calls", {"CALLS", "calls", TABLE_COUNT, 0}},
    [COLUMN_INLINED] = {"inlined", {"INLINED", "inlined_calls", TABLE_COUNT, 9}},
    [COLUMN_MIN] = {"min", {"MIN", "min_ns", TABLE_TIME, 7}},
    [COLUMN_MEAN] = {"mean", {"MEAN", "mean_ns", TABLE_TIME, 5}},
    [COLUMN_P50] = {"p50", {"P50", "p50_ns", TABLE_TIME, 4}},
    [COLUMN_P90] = {"p90", {"P90", "p90_ns", TABLE_TIME, 7}},
    [COLUMN_P99] = {"p99", {"P99", "p99_ns", TABLE_TIME, 2}},
    [COLUMN_MAX] = {"max", {"MAX", "max_ns", TABLE_TIME, 3}},
    [COLUMN_LOW] = {"low", {"LOW", "exclusive_low_ns", TABLE_TIME, 0}},
    [COLUMN_HIGH] = {"high", {"HIGH", "exclusive_high_ns", TABLE_TIME, 0}},
    [COLUMN_RAW] = {"raw", {"RAW", "raw_exclusive_ns", TABLE_TIME, 0}},
    [COLUMN_RAW_TOTAL] = {"rawtotal", {"RAWTOTAL", "raw_inclusive_ns", TABLE_TIME, 0}},
    [COLUMN_NAME] = {"name", {"NAME", "name", TABLE_TEXT, 0}},
    [COLUMN_FUNCTION] = {"function", {"FUNCTION", "label", TABLE_TEXT, 0}},
    [COLUMN_MODULE] = {"module", {"MODULE", "module", TABLE_TEXT, 0}},
    [COLUMN_FILE] = {"file", {"FILE", "file", TABLE_TEXT, 0}},
    [COLUMN_LINE] = {"line", {"LINE", "line", TABLE_ID, 0}},
    [COLUMN_KIND] = {"kind", {"KIND", "kind", TABLE_TEXT, 0}},
};

static int word_find(const char *option, const char *word, size_t bytes, unsigned *number, struct err *err)
{
    char words[256] = "";
    for (unsigned i = 0; i < NR_COLUMNS; i++) {
        size_t used = strlen(words);
        *number = i;
        if (strlen(columns_known[i].word) == bytes && memcmp(columns_known[i].word, word, bytes) == 0)
            return 0;
        snprintf(words + used, sizeof(words) - used, "%s%s", i > 0 ? ", " : "", columns_known[i].word);
    }
    return err_set(err, ERR_USAGE, "--%s: \"%.*s\" is not one of %s", option, (int)(bytes < 64 ? bytes : 64), word,
                   words);
}

int function_columns_choose(struct function_columns *columns, const char *list, struct err *err)
{
    columns->nr = 0;
    for (const char *word = list;; word++) {
        size_t bytes = strcspn(word, ",");
        if (columns->nr == FUNCTION_COLUMNS_MAX)
            return err_set(err, ERR_USAGE, "--columns: more than %u", FUNCTION_COLUMNS_MAX);
        if (word_find("columns", word, bytes, &columns->numbers[columns->nr], err) != 0)
            return -1;
        columns->columns[columns->nr] = columns_known[columns->numbers[columns->nr]].column;
        columns->nr++;
        word += bytes;
        if (*word == '\0')
            return 0;
    }
}

int function_columns_check(const char *word, struct err *err)
{
    unsigned number;
    return word_find("sort", word, strlen(word), &number, err);
}

/* ---- Values ------------------------------------------------------------------------------------- */

static uint64_t number_of(const struct profile_function *f, unsigned column)
{
    switch (column) {
    case COLUMN_TOTAL:
    case COLUMN_TOTAL_SHARE:
        return f->inclusive_ns;
    case COLUMN_CALLS:
        return f->calls;
    case COLUMN_INLINED:
        return f->inlined_calls;
    case COLUMN_MIN:
        return f->min_ns;
    case COLUMN_MEAN:
        return function_mean_ns(f);
    case COLUMN_P50:
        return function_quantile_ns(f, 500);
    case COLUMN_P90:
        return function_quantile_ns(f, 900);
    case COLUMN_P99:
        return function_quantile_ns(f, 990);
    case COLUMN_MAX:
        return f->max_ns;
    case COLUMN_LOW:
        return function_low_ns(f);
    case COLUMN_HIGH:
        return function_high_ns(f);
    case COLUMN_RAW:
        return f->raw_exclusive_ns;
    case COLUMN_RAW_TOTAL:
        return f->raw_inclusive_ns;
    case COLUMN_LINE:
        return f->line;
    default:
        return f->exclusive_ns;
    }
}

static const char *text_of(const struct profile_function *f, unsigned column)
{
    switch (column) {
    case COLUMN_NAME:
        return f->name;
    case COLUMN_MODULE:
        return f->module;
    case COLUMN_FILE:
        return f->file;
    case COLUMN_KIND:
        return function_kind_name(f->kind);
    default:
        return f->label;
    }
}

/* Folded stacks know nothing of single calls, and where some calls are left out, quantiles are not known. */
static bool is_known(const struct profile *profile, const struct profile_function *f, unsigned column)
{
    if (column >= COLUMN_P50 && column <= COLUMN_P99)
        return f->durations.nr > 0;
    return profile->facts.has_calls || column < COLUMN_CALLS || column > COLUMN_MAX;
}

enum table_style share_style(uint64_t part, uint64_t whole)
{
    double percent = whole > 0 ? 100 * ((double)part / (double)whole) : 0;
    return percent >= RED_PERCENT ? TABLE_RED : percent >= YELLOW_PERCENT ? TABLE_YELLOW : TABLE_PLAIN;
}

bool function_columns_doubt(const struct profile *profile, uint32_t function)
{
    return profile->facts.is_corrected && !function_is_timed(&profile->functions[function]);
}

void function_columns_row(const struct function_columns *columns, struct table *table, const struct profile *profile,
                          uint32_t function, uint64_t sum_ns)
{
    const struct profile_function *f = &profile->functions[function];
    uint64_t whole_ns = profile->nodes[0].inclusive_ns;
    enum table_style style = share_style(f->exclusive_ns, whole_ns);
    for (unsigned i = 0; i < columns->nr; i++) {
        unsigned column = columns->numbers[i];
        if (columns->columns[i].kind == TABLE_TEXT)
            table_text_within(table, "", text_of(f, column),
                              column == COLUMN_FUNCTION && function_columns_doubt(profile, function) ? " *" : "",
                              column == COLUMN_FUNCTION ? style : TABLE_PLAIN);
        else if (!is_known(profile, f, column))
            table_empty(table);
        else if (column == COLUMN_SUM_SHARE)
            table_share(table, sum_ns, whole_ns, TABLE_PLAIN);
        else if (columns->columns[i].kind == TABLE_SHARE)
            table_share(table, number_of(f, column), whole_ns, column == COLUMN_SELF_SHARE ? style : TABLE_PLAIN);
        else
            table_number(table, number_of(f, column));
    }
}

/* ---- Order -------------------------------------------------------------------------------------- */

struct order {
    const struct profile *profile;
    unsigned column;
};

static int function_compare(const void *a, const void *b, void *context)
{
    const struct order *order = context;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    const struct profile_function *f = &order->profile->functions[i], *g = &order->profile->functions[j];
    int result = 0;
    if (columns_known[order->column].column.kind == TABLE_TEXT) {
        result = strcmp(text_of(f, order->column), text_of(g, order->column));
    } else {
        uint64_t m = number_of(f, order->column), n = number_of(g, order->column);
        result = (m < n) - (m > n);
    }
    return result != 0 ? result : (i > j) - (i < j);
}

uint32_t *function_columns_sort(const struct profile *profile, const char *word, struct err *err)
{
    struct order order = {.profile = profile};
    uint32_t *functions = calloc((size_t)profile->nr_functions + 1, sizeof(*functions));
    if (!functions) {
        err_set(err, ERR_INPUT, "out of memory");
        return NULL;
    }
    if (word_find("sort", word, strlen(word), &order.column, err) != 0) {
        free(functions);
        return NULL;
    }
    for (uint32_t i = 0; i < profile->nr_functions; i++)
        functions[i] = i;
    qsort_r(functions, profile->nr_functions, sizeof(*functions), function_compare, &order);
    return functions;
}
