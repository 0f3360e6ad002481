#include "profile/heap_roots.h"

#include "base/path.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES   (64ull << 20) /* glibc's heaps of arenas begin at multiples of this */
#define REDZONE_BYTES 128u          /* below the stack pointer, and still used (x86-64) */
#define SEGMENTS_MAX  65536u
#define STORAGE_BYTES (16u << 10) /* around the thread pointer: the thread's, for the sake of its name */
#define PAGE_MASK     ((uint64_t)TF_PAGE_BYTES - 1)

/* A module's memory as it was mapped at the snapshot. */
struct segment {
    uint64_t start, end, base;
    uint32_t object;
};

struct maker {
    struct heap_roots *roots;
    const struct image *image;
    const struct trace *trace;
    struct segment *segments; /* by start */
    size_t nr_segments, segment_capacity;
    bool everything;
    struct err *err;
};

static int no_memory(struct maker *maker)
{
    return err_set(maker->err, ERR_INPUT, "out of memory");
}

/* ---- Modules -------------------------------------------------------------------------------------- */

/* The process itself, or one that it was forked from. */
static bool is_ancestor(const struct trace *trace, uint32_t process, uint32_t of)
{
    for (uint32_t depth = 0; depth <= trace->nr_processes && of != 0; depth++) {
        const struct trace_process *one = trace_process_find(trace, of);
        if (of == process)
            return true;
        of = one != NULL && one->origin == TF_ORIGIN_FORK ? one->parent : 0;
    }
    return false;
}

static int segment_compare(const void *a, const void *b)
{
    const struct segment *one = a, *other = b;
    return (one->start > other->start) - (one->start < other->start);
}

static int segments_find(struct maker *maker, uint64_t ticks)
{
    const struct trace *trace = maker->trace;
    for (uint32_t i = 0; i < trace->nr_modules; i++) {
        const struct trace_module *module = &trace->modules[i];
        if (module->object == TRACE_NONE || module->unload_ticks <= ticks ||
            !is_ancestor(trace, module->process, maker->image->process))
            continue;
        for (uint32_t j = 0; j < module->nr_segments && maker->nr_segments < SEGMENTS_MAX; j++) {
            const struct trace_segment *from = &module->segments[j];
            uint64_t start = module->base + from->address;
            if ((from->flags & 1) != 0 || from->bytes == 0 || from->bytes > UINT64_MAX - start - TF_PAGE_BYTES)
                continue;
            void *grown =
                array_grow(maker->segments, maker->nr_segments, &maker->segment_capacity, sizeof(*maker->segments));
            if (grown == NULL)
                return no_memory(maker);
            maker->segments = grown;
            maker->segments[maker->nr_segments++] =
                (struct segment){.start = start & ~PAGE_MASK,
                                 .end = (start + from->bytes + PAGE_MASK) & ~PAGE_MASK,
                                 .base = module->base,
                                 .object = module->object};
        }
    }
    if (maker->nr_segments > 0)
        qsort(maker->segments, maker->nr_segments, sizeof(*maker->segments), segment_compare);
    return 0;
}

/* ---- Ranges --------------------------------------------------------------------------------------- */

static int range_add(struct maker *maker, const struct root_range *range)
{
    struct heap_roots *roots = maker->roots;
    if (range->start >= range->end)
        return 0;
    void *ranges = array_grow(roots->ranges, roots->nr, &roots->capacity, sizeof(*roots->ranges));
    if (ranges == NULL)
        return no_memory(maker);
    roots->ranges = ranges;
    roots->ranges[roots->nr++] = *range;
    return 0;
}

/* The thread with the lowest stack pointer in [start, end); UINT32_MAX: none. */
static uint32_t lowest_thread(const struct image *image, uint64_t start, uint64_t end)
{
    uint32_t lowest = UINT32_MAX;
    for (uint32_t i = 0; i < image->nr_threads; i++) {
        uint64_t pointer = image->threads[i].stack_pointer;
        if (pointer >= start && pointer < end &&
            (lowest == UINT32_MAX || pointer < image->threads[lowest].stack_pointer))
            lowest = i;
    }
    return lowest;
}

static uint32_t main_thread(const struct image *image)
{
    for (uint32_t i = 0; i < image->nr_threads; i++)
        if (image->threads[i].tid == image->pid)
            return i;
    return UINT32_MAX;
}

/* Stacks grow down: from each stack pointer on it is that thread's. What is below the lowest one is of the past, if it
 * belongs to the stack. */
static int stacks_add(struct maker *maker, const struct image_mapping *mapping, uint64_t start, uint64_t end)
{
    bool is_main = strcmp(mapping->path, "[stack]") == 0;
    uint32_t thread = lowest_thread(maker->image, start, end);
    struct root_range range = {.start = start,
                               .end = end,
                               .kind = is_main ? ROOT_THREAD : ROOT_MEMORY,
                               .subject =
                                   is_main ? main_thread(maker->image) : (uint32_t)(mapping - maker->image->mappings)};
    bool is_guarded = is_main || (start == mapping->start && (mapping->flags & TF_MAPPING_GUARDED) != 0);
    while (thread != UINT32_MAX) {
        uint64_t pointer = maker->image->threads[thread].stack_pointer;
        uint64_t from = pointer - start > REDZONE_BYTES ? (pointer - REDZONE_BYTES) & ~7ull : start;
        range.end = from;
        if (!is_guarded && range_add(maker, &range) != 0)
            return -1;
        is_guarded = false;
        range = (struct root_range){.start = from, .end = end, .kind = ROOT_THREAD, .subject = thread};
        start = pointer + 1;
        thread = lowest_thread(maker->image, start, end);
    }
    return range_add(maker, &range);
}

/* Memory that the program, or its allocator, has mapped: piece by piece, where an arena may begin. */
static int pieces_add(struct maker *maker, const struct image_mapping *mapping, uint64_t start, uint64_t end)
{
    while (start < end) {
        uint64_t boundary = (start / ARENA_BYTES + 1) * ARENA_BYTES;
        struct root_range range = {.start = start,
                                   .end = boundary < end ? boundary : end,
                                   .kind = ROOT_MEMORY,
                                   .subject = (uint32_t)(mapping - maker->image->mappings),
                                   .may_be_arena = start % ARENA_BYTES == 0 && !maker->everything,
                                   .has_gaps = !maker->everything};
        if (range_add(maker, &range) != 0)
            return -1;
        start = range.end;
    }
    return 0;
}

/* The thread whose thread-local storage lies in [start, end); UINT32_MAX: none. */
static uint32_t storage_thread(const struct image *image, uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < image->nr_threads; i++)
        if (image->threads[i].thread_pointer >= start && image->threads[i].thread_pointer < end)
            return i;
    return UINT32_MAX;
}

static int anonymous_add(struct maker *maker, const struct image_mapping *mapping, uint64_t start, uint64_t end)
{
    if (lowest_thread(maker->image, start, end) != UINT32_MAX || strcmp(mapping->path, "[stack]") == 0)
        return stacks_add(maker, mapping, start, end);
    uint32_t thread = storage_thread(maker->image, start, end);
    if (thread == UINT32_MAX)
        return pieces_add(maker, mapping, start, end);
    uint64_t pointer = maker->image->threads[thread].thread_pointer & ~PAGE_MASK;
    uint64_t from = pointer - start > STORAGE_BYTES ? pointer - STORAGE_BYTES : start;
    uint64_t to = end - pointer > STORAGE_BYTES ? pointer + STORAGE_BYTES : end;
    struct root_range range = {
        .start = from, .end = to, .kind = ROOT_THREAD, .subject = thread, .has_gaps = !maker->everything};
    if (pieces_add(maker, mapping, start, from) != 0 || range_add(maker, &range) != 0)
        return -1;
    return pieces_add(maker, mapping, to, end);
}

/* What of a mapping is no module's. */
static int rest_add(struct maker *maker, const struct image_mapping *mapping, uint64_t start, uint64_t end)
{
    if (start >= end || (strcmp(mapping->path, "[heap]") == 0 && !maker->everything))
        return 0;
    return anonymous_add(maker, mapping, start, end);
}

static bool is_libc(const char *path)
{
    const char *name = path_last(path);
    return strncmp(name, "libc.so.", 8) == 0 || strncmp(name, "libc-2.", 7) == 0;
}

static int mapping_add(struct maker *maker, const struct image_mapping *mapping)
{
    uint64_t at = mapping->start;
    for (size_t i = 0; i < maker->nr_segments && at < mapping->end; i++) {
        const struct segment *segment = &maker->segments[i];
        uint64_t start = segment->start > at ? segment->start : at;
        uint64_t end = segment->end < mapping->end ? segment->end : mapping->end;
        if (start >= end)
            continue;
        struct root_range range = {
            .start = start, .end = end, .kind = ROOT_VARIABLE, .subject = segment->object, .base = segment->base};
        range.is_libc = is_libc(maker->trace->objects[segment->object].path);
        if (rest_add(maker, mapping, at, start) != 0 || range_add(maker, &range) != 0)
            return -1;
        at = end;
    }
    return rest_add(maker, mapping, at, mapping->end);
}

int heap_roots_make(struct heap_roots *roots, const struct image *image, const struct trace *trace,
                    const struct heap_live *live, bool everything, struct err *err)
{
    struct maker maker = {.roots = roots, .image = image, .trace = trace, .everything = everything, .err = err};
    *roots = (struct heap_roots){0};
    int result = segments_find(&maker, live->ticks);
    for (uint32_t i = 0; i < image->nr_mappings && result == 0; i++)
        result = mapping_add(&maker, &image->mappings[i]);
    free(maker.segments);
    return result;
}

void heap_roots_release(struct heap_roots *roots)
{
    free(roots->ranges);
    *roots = (struct heap_roots){0};
}
