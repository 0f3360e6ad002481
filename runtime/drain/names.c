#include "drain/names.h"

#include "drain/memory.h"

#include <string.h>

enum { NR_SLOTS = 2 * NAMES_MAX };

static const char too_many[] = "(too many names)";

int names_init(struct names *names)
{
    names->text = memory_map(NAMES_BYTES);
    names->starts = memory_map((NAMES_MAX + 1) * sizeof *names->starts);
    names->slots = memory_map(NR_SLOTS * sizeof *names->slots);
    names->nr = 0;
    if (names->text == NULL || names->starts == NULL || names->slots == NULL)
        return -1;
    names_intern(names, too_many, sizeof too_many - 1);
    return 0;
}

uint32_t names_intern(struct names *names, const char *text, uint32_t bytes)
{
    if (bytes > NAME_BYTES_MAX)
        bytes = NAME_BYTES_MAX;
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < bytes; i++)
        hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    uint32_t slot = hash % NR_SLOTS;
    for (; names->slots[slot] != 0; slot = (slot + 1) % NR_SLOTS) {
        uint32_t number = names->slots[slot] - 1;
        uint32_t start = names->starts[number];
        if (names->starts[number + 1] - start == bytes && memcmp(names->text + start, text, bytes) == 0)
            return number;
    }
    uint32_t start = names->starts[names->nr];
    if (names->nr == NAMES_MAX || start + bytes > NAMES_BYTES)
        return 0;
    memcpy(names->text + start, text, bytes);
    names->starts[names->nr + 1] = start + bytes;
    names->slots[slot] = ++names->nr;
    return names->nr - 1;
}
