#include "profile/label.h"

#include "base/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct profile_function *function;
};

/* By what a label can show, then by number, so that the order is total and the same every time. */
static int function_compare(const void *a, const void *b)
{
    const struct profile_function *f = ((const struct entry *)a)->function, *g = ((const struct entry *)b)->function;
    int order = strcmp(f->name, g->name);
    if (order == 0)
        order = strcmp(path_last(f->file), path_last(g->file));
    if (order == 0)
        order = (f->line > g->line) - (f->line < g->line);
    if (order == 0)
        order = strcmp(path_last(f->module), path_last(g->module));
    if (order == 0)
        order = strcmp(f->file, g->file);
    if (order == 0)
        order = strcmp(f->module, g->module);
    return order != 0 ? order : (f > g) - (f < g);
}

static bool same_place(const struct profile_function *f, const struct profile_function *g)
{
    return f->line == g->line && strcmp(path_last(f->file), path_last(g->file)) == 0;
}

static bool same_module(const struct profile_function *f, const struct profile_function *g)
{
    return strcmp(path_last(f->module), path_last(g->module)) == 0;
}

static const char *label_make(struct arena *arena, const struct profile_function *f, bool by_file, unsigned number)
{
    char *text = NULL, suffix[16] = "";
    if (number > 1)
        snprintf(suffix, sizeof(suffix), " #%u", number);
    int bytes;
    if (by_file && f->line == 0)
        bytes = asprintf(&text, "%s (%s)%s", f->name, path_last(f->file), suffix);
    else if (by_file)
        bytes = asprintf(&text, "%s (%s:%u)%s", f->name, path_last(f->file), f->line, suffix);
    else if (f->module[0] != '\0')
        bytes = asprintf(&text, "%s [%s]%s", f->name, path_last(f->module), suffix);
    else
        bytes = asprintf(&text, "%s%s", f->name, suffix);
    if (bytes < 0)
        return NULL;
    const char *label = arena_copy(arena, text, (size_t)bytes);
    free(text);
    return label;
}

/* The functions of one name, sorted; neighbours tell what is shared. */
static int group_label(struct arena *arena, const struct entry *group, size_t nr)
{
    unsigned number = 1;
    for (size_t i = 0; i < nr; i++) {
        struct profile_function *f = group[i].function;
        bool shared =
            (i > 0 && same_place(f, group[i - 1].function)) || (i + 1 < nr && same_place(f, group[i + 1].function));
        bool twin = i > 0 && same_place(f, group[i - 1].function) && same_module(f, group[i - 1].function);
        number = twin ? number + 1 : 1;
        f->label = nr == 1 ? f->name : label_make(arena, f, f->file[0] != '\0' && !shared, number);
        if (!f->label)
            return -1;
    }
    return 0;
}

static int label_compare(const void *a, const void *b)
{
    const struct profile_function *f = ((const struct entry *)a)->function, *g = ((const struct entry *)b)->function;
    int order = strcmp(f->label, g->label);
    return order != 0 ? order : (f > g) - (f < g);
}

/* What is left: names that look like another function's label, and one module in two files. */
static int twins_number(struct arena *arena, struct entry *entries, size_t nr)
{
    bool found = true;
    for (unsigned round = 0; found && round < 8; round++) {
        found = false;
        qsort(entries, nr, sizeof(*entries), label_compare);
        unsigned number = 1;
        const char *label = NULL;
        for (size_t i = 0; i < nr; i++) {
            bool twin = label && strcmp(label, entries[i].function->label) == 0;
            label = twin ? label : entries[i].function->label;
            number = twin ? number + 1 : 1;
            if (!twin)
                continue;
            char *text;
            int bytes = asprintf(&text, "%s #%u", label, number);
            if (bytes < 0)
                return -1;
            entries[i].function->label = arena_copy(arena, text, (size_t)bytes);
            free(text);
            if (!entries[i].function->label)
                return -1;
            found = true;
        }
    }
    return 0;
}

int labels_set(struct profile *profile, struct err *err)
{
    size_t nr = profile->nr_functions;
    if (nr == 0)
        return 0;
    struct entry *sorted = calloc(nr, sizeof(*sorted));
    if (!sorted)
        return err_set(err, ERR_INPUT, "out of memory");
    for (size_t i = 0; i < nr; i++)
        sorted[i].function = &profile->functions[i];
    qsort(sorted, nr, sizeof(*sorted), function_compare);
    int result = 0;
    for (size_t from = 0, to; from < nr && result == 0; from = to) {
        to = from + 1;
        while (to < nr && strcmp(sorted[from].function->name, sorted[to].function->name) == 0)
            to++;
        result = group_label(&profile->arena, sorted + from, to - from);
    }
    if (result == 0)
        result = twins_number(&profile->arena, sorted, nr);
    free(sorted);
    return result == 0 ? 0 : err_set(err, ERR_INPUT, "out of memory");
}
