/*
 * Where distributions and developers keep the debug information that they took out of a program.
 */
#include "symbols/elf.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The program whose debug file is looked for. */
struct wanted {
    const uint8_t *build_id;
    size_t build_id_bytes;
    const char *link; /* name of the debug file; NULL: unknown */
    uint32_t link_crc;
};

static bool debug_belongs(const struct elf_file *debug, const struct wanted *wanted)
{
    const uint8_t *build_id;
    uint32_t crc;
    if (wanted->build_id_bytes > 0 && elf_file_build_id(debug, &build_id) > 0)
        return elf_file_has_build_id(debug, wanted->build_id, wanted->build_id_bytes);
    return wanted->link && elf_file_crc(debug, &crc) && crc == wanted->link_crc;
}

static bool debug_try(struct elf_file *debug, const struct wanted *wanted, const char *path)
{
    if (elf_file_open(debug, path) == STATUS_READ && debug_belongs(debug, wanted))
        return true;
    elf_file_close(debug);
    return false;
}

static bool debug_by_build_id(struct elf_file *debug, const struct wanted *wanted, const char *debug_dir)
{
    char hex[2 * 64 + 1] = "";
    char path[PATH_MAX];
    if (wanted->build_id_bytes < 2 || wanted->build_id_bytes > 64)
        return false;
    for (size_t i = 0; i < wanted->build_id_bytes; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", wanted->build_id[i]);
    int length = snprintf(path, sizeof(path), "%s/.build-id/%.2s/%s.debug", debug_dir, hex, hex + 2);
    return length > 0 && (size_t)length < sizeof(path) && debug_try(debug, wanted, path);
}

/* Beside the file at `path`, in .debug/ there, and at the same place below `debug_dir`. */
static bool debug_by_link(struct elf_file *debug, const struct wanted *wanted, const char *path, const char *debug_dir)
{
    const char *slash = strrchr(path, '/');
    int dir_length = slash ? (int)(slash - path) : 1;
    const char *dir = slash ? path : ".";
    char candidates[3][PATH_MAX];
    int lengths[3] = {
        snprintf(candidates[0], PATH_MAX, "%.*s/%s", dir_length, dir, wanted->link),
        snprintf(candidates[1], PATH_MAX, "%.*s/.debug/%s", dir_length, dir, wanted->link),
        snprintf(candidates[2], PATH_MAX, "%s%.*s/%s", debug_dir, dir_length, dir, wanted->link),
    };
    for (unsigned i = 0; i < 3; i++)
        if (lengths[i] > 0 && lengths[i] < PATH_MAX && (i < 2 || dir[0] == '/') &&
            debug_try(debug, wanted, candidates[i]))
            return true;
    return false;
}

bool elf_file_open_debug(struct elf_file *debug, const struct elf_file *file, const char *path, const char *debug_dir)
{
    struct wanted wanted = {0};
    char real[PATH_MAX];
    *debug = (struct elf_file){.fd = -1};
    wanted.build_id_bytes = elf_file_build_id(file, &wanted.build_id);
    wanted.link = elf_file_debuglink(file, &wanted.link_crc);
    if (debug_by_build_id(debug, &wanted, debug_dir))
        return true;
    if (!wanted.link)
        return false;
    if (debug_by_link(debug, &wanted, path, debug_dir))
        return true;
    return realpath(path, real) && strcmp(real, path) != 0 && debug_by_link(debug, &wanted, real, debug_dir);
}
