/*
 * Fields: one function for each type of block. A field that is known sets a fact; an unknown even one is passed over;
 * an unknown odd one refuses the trace, as FORMAT.md demands.
 */
#include "trace/fields.h"

#include "trace/field.h"
#include "trace/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMAND_BYTES_MAX = 1 << 20 };

void facts_init(struct facts *facts)
{
    *facts = (struct facts){0};
    index_init(&facts->processes);
    index_init(&facts->threads);
    index_init(&facts->objects);
    index_init(&facts->modules);
}

void facts_release(struct facts *facts)
{
    index_release(&facts->processes);
    index_release(&facts->threads);
    index_release(&facts->objects);
    index_release(&facts->modules);
}

static bool process_equal(const void *table, uint32_t number, const void *key)
{
    return ((const struct trace *)table)->processes[number].serial == *(const uint32_t *)key;
}

static bool thread_equal(const void *table, uint32_t number, const void *key)
{
    return ((const struct trace *)table)->threads[number].serial == *(const uint32_t *)key;
}

uint32_t facts_process_find(const struct facts *facts, const struct trace *trace, uint32_t serial)
{
    return index_find(&facts->processes, index_hash(&facts->processes, serial, 0), process_equal, trace, &serial);
}

static uint32_t thread_find(const struct facts *facts, const struct trace *trace, uint32_t serial)
{
    return index_find(&facts->threads, index_hash(&facts->threads, serial, 0), thread_equal, trace, &serial);
}

uint32_t facts_thread(struct facts *facts, struct trace *trace, uint32_t serial, struct err *err)
{
    uint32_t found = thread_find(facts, trace, serial);
    if (found != INDEX_NONE)
        return found;
    struct trace_thread *threads =
        array_grow(trace->threads, trace->nr_threads, &facts->thread_capacity, sizeof(*threads));
    if (threads != NULL)
        trace->threads = threads;
    if (threads == NULL || trace->nr_threads == TRACE_NONE ||
        index_add(&facts->threads, index_hash(&facts->threads, serial, 0), trace->nr_threads) != 0) {
        field_no_memory(err);
        return TRACE_NONE;
    }
    threads[trace->nr_threads] =
        (struct trace_thread){.serial = serial, .name = "", .first_chunk = TRACE_NONE, .last_chunk = TRACE_NONE};
    return trace->nr_threads++;
}

/* ---- SESSION and END ------------------------------------------------------------------------------ */

/* How far the clock steps decides whether chunks fit each other: it is taken from one block only, and that whole. */
static int session_add(struct facts *facts, struct trace *trace, const struct tf_header *header, const uint8_t *at,
                       const uint8_t *end, struct err *err)
{
    struct field field;
    int result, failed = 0;
    uint64_t step_ticks = 0;
    trace->session_ticks = header->anchor_ticks;
    while (failed == 0 && (result = field_next(&at, end, &field)) > 0) {
        switch (field.key) {
        case TF_FIELD_RUNTIME_VERSION:
            failed = field_text(trace, &field, FIELD_TEXT_MAX, &trace->runtime_version, err);
            break;
        case TF_FIELD_CLOCK:
            trace->clock_kind = field_number32(&field);
            break;
        case TF_FIELD_CLOCK_REASON:
            trace->clock_reason = field_number32(&field);
            break;
        case TF_FIELD_CLOCK_STEP:
            step_ticks = field.number;
            break;
        case TF_FIELD_REALTIME_NS:
            trace->realtime_ns = field.number;
            break;
        case TF_FIELD_HOST:
            failed = field_text(trace, &field, FIELD_TEXT_MAX, &trace->host, err);
            break;
        case TF_FIELD_KERNEL:
            failed = field_text(trace, &field, FIELD_TEXT_MAX, &trace->kernel, err);
            break;
        case TF_FIELD_REGION:
            failed = field_text(trace, &field, FIELD_TEXT_MAX, &trace->region, err);
            break;
        case TF_FIELD_MEMORY:
            trace->memory_kind = field_number32(&field);
            break;
        case TF_FIELD_FULL_POLICY:
            trace->full_policy = field_number32(&field);
            break;
        case TF_FIELD_BOOT_ID:
            failed = field_text(trace, &field, FIELD_TEXT_MAX, &trace->boot_id, err);
            break;
        default:
            failed = field_unknown(&field, err);
        }
    }
    if (failed != 0 || (failed = fields_end(result, err)) != 0)
        return failed;
    if (!facts->has_session)
        trace->clock_step_ticks = step_ticks;
    facts->has_session = true;
    return 0;
}

static int end_add(struct facts *facts, struct trace *trace, const struct tf_header *header, const uint8_t *at,
                   const uint8_t *end, struct err *err)
{
    struct field field;
    int result, failed = 0;
    uint64_t nr_blocks = header->sequence;
    trace->end_nr_events = trace->header_events;
    while (failed == 0 && (result = field_next(&at, end, &field)) > 0) {
        switch (field.key) {
        case TF_FIELD_NR_BLOCKS:
            nr_blocks = field.number;
            break;
        case TF_FIELD_NR_EVENTS:
            trace->end_nr_events = field.number;
            break;
        case TF_FIELD_FAILURE:
            trace->failure = field.number;
            break;
        case TF_FIELD_FAILURE_ERRNO:
            trace->failure_errno = field.number;
            break;
        case TF_FIELD_DROPPED_NO_RING:
            trace->dropped_no_ring = field.number;
            break;
        case TF_FIELD_MEMORY_NO_RING:
            trace->memory_no_ring = field.number;
            break;
        case TF_FIELD_NO_IMAGE:
            trace->no_image = field.number;
            break;
        case TF_FIELD_REPAIRED:
            trace->repaired = true;
            trace->repaired_events = field.number;
            break;
        case TF_FIELD_RECOVERED:
            trace->recovered = field.number != 0;
            break;
        default:
            failed = field_unknown(&field, err);
        }
    }
    if (failed != 0 || fields_end(result, err) != 0)
        return -1;
    if (nr_blocks != header->sequence)
        return err_set(err, ERR_INCOMPLETE, "it counts %llu blocks before it, and there are %u",
                       (unsigned long long)nr_blocks, header->sequence);
    facts->ended = true;
    trace->ending = trace->failure == TF_FAILURE_NONE ? TRACE_FINISHED : TRACE_FAILED;
    return 0;
}

/* ---- HOOKS ---------------------------------------------------------------------------------------- */

/* A cost that makes no sense is none. */
static void hook_cost_add(struct trace *trace, const struct field *field)
{
    uint64_t numbers[4];
    const uint8_t *p = field->value;
    for (size_t i = 0; i < 4 && p != NULL; i++)
        p = tf_get_varint(p, field->value + field->bytes, &numbers[i]);
    if (p == NULL || trace->nr_hook_costs == TRACE_HOOK_COSTS_MAX || numbers[1] > TRACE_HOOK_COST_MAX ||
        numbers[2] > TRACE_HOOK_COST_MAX || numbers[3] > TRACE_HOOK_COST_MAX)
        return;
    trace->hook_costs[trace->nr_hook_costs++] = (struct trace_hook_cost){.work = numbers[0],
                                                                         .length = numbers[1],
                                                                         .inside = (int64_t)tf_unzigzag(numbers[2]),
                                                                         .outside = (int64_t)tf_unzigzag(numbers[3])};
}

static int hooks_add(struct trace *trace, const uint8_t *at, const uint8_t *end, struct err *err)
{
    struct field field;
    int result, failed = 0;
    while (failed == 0 && (result = field_next(&at, end, &field)) > 0) {
        if (field.key == TF_FIELD_HOOK_COST)
            hook_cost_add(trace, &field);
        else
            failed = field_unknown(&field, err);
    }
    return failed != 0 ? failed : fields_end(result, err);
}

/* ---- PROCESS and THREAD --------------------------------------------------------------------------- */

/* The process with that serial, which is made when no block has described it (it was lost). NULL: no memory. */
static struct trace_process *process_known(struct facts *facts, struct trace *trace, uint32_t serial, struct err *err)
{
    uint32_t found = facts_process_find(facts, trace, serial);
    if (found != TRACE_NONE)
        return &trace->processes[found];
    struct trace_process *processes =
        array_grow(trace->processes, trace->nr_processes, &facts->process_capacity, sizeof(*processes));
    if (processes != NULL)
        trace->processes = processes;
    if (processes == NULL || trace->nr_processes == TRACE_NONE ||
        index_add(&facts->processes, index_hash(&facts->processes, serial, 0), trace->nr_processes) != 0) {
        field_no_memory(err);
        return NULL;
    }
    processes[trace->nr_processes] =
        (struct trace_process){.serial = serial, .command = "", .executable = "", .directory = ""};
    return &processes[trace->nr_processes++];
}

static int process_field(struct trace *trace, struct trace_process *process, const struct field *field, struct err *err)
{
    switch (field->key) {
    case TF_FIELD_PROCESS:
        process->serial = field_number32(field);
        return 0;
    case TF_FIELD_PID:
        process->pid = field_number32(field);
        return 0;
    case TF_FIELD_PARENT_PROCESS:
        process->parent = field_number32(field);
        return 0;
    case TF_FIELD_START_TICKS:
        process->start_ticks = field->number;
        return 0;
    case TF_FIELD_COMMAND:
        process->command_bytes = field->bytes < COMMAND_BYTES_MAX ? field->bytes : COMMAND_BYTES_MAX;
        return field_text(trace, field, COMMAND_BYTES_MAX, &process->command, err);
    case TF_FIELD_EXECUTABLE:
        return field_text(trace, field, FIELD_TEXT_MAX, &process->executable, err);
    case TF_FIELD_DIRECTORY:
        return field_text(trace, field, FIELD_TEXT_MAX, &process->directory, err);
    case TF_FIELD_ORIGIN:
        process->origin = field_number32(field);
        return 0;
    default:
        return field_unknown(field, err);
    }
}

static int process_add(struct facts *facts, struct trace *trace, const uint8_t *at, const uint8_t *end, struct err *err)
{
    struct trace_process process = {.command = "", .executable = "", .directory = ""};
    struct field field;
    int result, failed = 0;
    while (failed == 0 && (result = field_next(&at, end, &field)) > 0)
        failed = process_field(trace, &process, &field, err);
    if (failed != 0 || fields_end(result, err) != 0)
        return -1;
    if (process.serial == 0)
        return err_set(err, ERR_INCOMPLETE, "it names no process");
    struct trace_process *known = process_known(facts, trace, process.serial, err);
    if (known == NULL)
        return -1;
    *known = process;
    return 0;
}

/* A second block of the same serial adds facts; what it does not say stays. */
static int thread_field(struct trace *trace, struct trace_thread *thread, const struct field *field, struct err *err)
{
    switch (field->key) {
    case TF_FIELD_THREAD:
        return field->number == thread->serial ? 0 : err_set(err, ERR_INCOMPLETE, "it contradicts its header");
    case TF_FIELD_PROCESS:
        thread->process = field_number32(field);
        return 0;
    case TF_FIELD_TID:
        thread->tid = field_number32(field);
        return 0;
    case TF_FIELD_START_TICKS:
        thread->start_ticks = field->number;
        return 0;
    case TF_FIELD_NAME:
        return field_text(trace, field, FIELD_TEXT_MAX, &thread->name, err);
    default:
        return field_unknown(field, err);
    }
}

static int thread_add(struct facts *facts, struct trace *trace, const struct tf_header *header, const uint8_t *at,
                      const uint8_t *end, struct err *err)
{
    struct field field;
    int result, failed = 0;
    uint32_t number = facts_thread(facts, trace, header->thread, err);
    if (number == TRACE_NONE)
        return -1;
    struct trace_thread thread = trace->threads[number];
    while (failed == 0 && (result = field_next(&at, end, &field)) > 0)
        failed = thread_field(trace, &thread, &field, err);
    if (failed != 0 || fields_end(result, err) != 0)
        return -1;
    trace->threads[number] = thread;
    return process_known(facts, trace, thread.process, err) == NULL ? -1 : 0;
}

/* ---- MODULE --------------------------------------------------------------------------------------- */

static bool object_equal(const void *table, uint32_t number, const void *key)
{
    const struct trace_object *a = &((const struct trace *)table)->objects[number], *b = key;
    return strcmp(a->path, b->path) == 0 && a->build_id_bytes == b->build_id_bytes &&
           (a->build_id_bytes == 0 || memcmp(a->build_id, b->build_id, a->build_id_bytes) == 0);
}

uint32_t facts_object(const struct facts *facts, const struct trace *trace, const struct trace_object *object)
{
    uint64_t hash = index_hash(&facts->objects, index_hash_bytes(&facts->objects, object->path, strlen(object->path)),
                               index_hash_bytes(&facts->objects, object->build_id, object->build_id_bytes));
    return index_find(&facts->objects, hash, object_equal, trace, object);
}

static uint32_t object_intern(struct facts *facts, struct trace *trace, const struct trace_object *object,
                              struct err *err)
{
    uint64_t hash = index_hash(&facts->objects, index_hash_bytes(&facts->objects, object->path, strlen(object->path)),
                               index_hash_bytes(&facts->objects, object->build_id, object->build_id_bytes));
    uint32_t found = index_find(&facts->objects, hash, object_equal, trace, object);
    if (found != INDEX_NONE)
        return found;
    struct trace_object *objects =
        array_grow(trace->objects, trace->nr_objects, &facts->object_capacity, sizeof(*objects));
    if (objects != NULL)
        trace->objects = objects;
    if (objects == NULL || trace->nr_objects == TRACE_NONE ||
        index_add(&facts->objects, hash, trace->nr_objects) != 0) {
        field_no_memory(err);
        return TRACE_NONE;
    }
    objects[trace->nr_objects] = *object;
    return trace->nr_objects++;
}

static bool module_equal(const void *table, uint32_t number, const void *key)
{
    const struct trace_module *a = &((const struct trace *)table)->modules[number], *b = key;
    return a->process == b->process && a->base == b->base;
}

static int module_append(struct facts *facts, struct trace *trace, const struct trace_module *module, struct err *err)
{
    uint64_t hash = index_hash(&facts->modules, module->process, module->base);
    uint32_t found = index_find(&facts->modules, hash, module_equal, trace, module);
    struct trace_module *modules =
        array_grow(trace->modules, trace->nr_modules, &facts->module_capacity, sizeof(*modules));
    if (modules != NULL)
        trace->modules = modules;
    if (modules == NULL || trace->nr_modules == TRACE_NONE)
        return field_no_memory(err);
    if (found == INDEX_NONE) {
        if (index_add(&facts->modules, hash, trace->nr_modules) != 0)
            return field_no_memory(err);
        modules[trace->nr_modules++] = *module;
        return 0;
    }
    /* The index keeps naming `found`: so the newest mapping of a base lives there, and older ones move behind. */
    if (modules[found].unload_ticks > module->load_ticks)
        modules[found].unload_ticks = module->load_ticks;
    modules[trace->nr_modules++] = modules[found];
    modules[found] = *module;
    return 0;
}

static int segment_parse(const struct field *field, struct trace_segment *segment)
{
    const uint8_t *p = field->value, *end = p + field->bytes;
    uint64_t *const numbers[] = {&segment->address, &segment->bytes, &segment->flags};
    for (int i = 0; i < 3; i++) {
        p = tf_get_varint(p, end, numbers[i]);
        if (p == NULL)
            return -1;
    }
    return 0;
}

/* Collect the segments of a MODULE_LOAD whose fields are known to be well-formed. */
static int segments_parse(struct trace *trace, const uint8_t *at, const uint8_t *end, uint32_t nr,
                          struct trace_module *module, struct err *err)
{
    struct trace_segment *segments = arena_array(&trace->arena, nr, sizeof(*segments));
    struct field field;
    if (segments == NULL)
        return field_no_memory(err);
    module->segments = segments;
    while (field_next(&at, end, &field) > 0) {
        if (field.key == TF_FIELD_SEGMENT && segment_parse(&field, &segments[module->nr_segments++]) != 0)
            return err_set(err, ERR_INCOMPLETE, "a segment is malformed");
    }
    return 0;
}

/* dlopen("./plugin.so") gives a path from where the program ran. */
static int path_complete(const struct facts *facts, struct trace *trace, uint32_t process, const char **path,
                         struct err *err)
{
    uint32_t found = facts_process_find(facts, trace, process);
    const char *directory = found != TRACE_NONE ? trace->processes[found].directory : "";
    const char *rest = strncmp(*path, "./", 2) == 0 ? *path + 2 : *path;
    if (directory[0] != '/' || (*path)[0] == '/' || strchr(*path, '/') == NULL)
        return 0;
    size_t bytes = strlen(directory) + 1 + strlen(rest);
    char *joined = arena_alloc(&trace->arena, bytes + 1);
    if (joined == NULL)
        return field_no_memory(err);
    snprintf(joined, bytes + 1, "%s/%s", directory, rest);
    *path = joined;
    return 0;
}

static int module_load(struct facts *facts, struct trace *trace, uint32_t process, const struct field *load,
                       struct err *err)
{
    const uint8_t *at = load->value, *end = at + load->bytes;
    struct trace_module module = {.process = process, .unload_ticks = UINT64_MAX};
    struct trace_object object = {.path = ""};
    struct field field;
    uint32_t nr_segments = 0;
    int result, failed = 0;
    while (failed == 0 && (result = field_next(&at, end, &field)) > 0) {
        switch (field.key) {
        case TF_FIELD_MODULE_BASE:
            module.base = field.number;
            break;
        case TF_FIELD_TICKS:
            module.load_ticks = field.number;
            break;
        case TF_FIELD_MODULE_PATH:
            failed = field_text(trace, &field, FIELD_TEXT_MAX, &object.path, err);
            break;
        case TF_FIELD_BUILD_ID:
            object.build_id_bytes = field.bytes < FIELD_TEXT_MAX ? field.bytes : FIELD_TEXT_MAX;
            object.build_id =
                (const uint8_t *)arena_copy(&trace->arena, (const char *)field.value, object.build_id_bytes);
            failed = object.build_id == NULL ? field_no_memory(err) : 0;
            break;
        case TF_FIELD_SEGMENT:
            nr_segments++;
            break;
        default:
            failed = field_unknown(&field, err);
        }
    }
    if (failed != 0 || fields_end(result, err) != 0 ||
        segments_parse(trace, load->value, end, nr_segments, &module, err) != 0 ||
        path_complete(facts, trace, process, &object.path, err) != 0)
        return -1;
    module.object = object_intern(facts, trace, &object, err);
    return module.object == TRACE_NONE ? -1 : module_append(facts, trace, &module, err);
}

static int module_unload(struct facts *facts, struct trace *trace, uint32_t process, const struct field *unload,
                         struct err *err)
{
    const uint8_t *at = unload->value, *end = at + unload->bytes;
    struct trace_module module = {.process = process, .object = TRACE_NONE};
    struct field field;
    int result, failed = 0;
    while (failed == 0 && (result = field_next(&at, end, &field)) > 0) {
        if (field.key == TF_FIELD_MODULE_BASE)
            module.base = field.number;
        else if (field.key == TF_FIELD_TICKS)
            module.unload_ticks = field.number;
        else
            failed = field_unknown(&field, err);
    }
    if (failed != 0 || fields_end(result, err) != 0)
        return -1;
    uint32_t found =
        index_find(&facts->modules, index_hash(&facts->modules, process, module.base), module_equal, trace, &module);
    if (found == INDEX_NONE)
        return module_append(facts, trace, &module, err);
    if (trace->modules[found].unload_ticks == UINT64_MAX)
        trace->modules[found].unload_ticks = module.unload_ticks;
    return 0;
}

static int modules_add(struct facts *facts, struct trace *trace, const uint8_t *at, const uint8_t *end, struct err *err)
{
    struct field field;
    uint32_t process = 0;
    int result, failed = 0;
    while (failed == 0 && (result = field_next(&at, end, &field)) > 0) {
        if (field.key == TF_FIELD_PROCESS) {
            process = field_number32(&field);
            failed = process_known(facts, trace, process, err) == NULL ? -1 : 0;
        } else if (field.key == TF_FIELD_MODULE_LOAD)
            failed = module_load(facts, trace, process, &field, err);
        else if (field.key == TF_FIELD_MODULE_UNLOAD)
            failed = module_unload(facts, trace, process, &field, err);
        else
            failed = field_unknown(&field, err);
    }
    return failed != 0 ? failed : fields_end(result, err);
}

int facts_add_block(struct facts *facts, struct trace *trace, const struct tf_header *header, const uint8_t *payload,
                    struct err *err)
{
    const uint8_t *end = payload + header->raw_bytes;
    switch (header->type) {
    case TF_BLOCK_SESSION:
        return session_add(facts, trace, header, payload, end, err);
    case TF_BLOCK_PROCESS:
        return process_add(facts, trace, payload, end, err);
    case TF_BLOCK_THREAD:
        return thread_add(facts, trace, header, payload, end, err);
    case TF_BLOCK_MODULE:
        return modules_add(facts, trace, payload, end, err);
    case TF_BLOCK_SYMBOLS:
        return names_add(facts, trace, payload, end, err);
    case TF_BLOCK_END:
        return end_add(facts, trace, header, payload, end, err);
    case TF_BLOCK_HOOKS:
        return hooks_add(trace, payload, end, err);
    default: /* the reader has made sure that it may be skipped */
        return 0;
    }
}
