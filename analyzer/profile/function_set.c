/*
 * Two indexes over one array.
 */
#include "profile/function_set.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_BYTES_MAX ((size_t)1 << 30)

void function_set_init(struct function_set *set)
{
    *set = (struct function_set){0};
    index_init(&set->codes);
    index_init(&set->regions);
    arena_init(&set->names, NAMES_BYTES_MAX);
}

void function_set_release(struct function_set *set)
{
    free(set->ids);
    index_release(&set->codes);
    index_release(&set->regions);
    arena_release(&set->names);
    *set = (struct function_set){0};
}

static bool code_equal(const void *table, uint32_t number, const void *key)
{
    const struct function_id *a = &((const struct function_set *)table)->ids[number], *b = key;
    return a->at.object == b->at.object && a->at.address == b->at.address && a->site.object == b->site.object &&
           a->site.address == b->site.address;
}

static bool region_equal(const void *table, uint32_t number, const void *key)
{
    const struct function_id *a = &((const struct function_set *)table)->ids[number], *b = key;
    return a->region_bytes == b->region_bytes && memcmp(a->region, b->region, b->region_bytes) == 0;
}

static uint32_t function_add(struct function_set *set, struct index *index, uint64_t hash, const struct function_id *id,
                             struct err *err)
{
    struct function_id *ids = array_grow(set->ids, set->nr, &set->capacity, sizeof(*ids));
    if (ids != NULL)
        set->ids = ids;
    if (ids == NULL || set->nr >= FUNCTIONS_MAX || index_add(index, hash, set->nr) != 0) {
        err_set(err, ERR_INPUT, "out of memory: %u functions", set->nr);
        return FUNCTION_NONE;
    }
    ids[set->nr] = *id;
    return set->nr++;
}

uint32_t function_set_code(struct function_set *set, const struct address *at, struct err *err)
{
    return function_set_call(set, at, &(struct address){.object = TRACE_NONE}, err);
}

uint32_t function_set_call(struct function_set *set, const struct address *at, const struct address *site,
                           struct err *err)
{
    struct function_id id = {.at = *at, .site = *site};
    uint64_t hash = index_hash(&set->codes, at->address + id.site.address, at->object);
    uint32_t found = index_find(&set->codes, hash, code_equal, set, &id);
    return found != INDEX_NONE ? found : function_add(set, &set->codes, hash, &id, err);
}

uint32_t function_set_region(struct function_set *set, const char *name, uint32_t bytes, struct err *err)
{
    uint64_t hash = index_hash_bytes(&set->regions, name, bytes);
    struct function_id id = {
        .at = {.object = TRACE_NONE}, .site = {.object = TRACE_NONE}, .region = name, .region_bytes = bytes};
    uint32_t found = index_find(&set->regions, hash, region_equal, set, &id);
    if (found != INDEX_NONE)
        return found;
    id.region = arena_copy(&set->names, name, bytes);
    if (id.region == NULL) {
        err_set(err, ERR_INPUT, "out of memory: names of regions");
        return FUNCTION_NONE;
    }
    return function_add(set, &set->regions, hash, &id, err);
}
