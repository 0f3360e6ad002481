#include "symbols/elf.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum answers_status status_of_errno(int errnum)
{
    return errnum == ENOENT || errnum == ENOTDIR ? STATUS_GONE : STATUS_UNREADABLE;
}

enum answers_status elf_file_open(struct elf_file *file, const char *path)
{
    struct stat status;
    *file = (struct elf_file){.fd = -1};
    /* Asked before opening, because opening a device can have effects; and after, because it may have been changed. */
    if (stat(path, &status) != 0)
        return status_of_errno(errno);
    if (!S_ISREG(status.st_mode))
        return STATUS_NOT_A_FILE;
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file->fd < 0 || fstat(file->fd, &status) != 0)
        return status_of_errno(errno);
    if (!S_ISREG(status.st_mode))
        return STATUS_NOT_A_FILE;
    (void)elf_version(EV_CURRENT);
    file->elf = elf_begin(file->fd, ELF_C_READ_MMAP, NULL);
    return file->elf && elf_kind(file->elf) == ELF_K_ELF ? STATUS_READ : STATUS_NOT_AN_OBJECT;
}

void elf_file_close(struct elf_file *file)
{
    if (file->elf)
        (void)elf_end(file->elf);
    if (file->fd >= 0)
        (void)close(file->fd);
    *file = (struct elf_file){.fd = -1};
}

size_t elf_file_build_id(const struct elf_file *file, const uint8_t **build_id)
{
    const void *bytes = NULL;
    ssize_t nr_bytes = dwelf_elf_gnu_build_id(file->elf, &bytes);
    *build_id = bytes;
    return nr_bytes > 0 && bytes ? (size_t)nr_bytes : 0;
}

bool elf_file_has_build_id(const struct elf_file *file, const uint8_t *build_id, size_t bytes)
{
    const uint8_t *own;
    size_t own_bytes = elf_file_build_id(file, &own);
    return own_bytes > 0 && own_bytes == bytes && memcmp(own, build_id, bytes) == 0;
}

const char *elf_file_debuglink(const struct elf_file *file, uint32_t *crc)
{
    GElf_Word value = 0;
    const char *name = dwelf_elf_gnu_debuglink(file->elf, &value);
    *crc = value;
    return name && name[0] != '\0' && !strchr(name, '/') ? name : NULL;
}

/* ---- CRC-32 (reflected 0xEDB88320), four bits at a time -------------------------------------------- */

static uint32_t crc_add(uint32_t crc, const uint8_t *bytes, size_t nr_bytes)
{
    static const uint32_t nibbles[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    crc = ~crc;
    for (size_t i = 0; i < nr_bytes; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ nibbles[crc & 15];
        crc = crc >> 4 ^ nibbles[crc & 15];
    }
    return ~crc;
}

bool elf_file_crc(const struct elf_file *file, uint32_t *crc)
{
    uint8_t buffer[65536];
    off_t offset = 0;
    *crc = 0;
    for (;;) {
        ssize_t nr_bytes = pread(file->fd, buffer, sizeof(buffer), offset);
        if (nr_bytes < 0 && errno == EINTR)
            continue;
        if (nr_bytes <= 0)
            return nr_bytes == 0;
        *crc = crc_add(*crc, buffer, (size_t)nr_bytes);
        offset += nr_bytes;
    }
}

/* ---- Sections ------------------------------------------------------------------------------------ */

static const char *section_name(Elf *elf, const GElf_Shdr *header)
{
    size_t names;
    if (elf_getshdrstrndx(elf, &names) != 0)
        return "";
    const char *name = elf_strptr(elf, names, header->sh_name);
    return name ? name : "";
}

bool elf_file_has_symtab(const struct elf_file *file)
{
    Elf_Scn *section = NULL;
    GElf_Shdr header;
    while ((section = elf_nextscn(file->elf, section)))
        if (gelf_getshdr(section, &header) && header.sh_type == SHT_SYMTAB)
            return true;
    return false;
}

bool elf_file_has_lines(const struct elf_file *file)
{
    Elf_Scn *section = NULL;
    GElf_Shdr header;
    while ((section = elf_nextscn(file->elf, section))) {
        if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
            continue;
        const char *name = section_name(file->elf, &header);
        if (strcmp(name, ".debug_info") == 0 || strcmp(name, ".zdebug_info") == 0)
            return true;
    }
    return false;
}
