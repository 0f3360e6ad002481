/*
 * Open addressing with linear probing, at most half full.
 */
#include "base/index.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define INDEX_SLOTS_MIN 64u

void index_init(struct index *index)
{
    *index = (struct index){0};
    /* Without a random number the address of the index is still hard to guess. */
    if (getrandom(&index->seed, sizeof(index->seed), GRND_NONBLOCK) != (ssize_t)sizeof(index->seed))
        index->seed = (uint64_t)(uintptr_t)index * 0x9E3779B97F4A7C15u;
}

void index_release(struct index *index)
{
    free(index->slots);
    *index = (struct index){0};
}

/* The two halves of a 128-bit product, folded: every bit of the result depends on every bit of both factors. */
static uint64_t hash_fold(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t index_hash(const struct index *index, uint64_t a, uint64_t b)
{
    uint64_t mixed = hash_fold(a ^ index->seed, 0x9E3779B97F4A7C15u ^ (index->seed >> 32)) + b;
    return hash_fold(mixed ^ 0xD6E8FEB86659FD93u, index->seed | 1);
}

uint64_t index_hash_bytes(const struct index *index, const void *bytes, size_t nr_bytes)
{
    const unsigned char *p = bytes;
    uint64_t hash = nr_bytes;
    for (; nr_bytes >= 8; p += 8, nr_bytes -= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof(word));
        hash = index_hash(index, hash, word);
    }
    uint64_t word = 0;
    if (nr_bytes > 0)
        memcpy(&word, p, nr_bytes);
    return index_hash(index, hash, word);
}

uint32_t index_find(const struct index *index, uint64_t hash, index_equal *equal, const void *table, const void *key)
{
    if (index->nr_slots == 0)
        return INDEX_NONE;
    for (size_t i = hash & (index->nr_slots - 1);; i = (i + 1) & (index->nr_slots - 1)) {
        const struct index_slot *slot = &index->slots[i];
        if (slot->number == INDEX_NONE)
            return INDEX_NONE;
        if (slot->hash == hash && equal(table, slot->number, key))
            return slot->number;
    }
}

static void slot_put(struct index_slot *slots, size_t nr_slots, uint64_t hash, uint32_t number)
{
    size_t i = hash & (nr_slots - 1);
    while (slots[i].number != INDEX_NONE)
        i = (i + 1) & (nr_slots - 1);
    slots[i] = (struct index_slot){.hash = hash, .number = number};
}

int index_add(struct index *index, uint64_t hash, uint32_t number)
{
    if (2 * (index->nr + 1) > index->nr_slots) {
        size_t wanted = index->nr_slots == 0 ? INDEX_SLOTS_MIN : 2 * index->nr_slots, bytes;
        if (__builtin_mul_overflow(wanted, sizeof(*index->slots), &bytes))
            return -1;
        struct index_slot *slots = malloc(bytes);
        if (slots == NULL)
            return -1;
        for (size_t i = 0; i < wanted; i++)
            slots[i] = (struct index_slot){.number = INDEX_NONE};
        for (size_t i = 0; i < index->nr_slots; i++) {
            if (index->slots[i].number != INDEX_NONE)
                slot_put(slots, wanted, index->slots[i].hash, index->slots[i].number);
        }
        free(index->slots);
        index->slots = slots;
        index->nr_slots = wanted;
    }
    slot_put(index->slots, index->nr_slots, hash, number);
    index->nr++;
    return 0;
}
