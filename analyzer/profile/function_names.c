/*
 * One question for all functions, so that symbols/ opens each file once.
 */
#include "profile/function_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct answers {
    struct symbol_module *modules;
    struct symbol_query *queries;
    struct symbol *symbols;
    uint32_t *functions; /* which function a query is about */
    size_t nr;
};

static void answers_release(struct answers *answers)
{
    free(answers->modules);
    free(answers->queries);
    free(answers->symbols);
    free(answers->functions);
}

/* What the trace itself says of a function; NULL: nothing. */
static const struct trace_symbol *packed_find(const struct function_names_request *request, uint32_t number)
{
    const struct function_id *id = &request->functions->ids[number];
    if (id->region != NULL || id->at.object == TRACE_NONE)
        return NULL;
    return trace_symbol_find(&request->trace->objects[id->at.object], id->at.address);
}

static int answers_get(const struct function_names_request *request, struct answers *answers, struct arena *arena,
                       struct err *err)
{
    const struct trace *trace = request->trace;
    const struct function_set *functions = request->functions;
    answers->modules = calloc((size_t)trace->nr_objects + 1, sizeof(*answers->modules));
    answers->queries = calloc((size_t)functions->nr + 1, sizeof(*answers->queries));
    answers->symbols = calloc((size_t)functions->nr + 1, sizeof(*answers->symbols));
    answers->functions = calloc((size_t)functions->nr + 1, sizeof(*answers->functions));
    if (!answers->modules || !answers->queries || !answers->symbols || !answers->functions)
        return err_set(err, ERR_INPUT, "out of memory: names of %u functions", functions->nr);
    for (uint32_t i = 0; i < trace->nr_objects; i++) {
        const struct trace_object *object = &trace->objects[i];
        answers->modules[i] = (struct symbol_module){.path = object->path,
                                                     .build_id = object->build_id_bytes > 0 ? object->build_id : NULL,
                                                     .build_id_bytes = object->build_id_bytes};
    }
    for (uint32_t i = 0; i < functions->nr; i++) {
        const struct address *at = &functions->ids[i].at;
        if (functions->ids[i].region != NULL || at->object == TRACE_NONE || packed_find(request, i) != NULL)
            continue;
        answers->queries[answers->nr] = (struct symbol_query){.module = at->object, .address = at->address};
        answers->functions[answers->nr++] = i;
    }
    if (answers->nr == 0)
        return 0;
    return symbols_resolve(answers->modules, trace->nr_objects, answers->queries, answers->nr, request->options,
                           answers->symbols, arena, request->notice, request->context, err);
}

static const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

/* What a function is called when no symbol says more. */
static const char *address_name(const struct trace *trace, const struct address *at, struct arena *arena)
{
    char text[320];
    const char *path = at->object == TRACE_NONE ? "" : path_base(trace->objects[at->object].path);
    if (path[0] != '\0')
        snprintf(text, sizeof(text), "%.255s+0x%llx", path, (unsigned long long)at->address);
    else
        snprintf(text, sizeof(text), "0x%llx", (unsigned long long)at->address);
    return arena_copy(arena, text, strlen(text));
}

static int function_describe(const struct function_names_request *request, uint32_t number,
                             struct profile_function *function, struct arena *arena)
{
    const struct function_id *id = &request->functions->ids[number];
    *function = (struct profile_function){.module = "", .file = "", .kind = FUNCTION_UNKNOWN};
    if (id->region != NULL) {
        function->kind = FUNCTION_REGION;
        function->name = arena_copy(arena, id->region, strlen(id->region));
        return function->name == NULL ? -1 : 0;
    }
    if (id->at.object != TRACE_NONE) {
        const char *path = request->trace->objects[id->at.object].path;
        function->module = arena_copy(arena, path, strlen(path));
    }
    function->name = address_name(request->trace, &id->at, arena);
    return function->name == NULL || function->module == NULL ? -1 : 0;
}

static void function_take(struct profile_function *function, const struct symbol *symbol)
{
    if (symbol->name != NULL && symbol->name[0] != '\0') {
        function->name = symbol->name;
        function->kind = FUNCTION_CODE;
    }
    function->file = symbol->file != NULL ? symbol->file : "";
    function->line = symbol->line;
}

/* As symbols_resolve() answers. */
static struct symbol packed_symbol(const struct trace_symbol *packed, enum symbol_names style)
{
    struct symbol symbol = {.linkage = packed->linkage, .file = packed->file, .line = packed->line};
    symbol.name = packed->linkage;
    if (style != SYMBOL_NAMES_MANGLED && packed->name != NULL)
        symbol.name = packed->name;
    if (style == SYMBOL_NAMES_SHORT && packed->short_name != NULL)
        symbol.name = packed->short_name;
    return symbol;
}

/* Take the names that are in the trace; what was wrong with the files when they were put there is of interest to those
 * who miss a name. */
static int packed_take(const struct function_names_request *request, struct profile_function *functions,
                       struct arena *arena)
{
    const struct trace *trace = request->trace;
    bool *lacking = arena_array(arena, (size_t)trace->nr_objects + 1, sizeof(*lacking));
    if (lacking == NULL)
        return -1;
    for (uint32_t i = 0; i < request->functions->nr; i++) {
        const struct trace_symbol *packed = packed_find(request, i);
        if (packed == NULL)
            continue;
        struct symbol symbol = packed_symbol(packed, request->options->names);
        struct profile_function *function = &functions[i];
        function_take(function, &symbol);
        function->name = arena_copy(arena, function->name, strlen(function->name));
        function->file = arena_copy(arena, function->file, strlen(function->file));
        if (function->name == NULL || function->file == NULL)
            return -1;
        lacking[request->functions->ids[i].at.object] |= symbol.name == NULL;
    }
    for (uint32_t i = 0; i < trace->nr_objects; i++)
        if (lacking[i] && trace->objects[i].names_notice != NULL)
            request->notice(request->context, trace->objects[i].names_notice);
    return 0;
}

struct profile_function *function_names(const struct function_names_request *request, struct arena *arena,
                                        struct err *err)
{
    struct answers answers = {0};
    uint32_t nr = request->functions->nr;
    struct profile_function *functions = arena_array(arena, (size_t)nr + 1, sizeof(*functions)), *result = NULL;
    if (functions == NULL) {
        err_set(err, ERR_INPUT, "out of memory: names of %u functions", nr);
        return NULL;
    }
    if (answers_get(request, &answers, arena, err) != 0)
        goto out;
    for (uint32_t i = 0; i < nr; i++) {
        if (function_describe(request, i, &functions[i], arena) != 0) {
            err_set(err, ERR_INPUT, "out of memory: names of %u functions", nr);
            goto out;
        }
    }
    for (size_t i = 0; i < answers.nr; i++)
        function_take(&functions[answers.functions[i]], &answers.symbols[i]);
    if (packed_take(request, functions, arena) != 0)
        err_set(err, ERR_INPUT, "out of memory: names of %u functions", nr);
    else
        result = functions;
out:
    answers_release(&answers);
    return result;
}
