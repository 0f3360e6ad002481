#include "profile/heap_sites.h"

#include <stdlib.h>

void heap_sites_init(struct heap_sites *sites)
{
    sites->sites = NULL;
    sites->nr = 0;
    sites->capacity = 0;
    index_init(&sites->index);
    for (uint32_t i = 0; i < HEAP_PLACES; i++)
        sites->places[i] = (struct heap_place){.site = HEAP_SITE_NONE};
}

void heap_sites_release(struct heap_sites *sites)
{
    for (uint32_t i = 0; i < sites->nr; i++)
        free(sites->sites[i].series.moments);
    free(sites->sites);
    index_release(&sites->index);
}

/* The place that a call returns to: the function that the byte before is in, FUNCTION_NONE without memory. */
static struct heap_place *place_find(struct heap_sites *sites, struct replay *replay, const struct replay_memory *event,
                                     struct err *err)
{
    uint64_t address = event->caller->address;
    struct heap_place *place =
        &sites->places[(address ^ address >> 10 ^ event->process ^ event->node * 7) & (HEAP_PLACES - 1)];
    if (place->address == address && place->process == event->process && event->ticks < place->until_ticks)
        return place;
    uint32_t function = FUNCTION_NONE;
    if (address != 0) {
        struct address at = address_map_find(&replay->map, event->process, address - 1, event->ticks);
        function = function_set_code(&replay->functions, &at, err);
        if (function == FUNCTION_NONE)
            return NULL;
    }
    *place = (struct heap_place){.address = address,
                                 .until_ticks = address_map_next_change(&replay->map, event->process, event->ticks),
                                 .process = event->process,
                                 .function = function,
                                 .site = HEAP_SITE_NONE};
    return place;
}

static bool site_equal(const void *table, uint32_t number, const void *key)
{
    const struct heap_site *site = &((const struct heap_site *)table)[number], *wanted = key;
    return site->node == wanted->node && site->function == wanted->function;
}

uint32_t heap_sites_find(struct heap_sites *sites, struct replay *replay, const struct replay_memory *event,
                         struct err *err)
{
    struct heap_place *place = place_find(sites, replay, event, err);
    if (place == NULL)
        return HEAP_SITE_NONE;
    if (place->site != HEAP_SITE_NONE && place->node == event->node)
        return place->site;
    const struct heap_site wanted = {.node = event->node, .function = place->function};
    uint64_t hash = index_hash(&sites->index, wanted.node, wanted.function);
    uint32_t number = index_find(&sites->index, hash, site_equal, sites->sites, &wanted);
    if (number == INDEX_NONE) {
        struct heap_site *all = array_grow(sites->sites, sites->nr, &sites->capacity, sizeof(*all));
        if (all == NULL || index_add(&sites->index, hash, sites->nr) != 0) {
            sites->sites = all != NULL ? all : sites->sites;
            err_set(err, ERR_INPUT, "out of memory: %u call paths of allocations", sites->nr);
            return HEAP_SITE_NONE;
        }
        sites->sites = all;
        all[sites->nr] = wanted;
        number = sites->nr++;
    }
    place->node = event->node;
    place->site = number;
    return number;
}
