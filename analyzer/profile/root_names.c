#include "profile/root_names.h"

#include "base/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct maker {
    struct root_names *names;
    const struct retention_request *request;
    const struct heap_roots *roots;
    const struct heap_pointers *pointers;
    struct arena *arena;
    struct index index; /* of names->all */
    struct err *err;
};

static int no_memory(struct maker *maker)
{
    return err_set(maker->err, ERR_INPUT, "out of memory: the names of roots");
}

static bool name_equal(const void *table, uint32_t number, const void *key)
{
    const struct root_name *one = &((const struct root_name *)table)[number], *other = key;
    return one->kind == other->kind && one->subject == other->subject && strcmp(one->name, other->name) == 0;
}

/* The number of a root, made if need be. GRAPH_NONE without memory. */
static uint32_t name_number(struct maker *maker, const struct root_name *key)
{
    struct root_names *names = maker->names;
    uint64_t hash = index_hash_bytes(&maker->index, key->name, strlen(key->name)) ^
                    index_hash(&maker->index, key->subject, (uint64_t)key->kind);
    uint32_t number = index_find(&maker->index, hash, name_equal, names->all, key);
    if (number != INDEX_NONE)
        return number;
    struct root_name *all = array_grow(names->all, names->nr, &names->capacity, sizeof(*all));
    if (all != NULL)
        names->all = all;
    if (all == NULL || index_add(&maker->index, hash, names->nr) != 0) {
        no_memory(maker);
        return GRAPH_NONE;
    }
    all[names->nr] = *key;
    all[names->nr].name = arena_copy(maker->arena, key->name, strlen(key->name));
    all[names->nr].module = arena_copy(maker->arena, key->module, strlen(key->module));
    if (all[names->nr].name == NULL || all[names->nr].module == NULL) {
        no_memory(maker);
        return GRAPH_NONE;
    }
    return names->nr++;
}

/* ---- Threads and mappings ------------------------------------------------------------------------- */

static const char *thread_label(const struct maker *maker, uint32_t tid)
{
    const struct trace *trace = maker->request->trace;
    for (uint32_t i = 0; i < trace->nr_threads; i++)
        if (trace->threads[i].tid == tid && trace->threads[i].process == maker->request->image->process)
            return trace->threads[i].name;
    return "";
}

static uint32_t thread_number(struct maker *maker, uint32_t thread, uint64_t at)
{
    const struct image *image = maker->request->image;
    char name[256];
    uint32_t tid = thread < image->nr_threads ? image->threads[thread].tid : image->pid;
    const char *label = thread_label(maker, tid);
    snprintf(name, sizeof(name), "thread %u%s%.100s", tid, label[0] != '\0' ? " " : "", label);
    return name_number(
        maker, &(struct root_name){.name = name, .module = "", .kind = ROOT_THREAD, .address = at, .subject = thread});
}

static uint32_t memory_number(struct maker *maker, uint32_t mapping, uint64_t at)
{
    const struct image_mapping *one = &maker->request->image->mappings[mapping];
    char name[320];
    snprintf(name, sizeof(name), "%s%.200s at 0x%llx", one->path[0] == '\0' ? "mapped memory" : "", one->path,
             (unsigned long long)one->start);
    return name_number(
        maker, &(struct root_name){.name = name, .module = "", .kind = ROOT_MEMORY, .address = at, .subject = mapping});
}

/* ---- Variables ------------------------------------------------------------------------------------ */

struct questions {
    struct symbol_module *modules;
    struct symbol_query *queries;
    struct symbol *answers;
    uint32_t *pointers; /* which pointer a query is about */
    size_t nr;
};

/* The range of a pointer that lies in a variable; NULL: it does not. */
static const struct root_range *variable_range(const struct maker *maker, const struct heap_pointer *pointer)
{
    uint32_t range = pointer->from & ~POINTER_ROOT;
    if ((pointer->from & POINTER_ROOT) == 0 || range >= maker->roots->nr)
        return NULL;
    return maker->roots->ranges[range].kind == ROOT_VARIABLE ? &maker->roots->ranges[range] : NULL;
}

static int questions_ask(struct maker *maker, struct questions *questions)
{
    const struct trace *trace = maker->request->trace;
    struct symbol_options options = *maker->request->symbols;
    size_t nr = 0;
    for (size_t i = 0; i < maker->pointers->nr; i++)
        nr += variable_range(maker, &maker->pointers->all[i]) != NULL;
    questions->modules = calloc((size_t)trace->nr_objects + 1, sizeof(*questions->modules));
    questions->queries = calloc(nr + 1, sizeof(*questions->queries));
    questions->answers = calloc(nr + 1, sizeof(*questions->answers));
    questions->pointers = calloc(nr + 1, sizeof(*questions->pointers));
    if (!questions->modules || !questions->queries || !questions->answers || !questions->pointers)
        return no_memory(maker);
    for (uint32_t i = 0; i < trace->nr_objects; i++) {
        const struct trace_object *object = &trace->objects[i];
        questions->modules[i] = (struct symbol_module){.path = object->path,
                                                       .build_id = object->build_id_bytes > 0 ? object->build_id : NULL,
                                                       .build_id_bytes = object->build_id_bytes};
    }
    for (size_t i = 0; i < maker->pointers->nr; i++) {
        const struct heap_pointer *pointer = &maker->pointers->all[i];
        const struct root_range *range = variable_range(maker, pointer);
        if (range == NULL)
            continue;
        questions->queries[questions->nr] =
            (struct symbol_query){.module = range->subject, .address = pointer->at - range->base};
        questions->pointers[questions->nr++] = (uint32_t)i;
    }
    options.variables = true;
    if (questions->nr == 0)
        return 0;
    return symbols_resolve(questions->modules, trace->nr_objects, questions->queries, questions->nr, &options,
                           questions->answers, maker->arena, maker->request->notice, maker->request->context,
                           maker->err);
}

static int variables_name(struct maker *maker)
{
    struct questions questions = {0};
    int result = questions_ask(maker, &questions);
    for (size_t i = 0; i < questions.nr && result == 0; i++) {
        const struct heap_pointer *pointer = &maker->pointers->all[questions.pointers[i]];
        const char *path = maker->request->trace->objects[questions.queries[i].module].path;
        const char *name = questions.answers[i].name;
        char data[300];
        snprintf(data, sizeof(data), "data of %.255s", path_last(path));
        struct root_name key = {.name = name != NULL && name[0] != '\0' ? name : data,
                                .module = path,
                                .kind = ROOT_VARIABLE,
                                .address = pointer->at,
                                .subject = questions.queries[i].module};
        uint32_t number = name_number(maker, &key);
        maker->names->of_pointer[questions.pointers[i]] = number;
        result = number == GRAPH_NONE ? -1 : 0;
    }
    free(questions.modules);
    free(questions.queries);
    free(questions.answers);
    free(questions.pointers);
    return result;
}

int root_names_make(struct root_names *names, const struct retention_request *request, const struct heap_roots *roots,
                    const struct heap_pointers *pointers, struct arena *arena, struct err *err)
{
    struct maker maker = {
        .names = names, .request = request, .roots = roots, .pointers = pointers, .arena = arena, .err = err};
    *names = (struct root_names){.of_pointer = malloc((pointers->nr + 1) * sizeof(*names->of_pointer))};
    if (names->of_pointer == NULL)
        return no_memory(&maker);
    memset(names->of_pointer, 0xff, (pointers->nr + 1) * sizeof(*names->of_pointer));
    index_init(&maker.index);
    int result = variables_name(&maker);
    for (size_t i = 0; i < pointers->nr && result == 0; i++) {
        const struct heap_pointer *pointer = &pointers->all[i];
        uint32_t range = pointer->from & ~POINTER_ROOT;
        if ((pointer->from & POINTER_ROOT) == 0 || variable_range(&maker, pointer) != NULL)
            continue;
        if (range >= roots->nr)
            names->of_pointer[i] = thread_number(&maker, range - (uint32_t)roots->nr, pointer->at);
        else if (roots->ranges[range].kind == ROOT_THREAD)
            names->of_pointer[i] = thread_number(&maker, roots->ranges[range].subject, pointer->at);
        else
            names->of_pointer[i] = memory_number(&maker, roots->ranges[range].subject, pointer->at);
        result = names->of_pointer[i] == GRAPH_NONE ? -1 : 0;
    }
    index_release(&maker.index);
    return result;
}

void root_names_release(struct root_names *names)
{
    free(names->all);
    free(names->of_pointer);
    *names = (struct root_names){0};
}
