/*
 * From an address in a process at some time to an object file and an address in it.
 *
 * What was mapped then counts: a second plugin is regularly loaded where the first one was. When nothing was mapped
 * there yet but something is later, that is taken: the notice of a load comes after the load. A forked child sees what
 * its parent had mapped at the fork, changed by what its own blocks say. Not changed once it is made.
 */
#ifndef ADDRESS_MAP_H
#define ADDRESS_MAP_H

#include "trace/reader.h"

struct process_map;

struct address_map {
    struct process_map *processes;
    uint32_t nr_processes;
    struct index serials;
};

struct address {
    uint32_t object;  /* index into trace->objects; TRACE_NONE: nothing is known there */
    uint64_t address; /* in the file; as it was in the process when the object is TRACE_NONE */
};

/* Make the map of all processes of a trace. 0 or -1; it is to be released in both cases. */
int address_map_init(struct address_map *map, const struct trace *trace, struct err *err);
void address_map_release(struct address_map *map);

struct address address_map_find(const struct address_map *map, uint32_t process, uint64_t address, uint64_t ticks);

/*
 * The first time after `ticks` at which an object goes from the process, so that an address can mean something else;
 * UINT64_MAX when there is none.
 */
uint64_t address_map_next_change(const struct address_map *map, uint32_t process, uint64_t ticks);

#endif
