/*
 * Each process has its executable mappings sorted by place and time. Mappings of exactly the same place form a group,
 * in which a binary search finds the right time; so a plugin that was loaded a thousand times costs no more than one.
 */
#include "profile/address_map.h"

#include <stdlib.h>
#include <string.h>

#define SEGMENT_EXECUTABLE 1u

/* Hostile traces could multiply forks by modules; and could lay thousands of different mappings over one address. */
#define MAPPINGS_MAX (4u << 20)
#define GROUPS_MAX   64u

struct mapping {
    uint64_t start, end; /* addresses in the process */
    uint64_t load_ticks, unload_ticks;
    uint64_t base;
    uint64_t reach; /* the highest end of the mappings up to this one */
    uint32_t object;
    uint32_t group; /* index of the first mapping of the same place */
};

struct process_map {
    const struct process_map *shared; /* the mappings are those of this one */
    uint64_t as_of_ticks;             /* later times count as this one: the fork, when mappings are shared */
    struct mapping *mappings;
    uint32_t nr_mappings;
    uint64_t *unload_ticks; /* sorted */
    uint32_t nr_unloads;
    uint32_t serial;
};

struct builder {
    const struct trace *trace;
    struct address_map *map;
    uint32_t *modules; /* indexes into trace->modules, sorted by process */
    struct mapping *mappings;
    size_t nr, capacity; /* mappings of the process at hand */
    size_t nr_all;
    struct err *err;
};

static bool serial_equal(const void *table, uint32_t number, const void *key)
{
    return ((const struct address_map *)table)->processes[number].serial == *(const uint32_t *)key;
}

static struct process_map *process_find(const struct address_map *map, uint32_t serial)
{
    uint32_t found = index_find(&map->serials, index_hash(&map->serials, serial, 0), serial_equal, map, &serial);
    return found == INDEX_NONE ? NULL : &map->processes[found];
}

/* ---- Building ------------------------------------------------------------------------------------- */

static int mapping_compare(const void *a, const void *b)
{
    const struct mapping *m = a, *n = b;
    if (m->start != n->start)
        return m->start < n->start ? -1 : 1;
    if (m->end != n->end)
        return m->end < n->end ? -1 : 1;
    return (m->load_ticks > n->load_ticks) - (m->load_ticks < n->load_ticks);
}

static int ticks_compare(const void *a, const void *b)
{
    const uint64_t *s = a, *t = b;
    return (*s > *t) - (*s < *t);
}

static int module_compare(const void *a, const void *b, void *context)
{
    const struct trace_module *modules = context;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    if (modules[i].process != modules[j].process)
        return modules[i].process < modules[j].process ? -1 : 1;
    return (i > j) - (i < j);
}

static int mapping_add(struct builder *builder, const struct mapping *mapping)
{
    struct mapping *mappings = array_grow(builder->mappings, builder->nr, &builder->capacity, sizeof(*mappings));
    if (mappings == NULL || builder->nr_all >= MAPPINGS_MAX)
        return err_set(builder->err, ERR_INPUT, "%s: out of memory: too many modules", builder->trace->path);
    builder->mappings = mappings;
    mappings[builder->nr++] = *mapping;
    builder->nr_all++;
    return 0;
}

static int module_add(struct builder *builder, const struct trace_module *module)
{
    for (uint32_t i = 0; i < module->nr_segments; i++) {
        const struct trace_segment *segment = &module->segments[i];
        struct mapping mapping = {.start = module->base + segment->address,
                                  .load_ticks = module->load_ticks,
                                  .unload_ticks = module->unload_ticks,
                                  .base = module->base,
                                  .object = module->object};
        bool sane = !__builtin_add_overflow(mapping.start, segment->bytes, &mapping.end) && segment->bytes > 0;
        if ((segment->flags & SEGMENT_EXECUTABLE) && sane && mapping_add(builder, &mapping) != 0)
            return -1;
    }
    return 0;
}

/* What the parent had mapped at the fork; it was there before the child's time began. */
static int parent_copy(struct builder *builder, const struct process_map *parent, uint64_t fork_ticks)
{
    const struct process_map *from = parent->shared != NULL ? parent->shared : parent;
    uint64_t ticks = fork_ticks < parent->as_of_ticks ? fork_ticks : parent->as_of_ticks;
    for (uint32_t i = 0; i < from->nr_mappings; i++) {
        struct mapping mapping = from->mappings[i];
        if (mapping.load_ticks > ticks || mapping.unload_ticks <= ticks)
            continue;
        mapping.load_ticks = 0;
        mapping.unload_ticks = UINT64_MAX;
        if (mapping_add(builder, &mapping) != 0)
            return -1;
    }
    return 0;
}

static int base_compare(const void *a, const void *b)
{
    const struct mapping *m = a, *n = b;
    return (m->base > n->base) - (m->base < n->base);
}

/* An unload without a load in the same process ends what was inherited: mappings that are sorted by base. */
static void inherited_unload(struct mapping *inherited, size_t nr_inherited, const struct trace_module *unload)
{
    size_t low = 0, high = nr_inherited;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (inherited[middle].base < unload->base)
            low = middle + 1;
        else
            high = middle;
    }
    /* What is at an end already was at it for the first unload: the loop runs once for each mapping in all. */
    for (; low < nr_inherited && inherited[low].base == unload->base && inherited[low].unload_ticks == UINT64_MAX;
         low++)
        inherited[low].unload_ticks = unload->unload_ticks;
}

/* Sort the builder's mappings and move them into the process. */
static int process_seal(struct builder *builder, struct process_map *process)
{
    size_t nr = builder->nr;
    if (nr == 0)
        return 0;
    process->mappings = malloc(nr * sizeof(*process->mappings));
    process->unload_ticks = malloc(nr * sizeof(*process->unload_ticks));
    if (process->mappings == NULL || process->unload_ticks == NULL)
        return err_set(builder->err, ERR_INPUT, "%s: out of memory: too many modules", builder->trace->path);
    memcpy(process->mappings, builder->mappings, nr * sizeof(*process->mappings));
    process->nr_mappings = (uint32_t)nr;
    qsort(process->mappings, nr, sizeof(*process->mappings), mapping_compare);
    uint64_t reach = 0;
    for (uint32_t i = 0; i < nr; i++) {
        struct mapping *mapping = &process->mappings[i];
        const struct mapping *before = i == 0 ? NULL : mapping - 1;
        reach = mapping->end > reach ? mapping->end : reach;
        mapping->reach = reach;
        mapping->group =
            before != NULL && before->start == mapping->start && before->end == mapping->end ? before->group : i;
        if (mapping->unload_ticks != UINT64_MAX)
            process->unload_ticks[process->nr_unloads++] = mapping->unload_ticks;
    }
    qsort(process->unload_ticks, process->nr_unloads, sizeof(*process->unload_ticks), ticks_compare);
    return 0;
}

/* Make the map of one process from its modules [first, end) and, when it was forked, from its parent. */
static int process_build(struct builder *builder, const struct trace_process *described, struct process_map *process,
                         uint32_t first, uint32_t end)
{
    const struct process_map *parent = NULL;
    if (described != NULL && described->origin == TF_ORIGIN_FORK)
        parent = process_find(builder->map, described->parent);
    if (parent == process)
        parent = NULL;
    if (parent != NULL && first == end) {
        process->shared = parent->shared != NULL ? parent->shared : parent;
        process->as_of_ticks =
            described->start_ticks < parent->as_of_ticks ? described->start_ticks : parent->as_of_ticks;
        return 0;
    }
    builder->nr = 0;
    if (parent != NULL && parent_copy(builder, parent, described->start_ticks) != 0)
        return -1;
    size_t nr_inherited = builder->nr;
    if (nr_inherited > 0)
        qsort(builder->mappings, nr_inherited, sizeof(*builder->mappings), base_compare);
    for (uint32_t i = first; i < end; i++) {
        const struct trace_module *module = &builder->trace->modules[builder->modules[i]];
        if (module->object == TRACE_NONE)
            inherited_unload(builder->mappings, nr_inherited, module);
        else if (module_add(builder, module) != 0)
            return -1;
    }
    return process_seal(builder, process);
}

/* The first of the sorted modules that belong to `serial` or to a later one. */
static uint32_t modules_find(const struct builder *builder, uint64_t serial)
{
    uint32_t low = 0, high = builder->trace->nr_modules;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (builder->trace->modules[builder->modules[middle]].process < serial)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The processes in the order of the file: parents come before their children. */
static int processes_build(struct builder *builder)
{
    struct address_map *map = builder->map;
    for (uint32_t i = 0; i < builder->trace->nr_processes; i++) {
        const struct trace_process *described = &builder->trace->processes[i];
        struct process_map *process = &map->processes[map->nr_processes];
        *process = (struct process_map){.serial = described->serial, .as_of_ticks = UINT64_MAX};
        uint64_t hash = index_hash(&map->serials, process->serial, 0);
        if (index_add(&map->serials, hash, map->nr_processes) != 0)
            return err_set(builder->err, ERR_INPUT, "%s: out of memory", builder->trace->path);
        map->nr_processes++;
        if (process_build(builder, described, process, modules_find(builder, process->serial),
                          modules_find(builder, (uint64_t)process->serial + 1)) != 0)
            return -1;
    }
    return 0;
}

int address_map_init(struct address_map *map, const struct trace *trace, struct err *err)
{
    struct builder builder = {.trace = trace, .map = map, .err = err};
    int result = -1;
    *map = (struct address_map){0};
    index_init(&map->serials);
    map->processes = calloc((size_t)trace->nr_processes + 1, sizeof(*map->processes));
    builder.modules = calloc((size_t)trace->nr_modules + 1, sizeof(*builder.modules));
    if (map->processes == NULL || builder.modules == NULL) {
        err_set(err, ERR_INPUT, "%s: out of memory", trace->path);
        goto out;
    }
    for (uint32_t i = 0; i < trace->nr_modules; i++)
        builder.modules[i] = i;
    if (trace->nr_modules > 0)
        qsort_r(builder.modules, trace->nr_modules, sizeof(*builder.modules), module_compare, trace->modules);
    result = processes_build(&builder);
out:
    free(builder.modules);
    free(builder.mappings);
    return result;
}

void address_map_release(struct address_map *map)
{
    for (uint32_t i = 0; i < map->nr_processes; i++) {
        free(map->processes[i].mappings);
        free(map->processes[i].unload_ticks);
    }
    free(map->processes);
    index_release(&map->serials);
    *map = (struct address_map){0};
}

/* ---- Looking up ----------------------------------------------------------------------------------- */

/* Of the mappings [first, last] of one place: what was there at `ticks`, or comes next. NULL when neither is. */
static const struct mapping *group_find(const struct mapping *mappings, uint32_t first, uint32_t last, uint64_t ticks)
{
    uint32_t low = first, high = last + 1; /* the first one that was loaded after `ticks` */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (mappings[middle].load_ticks <= ticks)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > first && mappings[low - 1].unload_ticks > ticks)
        return &mappings[low - 1];
    return low <= last ? &mappings[low] : NULL;
}

/* Is `a` the better answer for `ticks`? What was there then beats what came; then the nearer one. */
static bool mapping_is_better(const struct mapping *a, const struct mapping *b, uint64_t ticks)
{
    if (b == NULL)
        return true;
    bool a_then = a->load_ticks <= ticks, b_then = b->load_ticks <= ticks;
    if (a_then != b_then)
        return a_then;
    return a_then ? a->load_ticks > b->load_ticks : a->load_ticks < b->load_ticks;
}

static const struct mapping *mapping_find(const struct process_map *process, uint64_t address, uint64_t ticks)
{
    const struct mapping *mappings = process->mappings, *best = NULL;
    uint32_t low = 0, high = process->nr_mappings; /* the first mapping that starts behind the address */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (mappings[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (uint32_t groups = 0; low > 0 && mappings[low - 1].reach > address && groups < GROUPS_MAX; groups++) {
        uint32_t last = low - 1;
        low = mappings[last].group;
        const struct mapping *found = mappings[last].end > address ? group_find(mappings, low, last, ticks) : NULL;
        if (found != NULL && mapping_is_better(found, best, ticks))
            best = found;
    }
    return best;
}

struct address address_map_find(const struct address_map *map, uint32_t process, uint64_t address, uint64_t ticks)
{
    const struct process_map *found = process_find(map, process);
    const struct mapping *mapping = NULL;
    if (found != NULL)
        mapping = mapping_find(found->shared != NULL ? found->shared : found, address,
                               ticks < found->as_of_ticks ? ticks : found->as_of_ticks);
    if (mapping == NULL)
        return (struct address){TRACE_NONE, address};
    return (struct address){mapping->object, address - mapping->base};
}

uint64_t address_map_next_change(const struct address_map *map, uint32_t process, uint64_t ticks)
{
    const struct process_map *found = process_find(map, process);
    if (found == NULL || found->nr_unloads == 0)
        return UINT64_MAX;
    uint32_t low = 0, high = found->nr_unloads;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (found->unload_ticks[middle] <= ticks)
            low = middle + 1;
        else
            high = middle;
    }
    return low < found->nr_unloads ? found->unload_ticks[low] : UINT64_MAX;
}
