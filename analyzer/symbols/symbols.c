#include "symbols/symbols.h"

#include "symbols/answers.h"
#include "symbols/resolve.h"

#include <stdlib.h>
#include <string.h>

static const struct answers_limits limits = {
    .child = {.memory_bytes = 3ull << 30, .cpu_s = 180},
    .module_ns = 60000000000,
    .total_ns = 180000000000,
};

static int query_compare(const void *left, const void *right)
{
    const struct answers_query *a = left, *b = right;
    if (a->module != b->module)
        return a->module < b->module ? -1 : 1;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* The vDSO and code without a file have no names to find, and nobody needs to be told. */
static bool module_has_file(const struct symbol_module *module)
{
    const char *path = module->path;
    return path && path[0] != '\0' && path[0] != '[' && strncmp(path, "linux-vdso", 10) != 0 &&
           strncmp(path, "linux-gate", 10) != 0;
}

/* The queries that have a file, sorted. */
static size_t queries_sort(const struct symbol_module *modules, size_t nr_modules, const struct symbol_query *queries,
                           size_t nr_queries, struct answers_query *sorted)
{
    size_t nr_sorted = 0;
    for (size_t i = 0; i < nr_queries; i++)
        if (queries[i].module < nr_modules && module_has_file(&modules[queries[i].module]))
            sorted[nr_sorted++] =
                (struct answers_query){.module = queries[i].module, .address = queries[i].address, .index = i};
    if (nr_sorted > 0)
        qsort(sorted, nr_sorted, sizeof(*sorted), query_compare);
    return nr_sorted;
}

/* Cut the sorted queries into one range a module. */
static size_t ranges_cut(const struct answers_query *sorted, size_t nr_sorted, struct answers_range *ranges)
{
    size_t nr_ranges = 0;
    for (size_t i = 0; i < nr_sorted; i++) {
        if (i == 0 || sorted[i].module != sorted[i - 1].module)
            ranges[nr_ranges++] = (struct answers_range){.module = sorted[i].module, .first = i};
        ranges[nr_ranges - 1].nr_queries++;
    }
    return nr_ranges;
}

int symbols_resolve(const struct symbol_module *modules, size_t nr_modules, const struct symbol_query *queries,
                    size_t nr_queries, const struct symbol_options *options, struct symbol *answers,
                    struct arena *arena, void (*notice)(void *context, const char *text), void *context,
                    struct err *err)
{
    int result = -1;
    size_t nr_ranges_max = nr_modules < nr_queries ? nr_modules : nr_queries;
    struct answers_query *sorted = calloc(nr_queries + 1, sizeof(*sorted));
    struct answers_range *ranges = calloc(nr_ranges_max + 1, sizeof(*ranges));
    struct answers_sink sink = {.answers = answers, .arena = arena, .notice = notice, .context = context};
    struct answers_job job = {.modules = modules, .queries = sorted, .ranges = ranges, .options = options};

    for (size_t i = 0; i < nr_queries; i++)
        answers[i] = (struct symbol){0};
    if (!sorted || !ranges) {
        (void)err_set(err, ERR_INPUT, "out of memory for symbols");
        goto out;
    }
    job.nr_queries = queries_sort(modules, nr_modules, queries, nr_queries, sorted);
    job.nr_ranges = ranges_cut(sorted, job.nr_queries, ranges);
    result = answers_collect(&job, &limits, resolve_work, &sink, err);
    for (size_t i = 0; i < nr_queries; i++)
        if (!answers[i].name)
            answers[i].name = answers[i].linkage;
out:
    free(ranges);
    free(sorted);
    return result;
}
