/*
 * A hash index: from a key to the number of an element in the caller's own array.
 *
 * The index stores numbers and hashes only; the keys stay where they are. Hashes are keyed with a random seed, so that
 * a crafted input cannot make its keys collide. Nothing depends on the order inside. Used by one thread at a time.
 */
#ifndef INDEX_H
#define INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INDEX_NONE UINT32_MAX

struct index_slot {
    uint64_t hash;
    uint32_t number; /* INDEX_NONE: free */
};

struct index {
    struct index_slot *slots;
    size_t nr_slots, nr;
    uint64_t seed;
};

void index_init(struct index *index);
void index_release(struct index *index);

/* Hashes of keys for this index. */
uint64_t index_hash(const struct index *index, uint64_t a, uint64_t b);
uint64_t index_hash_bytes(const struct index *index, const void *bytes, size_t nr_bytes);

/* True when element `number` of `table` has the key. */
typedef bool index_equal(const void *table, uint32_t number, const void *key);

/* The number of the element with that key, or INDEX_NONE. */
uint32_t index_find(const struct index *index, uint64_t hash, index_equal *equal, const void *table, const void *key);

/* Add a number that index_find did not find. 0, or -1 when memory ran out (then nothing is changed). */
int index_add(struct index *index, uint64_t hash, uint32_t number);

#endif
