/*
 * An ELF file, opened with caution: what it is, which build, which debug file belongs to it.
 */
#ifndef SYMBOLS_ELF_H
#define SYMBOLS_ELF_H

#include "symbols/answers.h"

#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_file {
    int fd;
    Elf *elf;
};

/*
 * Open a regular ELF file for reading. STATUS_READ, or why not, with errno for STATUS_UNREADABLE. `file` can be passed
 * to elf_file_close() in any case.
 */
enum answers_status elf_file_open(struct elf_file *file, const char *path);
void elf_file_close(struct elf_file *file);

/* Whether the file has this build-id. False also when it has none. */
bool elf_file_has_build_id(const struct elf_file *file, const uint8_t *build_id, size_t bytes);

/* Its build-id, in the file's memory; 0 bytes when it has none. */
size_t elf_file_build_id(const struct elf_file *file, const uint8_t **build_id);

/* Name and checksum of its debug file as .gnu_debuglink gives them; NULL when it gives none, or no plain name. */
const char *elf_file_debuglink(const struct elf_file *file, uint32_t *crc);

/* CRC-32 of the whole file, as .gnu_debuglink means it. False when it cannot be read. */
bool elf_file_crc(const struct elf_file *file, uint32_t *crc);

/* What sections it has to offer. */
bool elf_file_has_symtab(const struct elf_file *file);
bool elf_file_has_lines(const struct elf_file *file);

/*
 * Open the separate debug file of `file`, which lies at `path`: by build-id below `debug_dir`, else by .gnu_debuglink
 * beside it, in .debug/ or below `debug_dir`. It is taken only when build-id or checksum agree. False when there is
 * none; `debug` can be passed to elf_file_close() in any case.
 */
bool elf_file_open_debug(struct elf_file *debug, const struct elf_file *file, const char *path, const char *debug_dir);

#endif
