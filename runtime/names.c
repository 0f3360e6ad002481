#include "names.h"

#include "bytes.h"

#include <stdbool.h>
#include <string.h>

/* A text is preceded by its length, a u16. The first bytes are not used: 0 is no name. */
enum { LENGTH_BYTES = 2, FIRST = 8 };

static const char too_many[] = "(too many names)";

static bool name_is(const struct region_names *names, uint32_t name, const char *text, uint32_t bytes)
{
    uint16_t length;
    memcpy(&length, names->text + name - LENGTH_BYTES, sizeof length);
    return length == bytes && memcmp(names->text + name, text, bytes) == 0;
}

/* Append a text; two threads that append the same one at the same time make it two names, which no reader minds. */
static uint32_t name_append(struct region_names *names, const char *text, uint32_t bytes)
{
    uint32_t need = LENGTH_BYTES + bytes;
    uint32_t used = __atomic_load_n(&names->bytes, __ATOMIC_RELAXED);
    do {
        if (used + need > REGION_NAMES_BYTES)
            return 0;
    } while (!__atomic_compare_exchange_n(&names->bytes, &used, used + need, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    uint16_t length = (uint16_t)bytes;
    uint32_t name = FIRST + used + LENGTH_BYTES;
    memcpy(names->text + name - LENGTH_BYTES, &length, sizeof length);
    bytes_copy(names->text + name, text, bytes);
    return name;
}

/* The name of a text that there may be room for; else 0. */
static uint32_t name_find(struct region_names *names, const char *text, uint32_t bytes)
{
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < bytes; i++)
        hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    for (uint32_t probes = 0; probes < REGION_NAMES_SLOTS / 2; probes++, hash++) {
        uint32_t *slot = &names->slots[hash % REGION_NAMES_SLOTS];
        uint32_t name = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
        if (name == 0) {
            uint32_t fresh = name_append(names, text, bytes);
            if (fresh == 0 || __atomic_compare_exchange_n(slot, &name, fresh, 0, __ATOMIC_RELEASE, __ATOMIC_ACQUIRE))
                return fresh;
        }
        if (name_is(names, name, text, bytes))
            return name;
    }
    return 0;
}

uint32_t names_intern(struct region *region, const char *path, const char *text, uint32_t bytes)
{
    struct region_names *names = region_names(region);
    if (!__atomic_load_n(&region->names_reserved, __ATOMIC_ACQUIRE)) {
        if (region_reserve(region, path, names, sizeof *names) != 0)
            return 0;
        __atomic_store_n(&region->names_reserved, 1, __ATOMIC_RELEASE);
    }
    uint32_t name = name_find(names, text, bytes < NAME_BYTES_MAX ? bytes : NAME_BYTES_MAX);
    return name != 0 ? name : name_find(names, too_many, sizeof too_many - 1);
}

const char *names_text(const struct region *region, uint64_t name, uint32_t *bytes)
{
    const struct region_names *names = region_names((struct region *)(uintptr_t)region);
    uint16_t length = 0;
    *bytes = 0;
    if (!region->names_reserved || name < FIRST + LENGTH_BYTES || name > FIRST + REGION_NAMES_BYTES)
        return "";
    memcpy(&length, names->text + name - LENGTH_BYTES, sizeof length);
    *bytes = length < NAME_BYTES_MAX ? length : NAME_BYTES_MAX;
    return names->text + name;
}
