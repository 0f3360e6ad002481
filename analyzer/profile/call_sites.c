#include "profile/call_sites.h"

#include "profile/replay.h"

#include <stdlib.h>
#include <string.h>

/* A node of the tree that the function calls: what it adds to which place. */
struct contribution {
    struct address site;
    uint32_t function;
    uint64_t calls, inclusive_ns;
    struct symbol place;
};

struct finder {
    const struct call_sites_request *request;
    struct contribution *list;
    size_t nr;
};

/* How often the function is on the path from the root to the node, for each node; NULL when memory ran out. */
static uint32_t *activations(const struct finder *finder)
{
    const struct calltree *tree = &finder->request->replay->tree;
    uint32_t *active = calloc((size_t)tree->nr_nodes + 1, sizeof(*active));
    for (uint32_t i = 1; active && i < tree->nr_nodes; i++)
        active[i] = active[tree->nodes[i].parent] + finder->request->wanted[tree->nodes[i].function];
    return active;
}

/* True when the call is below another one from the same place, so that its time is part of that one's. */
static bool is_repeated(const struct finder *finder, const uint32_t *active, uint32_t node)
{
    const struct calltree_node *nodes = finder->request->replay->tree.nodes;
    for (uint32_t at = nodes[node].parent; active[at] > 1; at = nodes[at].parent) {
        bool is_called = finder->request->wanted[nodes[nodes[at].parent].function];
        if (is_called && nodes[at].function == nodes[node].function)
            return true;
    }
    return false;
}

/* Calls from the function, and what it takes itself. */
static void contributions_gather(struct finder *finder, struct call_sites *sites, const uint32_t *active)
{
    const struct replay *replay = finder->request->replay;
    const struct calltree *tree = &replay->tree;
    for (uint32_t i = 1; i < tree->nr_nodes; i++) {
        const struct calltree_node *node = &tree->nodes[i];
        bool is_function = finder->request->wanted[node->function];
        bool is_called = node->parent != CALLTREE_ROOT && finder->request->wanted[tree->nodes[node->parent].function];
        if (is_function) {
            sites->calls += node->calls;
            sites->inclusive_ns += active[i] == 1 ? node->inclusive : 0;
            sites->exclusive_ns += node->inclusive;
        }
        if (!is_called)
            continue;
        sites->exclusive_ns -= node->inclusive < sites->exclusive_ns ? node->inclusive : sites->exclusive_ns;
        finder->list[finder->nr++] =
            (struct contribution){.site = replay->functions.ids[node->function].site,
                                  .function = node->function,
                                  .calls = node->calls,
                                  .inclusive_ns = is_repeated(finder, active, i) ? 0 : node->inclusive};
    }
}

/* Ask for the lines of all sites at once. */
static int places_find(struct finder *finder, struct arena *arena, struct err *err)
{
    const struct trace *trace = finder->request->replay->trace;
    struct symbol_module *modules = calloc((size_t)trace->nr_objects + 1, sizeof(*modules));
    struct symbol_query *queries = calloc(finder->nr + 1, sizeof(*queries));
    struct symbol *answers = calloc(finder->nr + 1, sizeof(*answers));
    size_t *asked = calloc(finder->nr + 1, sizeof(*asked)), nr = 0;
    struct symbol_options options = *finder->request->symbols;
    int result = -1;
    options.call_lines = true;
    if (!modules || !queries || !answers || !asked) {
        err_set(err, ERR_INPUT, "out of memory");
        goto out;
    }
    for (uint32_t i = 0; i < trace->nr_objects; i++)
        modules[i] =
            (struct symbol_module){.path = trace->objects[i].path,
                                   .build_id = trace->objects[i].build_id_bytes > 0 ? trace->objects[i].build_id : NULL,
                                   .build_id_bytes = trace->objects[i].build_id_bytes};
    for (size_t i = 0; i < finder->nr; i++) {
        const struct address *site = &finder->list[i].site;
        if (site->object == TRACE_NONE || site->address == 0)
            continue;
        /* The call is before the place that it returns to. */
        queries[nr] = (struct symbol_query){.module = site->object, .address = site->address - 1};
        asked[nr++] = i;
    }
    result = nr == 0 ? 0
                     : symbols_resolve(modules, trace->nr_objects, queries, nr, &options, answers, arena,
                                       finder->request->notice, finder->request->context, err);
    for (size_t i = 0; i < nr && result == 0; i++)
        finder->list[asked[i]].place = answers[i];
out:
    free(modules);
    free(queries);
    free(answers);
    free(asked);
    return result;
}

static const char *file_of(const struct contribution *contribution)
{
    return contribution->place.file ? contribution->place.file : "";
}

/* By place; within one by callee's name, so that equal ones stand together. */
static int contribution_compare(const void *a, const void *b, void *context)
{
    const struct contribution *c = a, *d = b;
    const struct profile_function *functions = context;
    int order = strcmp(file_of(c), file_of(d));
    if (order == 0)
        order = (c->place.line > d->place.line) - (c->place.line < d->place.line);
    return order != 0 ? order : strcmp(functions[c->function].name, functions[d->function].name);
}

/* Add up what is at the same place. */
static int lines_make(struct finder *finder, struct call_sites *sites, struct err *err)
{
    const struct profile_function *functions = finder->request->functions;
    uint64_t callee_ns = 0, most_ns = 0;
    sites->lines = calloc(finder->nr + 1, sizeof(*sites->lines));
    if (!sites->lines)
        return err_set(err, ERR_INPUT, "out of memory");
    qsort_r(finder->list, finder->nr, sizeof(*finder->list), contribution_compare, (void *)(uintptr_t)functions);
    for (size_t i = 0; i < finder->nr; i++) {
        const struct contribution *from = &finder->list[i];
        struct call_line *line = sites->nr > 0 ? &sites->lines[sites->nr - 1] : NULL;
        if (!line || strcmp(line->file, file_of(from)) != 0 || line->line != from->place.line) {
            line = &sites->lines[sites->nr++];
            *line = (struct call_line){.file = file_of(from), .line = from->place.line, .callee = from->function};
            most_ns = 0;
        }
        bool is_new = line->nr_callees == 0 ||
                      strcmp(functions[finder->list[i - 1].function].name, functions[from->function].name) != 0;
        callee_ns = (is_new ? 0 : callee_ns) + from->inclusive_ns;
        line->nr_callees += is_new;
        line->calls += from->calls;
        line->inclusive_ns += from->inclusive_ns;
        if (callee_ns > most_ns) {
            most_ns = callee_ns;
            line->callee = from->function;
        }
    }
    return 0;
}

int call_sites_find(struct call_sites *sites, const struct call_sites_request *request, struct arena *arena,
                    struct err *err)
{
    struct finder finder = {.request = request,
                            .list = calloc((size_t)request->replay->tree.nr_nodes + 1, sizeof(*finder.list))};
    uint32_t *active = activations(&finder);
    int result = -1;
    *sites = (struct call_sites){0};
    if (!finder.list || !active) {
        err_set(err, ERR_INPUT, "out of memory");
    } else {
        contributions_gather(&finder, sites, active);
        result = places_find(&finder, arena, err) == 0 ? lines_make(&finder, sites, err) : -1;
    }
    free(finder.list);
    free(active);
    if (result != 0)
        call_sites_release(sites);
    return result;
}

void call_sites_release(struct call_sites *sites)
{
    free(sites->lines);
    *sites = (struct call_sites){0};
}
