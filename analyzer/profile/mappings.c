#include "profile/mappings.h"

#include <stdlib.h>
#include <string.h>

void mappings_release(struct mappings *mappings)
{
    free(mappings->ranges);
    *mappings = (struct mappings){0};
}

/* The first range of the process that ends behind `address`, or where it would lie. */
static size_t range_find(const struct mappings *mappings, uint32_t process, uint64_t address)
{
    size_t low = 0, high = mappings->nr;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct mapping *range = &mappings->ranges[middle];
        if (range->process < process || (range->process == process && range->end <= address))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int range_insert(struct mappings *mappings, size_t at, const struct mapping *range)
{
    if (mappings->nr == mappings->capacity) {
        size_t capacity = mappings->capacity + mappings->capacity / 2 + 16;
        struct mapping *ranges = realloc(mappings->ranges, capacity * sizeof(*ranges));
        if (ranges == NULL)
            return -1;
        mappings->ranges = ranges;
        mappings->capacity = capacity;
    }
    memmove(&mappings->ranges[at + 1], &mappings->ranges[at], (mappings->nr++ - at) * sizeof(*range));
    mappings->ranges[at] = *range;
    return 0;
}

static void range_delete(struct mappings *mappings, size_t at)
{
    memmove(&mappings->ranges[at], &mappings->ranges[at + 1], (--mappings->nr - at) * sizeof(mappings->ranges[0]));
}

/* The end of a range that begins at `start`; addresses come from a file. */
static uint64_t range_end(uint64_t start, uint64_t bytes)
{
    return bytes > UINT64_MAX - start ? UINT64_MAX : start + bytes;
}

int mappings_remove(struct mappings *mappings, uint32_t process, uint64_t start, uint64_t bytes, uint64_t *removed)
{
    uint64_t end = range_end(start, bytes);
    *removed = 0;
    for (size_t at = range_find(mappings, process, start); at < mappings->nr;) {
        struct mapping *range = &mappings->ranges[at];
        if (range->process != process || range->start >= end)
            break;
        const struct mapping behind = {end, range->end, process};
        uint64_t from = range->start > start ? range->start : start, to = range->end < end ? range->end : end;
        *removed += to - from;
        bool keeps_head = range->start<start, keeps_tail = range->end> end;
        if (keeps_head)
            range->end = start;
        else if (keeps_tail)
            range->start = end;
        if (keeps_head && keeps_tail && range_insert(mappings, at + 1, &behind) != 0)
            return -1;
        if (!keeps_head && !keeps_tail)
            range_delete(mappings, at);
        else
            at++;
    }
    mappings->totals.unmapped += *removed;
    mappings->totals.live -= *removed;
    return 0;
}

int mappings_add(struct mappings *mappings, uint32_t process, uint64_t start, uint64_t bytes)
{
    const struct mapping range = {start, range_end(start, bytes), process};
    uint64_t replaced;
    if (range.end == start)
        return 0;
    if (mappings_remove(mappings, process, start, bytes, &replaced) != 0 ||
        range_insert(mappings, range_find(mappings, process, start), &range) != 0)
        return -1;
    mappings->totals.nr++;
    mappings->totals.mapped += range.end - start;
    mappings->totals.live += range.end - start;
    if (mappings->totals.live > mappings->totals.peak)
        mappings->totals.peak = mappings->totals.live;
    return 0;
}

int mappings_take(struct mappings *mappings, uint32_t process, const struct chunk_ext *ext, uint64_t *moved)
{
    uint64_t removed;
    if (ext->kind == TF_EXT_MAPPED) {
        bool wanted = ext->third != TF_MAP_MOVED || *moved > 0;
        *moved = ext->third == TF_MAP_MOVED ? 0 : *moved;
        return wanted ? mappings_add(mappings, process, ext->number, ext->second) : 0;
    }
    if (ext->kind != TF_EXT_UNMAPPED)
        return 0;
    if (mappings_remove(mappings, process, ext->number, ext->second, &removed) != 0)
        return -1;
    if (ext->third == TF_MAP_MOVED)
        *moved = removed;
    return 0;
}
