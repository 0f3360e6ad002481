#include "drain/image_maps.h"

#include "drain/memory.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

enum {
    MAPPINGS_MAX = 1 << 20,
    PATHS_BYTES = 64 << 20, /* both are touched only as far as they are used */
    LINE_BYTES = 64 << 10
};

#define LARGE_BYTES (64ull << 30) /* not memory, but address space: a sanitizer's shadow */

static const char shared_memory[] = "/dev/zero (deleted)"; /* of this process and of its children alone */

static const char *number_parse(const char *p, const char *end, uint64_t *number)
{
    uint64_t value = 0;
    for (; p < end; p++) {
        char c = *p;
        if (c >= '0' && c <= '9')
            value = value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        else
            break;
    }
    *number = value;
    return p;
}

/* Past the next word and the blanks behind it. */
static const char *word_skip(const char *p, const char *end)
{
    while (p < end && *p != ' ')
        p++;
    while (p < end && *p == ' ')
        p++;
    return p;
}

static void mapping_add(struct image_maps *mappings, const struct image_map *mapping)
{
    if (mapping->start < mapping->end && mappings->nr < MAPPINGS_MAX)
        mappings->all[mappings->nr++] = *mapping;
}

/* Add it without what is ours. */
static void mapping_cut(struct image_maps *mappings, struct image_map mapping, const struct image_range *ours,
                        uint32_t nr_ours)
{
    while (mapping.start < mapping.end) {
        const struct image_range *next = NULL; /* the first one in it */
        for (uint32_t i = 0; i < nr_ours; i++) {
            if (ours[i].end > mapping.start && ours[i].start < mapping.end &&
                (next == NULL || ours[i].start < next->start))
                next = &ours[i];
        }
        struct image_map before = mapping;
        before.end = next == NULL ? mapping.end : next->start > mapping.start ? next->start : mapping.start;
        mapping_add(mappings, &before);
        if (next == NULL)
            return;
        mapping.start = next->end;
        mapping.flags &= ~(uint32_t)TF_MAPPING_GUARDED;
    }
}

/* "55d0c8a00000-55d0c8a21000 rw-p 00000000 00:00 0   [heap]" */
static void line_take(struct image_maps *mappings, const char *line, const char *end, const struct image_range *ours,
                      uint32_t nr_ours)
{
    uint64_t guard_end = mappings->guard_end;
    struct image_map mapping = {0};
    const char *p = number_parse(line, end, &mapping.start);
    if (p < end && *p == '-')
        p = number_parse(p + 1, end, &mapping.end);
    if (end - p < 6 || mapping.start >= mapping.end)
        return;
    mappings->guard_end = memcmp(p + 1, "---", 3) == 0 ? mapping.end : 0;
    bool readable = p[1] == 'r', writable = p[2] == 'w', shared = p[4] == 's';
    p = word_skip(p + 1, end);
    for (int i = 0; i < 3; i++) /* offset, device, inode */
        p = word_skip(p, end);
    size_t path_bytes = (size_t)(end - p);
    bool is_devzero = path_bytes == sizeof shared_memory - 1 && memcmp(p, shared_memory, path_bytes) == 0;
    if (!readable || !writable || (shared && !is_devzero) || mappings->paths_bytes + path_bytes > PATHS_BYTES)
        return;
    mapping.flags = (shared ? TF_MAPPING_SHARED : 0u) |
                    (mapping.end - mapping.start > LARGE_BYTES ? TF_MAPPING_LEFT_OUT : 0u) |
                    (mapping.start == guard_end ? TF_MAPPING_GUARDED : 0u);
    mapping.path = mappings->paths_bytes;
    mapping.path_bytes = (uint32_t)path_bytes;
    memcpy(mappings->paths + mappings->paths_bytes, p, path_bytes);
    mappings->paths_bytes += (uint32_t)path_bytes;
    mapping_cut(mappings, mapping, ours, nr_ours);
}

int image_maps_read(struct image_maps *mappings, const struct image_range *ours, uint32_t nr_ours)
{
    char text[LINE_BYTES];
    size_t used = 0;
    uint8_t *memory = memory_map(MAPPINGS_MAX * sizeof *mappings->all + PATHS_BYTES);
    if (memory == NULL)
        return -ENOMEM;
    struct image_range all[IMAGE_RANGES + 1] = {
        {(uint64_t)(uintptr_t)memory,
         (uint64_t)(uintptr_t)memory + MAPPINGS_MAX * sizeof *mappings->all + PATHS_BYTES}};
    for (uint32_t i = 0; i < nr_ours && i < IMAGE_RANGES; i++)
        all[i + 1] = ours[i];
    mappings->all = (struct image_map *)(void *)memory;
    mappings->paths = (char *)(memory + MAPPINGS_MAX * sizeof *mappings->all);
    int fd = (int)sys_openat(AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    for (;;) {
        long got = sys_read(fd, text + used, sizeof text - used);
        if (got <= 0)
            break;
        used += (size_t)got;
        char *line = text;
        for (char *end; (end = memchr(line, '\n', (size_t)(text + used - line))) != NULL; line = end + 1)
            line_take(mappings, line, end, all, IMAGE_RANGES + 1);
        used -= (size_t)(line - text);
        memmove(text, line, used);
    }
    sys_close(fd);
    return 0;
}
