/*
 * Functions summed up by the object file that they are in.
 */
#include "view/sheet.h"

#include "view/function_columns.h"
#include "view/views.h"

#include <stdlib.h>
#include <string.h>

static const struct table_column columns[] = {
    {"SELF", "exclusive_ns", TABLE_TIME, 0}, {"SELF%", "exclusive_percent", TABLE_SHARE, 0},
    {"CALLS", "calls", TABLE_COUNT, 0},      {"FUNCTIONS", "functions", TABLE_COUNT, 1},
    {"MODULE", "module", TABLE_TEXT, 0},
};

struct module {
    const char *path;
    uint64_t exclusive_ns, calls, nr_functions;
};

static int path_compare(const void *a, const void *b)
{
    return strcmp(((const struct module *)a)->path, ((const struct module *)b)->path);
}

static int module_compare(const void *a, const void *b)
{
    const struct module *m = a, *n = b;
    if (m->exclusive_ns != n->exclusive_ns)
        return m->exclusive_ns > n->exclusive_ns ? -1 : 1;
    return strcmp(m->path, n->path);
}

/* Regions are no code, and in no file. */
static const char *path_of(const struct profile_function *f)
{
    return f->kind == FUNCTION_REGION ? "(regions)" : f->module[0] == '\0' ? "(no file)" : f->module;
}

/* A module for each function, then equal ones together; the heaviest first. How many. */
static uint32_t modules_sum(const struct profile *profile, struct module *modules)
{
    uint32_t nr = 0;
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        const struct profile_function *f = &profile->functions[i];
        modules[i] = (struct module){path_of(f), f->exclusive_ns, f->calls, 1};
    }
    qsort(modules, profile->nr_functions, sizeof(*modules), path_compare);
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        if (nr == 0 || strcmp(modules[nr - 1].path, modules[i].path) != 0) {
            modules[nr++] = modules[i];
            continue;
        }
        modules[nr - 1].exclusive_ns += modules[i].exclusive_ns;
        modules[nr - 1].calls += modules[i].calls;
        modules[nr - 1].nr_functions++;
    }
    qsort(modules, nr, sizeof(*modules), module_compare);
    return nr;
}

int modules_sheet(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    struct sheet sheet;
    struct table table;
    struct module *modules = calloc((size_t)profile->nr_functions + 1, sizeof(*modules));
    if (!modules)
        return err_set(err, ERR_INPUT, "out of memory");
    uint32_t nr = modules_sum(profile, modules);
    uint64_t whole_ns = profile->nodes[0].inclusive_ns;
    sheet_begin(&sheet, profile, options, "modules", out);
    table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
    for (uint32_t i = 0; i < nr && (options->top == 0 || i < options->top); i++) {
        table_number(&table, modules[i].exclusive_ns);
        table_share(&table, modules[i].exclusive_ns, whole_ns, share_style(modules[i].exclusive_ns, whole_ns));
        if (profile->facts.has_calls)
            table_number(&table, modules[i].calls);
        else
            table_empty(&table);
        table_number(&table, modules[i].nr_functions);
        table_text(&table, modules[i].path, TABLE_PLAIN);
    }
    int result = sheet_table(&sheet, "modules", &table, err);
    sheet_end(&sheet);
    table_release(&table);
    free(modules);
    return result;
}
