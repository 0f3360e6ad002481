#include "symbols/symtab.h"

#include "base/arena.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WALK_MAX 4096 /* symbols looked at for one address, however they overlap */

/* An IFUNC is called by the name of what it chose; its own address is that of the function that chooses. */
enum { RANK_WEAK = 1, RANK_LOCAL = 2, RANK_UNSIZED = 4, RANK_IFUNC = 8, RANK_LABEL = 16 };

void symtab_release(struct symtab *table)
{
    free(table->symbols);
    free(table->reaches);
    *table = (struct symtab){0};
}

size_t symtab_name_bytes(const char *name)
{
    const char *version = name[0] == '\0' ? NULL : strchr(name + 1, '@');
    return version ? (size_t)(version - name) : strlen(name);
}

/* ---- From the file ------------------------------------------------------------------------------- */

/* Set where an unsized symbol ends at the latest. False when it is not in code. */
static bool symbol_bound(struct symtab_symbol *symbol, Elf *elf, unsigned section)
{
    GElf_Shdr header;
    if (section >= SHN_LORESERVE || !gelf_getshdr(elf_getscn(elf, section), &header))
        return symbol->sized;
    if (symbol->label && !(header.sh_flags & SHF_EXECINSTR))
        return false;
    if (symbol->start < header.sh_addr || symbol->start - header.sh_addr >= header.sh_size)
        return symbol->sized;
    if (!symbol->sized)
        symbol->end = header.sh_addr + header.sh_size;
    return symbol->end > symbol->start;
}

static bool variable_make(struct symtab_symbol *symbol, Elf *elf, const GElf_Sym *entry, const char *name)
{
    unsigned binding = GELF_ST_BIND(entry->st_info);
    if (name[0] == '\0' || GELF_ST_TYPE(entry->st_info) != STT_OBJECT || entry->st_shndx == SHN_UNDEF ||
        entry->st_size == 0 || entry->st_size > UINT64_MAX - entry->st_value)
        return false;
    *symbol = (struct symtab_symbol){.start = entry->st_value,
                                     .end = entry->st_value + entry->st_size,
                                     .name = name,
                                     .sized = true,
                                     .rank = binding == STB_LOCAL  ? RANK_LOCAL
                                             : binding == STB_WEAK ? RANK_WEAK
                                                                   : 0};
    return symbol_bound(symbol, elf, entry->st_shndx);
}

/* Make a symbol of an entry of a symbol table. False when it is not what the table is of. */
static bool symbol_make(const struct symtab *table, struct symtab_symbol *symbol, Elf *elf, const GElf_Sym *entry,
                        const char *name)
{
    unsigned type = GELF_ST_TYPE(entry->st_info), binding = GELF_ST_BIND(entry->st_info);
    if (table->variables)
        return variable_make(symbol, elf, entry, name);
    if (name[0] == '\0' || (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE))
        return false;
    *symbol = (struct symtab_symbol){.start = entry->st_value, .name = name, .label = type == STT_NOTYPE};
    if (symbol->label && name[0] == '$') /* marks of the ARM family: code begins, data begins */
        return false;
    if (entry->st_shndx == SHN_UNDEF) {
        /* A program that takes the address of a library's function gives that function the address of its PLT slot. */
        symbol->sized = true;
        symbol->end = symbol->start + 1;
        symbol->rank = RANK_LOCAL;
        return !symbol->label && symbol->start != 0;
    }
    symbol->sized = entry->st_size > 0 && entry->st_size <= UINT64_MAX - symbol->start;
    if (symbol->sized)
        symbol->end = symbol->start + entry->st_size;
    symbol->rank = (uint8_t)((binding == STB_LOCAL ? RANK_LOCAL : 0) | (binding == STB_WEAK ? RANK_WEAK : 0) |
                             (symbol->sized ? 0 : RANK_UNSIZED) | (symbol->label ? RANK_LABEL : 0) |
                             (type == STT_GNU_IFUNC ? RANK_IFUNC : 0));
    return symbol_bound(symbol, elf, entry->st_shndx);
}

static bool symbol_add(struct symtab *table, const struct symtab_symbol *symbol)
{
    void *grown = array_grow(table->symbols, table->nr_symbols, &table->capacity, sizeof(*table->symbols));
    if (!grown)
        return false;
    table->symbols = grown;
    table->symbols[table->nr_symbols++] = *symbol;
    return true;
}

/* Bytes of a string table up to its last NUL: every offset below is a terminated string. */
static size_t strings_bytes(const Elf_Data *strings)
{
    const char *text = strings->d_buf;
    size_t bytes = text ? strings->d_size : 0;
    while (bytes > 0 && text[bytes - 1] != '\0')
        bytes--;
    return bytes;
}

static bool section_add(struct symtab *table, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
    Elf_Data *data = elf_getdata(section, NULL);
    Elf_Scn *linked = elf_getscn(elf, header->sh_link);
    Elf_Data *strings = linked ? elf_getdata(linked, NULL) : NULL;
    size_t entry_bytes = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
    if (!data || !strings || entry_bytes == 0)
        return true;
    size_t nr_bytes = strings_bytes(strings);
    size_t nr_entries = data->d_size / entry_bytes;
    const char *file = NULL; /* an STT_FILE says whose the local symbols behind it are */
    for (size_t i = 0; i < nr_entries && i <= INT32_MAX; i++) {
        GElf_Sym entry;
        struct symtab_symbol symbol;
        if (!gelf_getsym(data, (int)i, &entry) || entry.st_name >= nr_bytes)
            continue;
        const char *name = (const char *)strings->d_buf + entry.st_name;
        if (GELF_ST_TYPE(entry.st_info) == STT_FILE)
            file = name[0] == '\0' || name[0] == '<' ? NULL : name; /* "<artificial>" is gcc's under -flto */
        if (!symbol_make(table, &symbol, elf, &entry, name))
            continue;
        symbol.file = GELF_ST_BIND(entry.st_info) == STB_LOCAL ? file : NULL;
        if (!symbol_add(table, &symbol))
            return false;
    }
    return true;
}

bool symtab_add(struct symtab *table, Elf *elf, unsigned type)
{
    Elf_Scn *section = NULL;
    GElf_Shdr header;
    while ((section = elf_nextscn(elf, section)))
        if (gelf_getshdr(section, &header) && header.sh_type == type && !section_add(table, elf, section, &header))
            return false;
    return true;
}

/* ---- From .gnu_debugdata, which libdwfl knows how to unpack --------------------------------------- */

static int debuginfo_none(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *file,
                          const char *link, GElf_Word crc, char **found)
{
    (void)module, (void)userdata, (void)name, (void)base, (void)file, (void)link, (void)crc, (void)found;
    return -1;
}

Dwfl *symtab_add_packed(struct symtab *table, int fd)
{
    static const Dwfl_Callbacks callbacks = {.find_debuginfo = debuginfo_none,
                                             .section_address = dwfl_offline_section_address};
    int own_fd = dup(fd); /* libdwfl closes what it is given */
    Dwfl *dwfl = own_fd >= 0 ? dwfl_begin(&callbacks) : NULL;
    Dwfl_Module *module = dwfl ? dwfl_report_offline(dwfl, "module", "", own_fd) : NULL;
    if (!module) {
        if (own_fd >= 0)
            (void)close(own_fd);
        dwfl_end(dwfl);
        return NULL;
    }
    (void)dwfl_report_end(dwfl, NULL, NULL);
    int nr_entries = dwfl_module_getsymtab(module);
    for (int i = 0; i < nr_entries; i++) {
        GElf_Sym entry;
        GElf_Addr address;
        GElf_Word section;
        Elf *elf;
        struct symtab_symbol symbol;
        const char *name = dwfl_module_getsym_info(module, i, &entry, &address, &section, &elf, NULL);
        if (name && elf && symbol_make(table, &symbol, elf, &entry, name) && !symbol_add(table, &symbol))
            break;
    }
    return dwfl;
}

/* ---- Order --------------------------------------------------------------------------------------- */

static int name_compare(const char *a, const char *b)
{
    size_t a_underscores = strspn(a, "_"), b_underscores = strspn(b, "_");
    if (a_underscores != b_underscores)
        return a_underscores < b_underscores ? -1 : 1;
    size_t a_bytes = strlen(a), b_bytes = strlen(b);
    if (a_bytes != b_bytes)
        return a_bytes < b_bytes ? -1 : 1;
    return strcmp(a, b);
}

static int symbol_compare(const void *left, const void *right)
{
    const struct symtab_symbol *a = left, *b = right;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return name_compare(a->name, b->name);
}

/* Keep one symbol of each start, and no label that lies within a function. */
static void aliases_drop(struct symtab *table)
{
    size_t nr_kept = 0;
    uint64_t functions_end = 0;
    for (size_t i = 0; i < table->nr_symbols; i++) {
        const struct symtab_symbol *symbol = &table->symbols[i];
        if (nr_kept > 0 && table->symbols[nr_kept - 1].start == symbol->start)
            continue;
        if (symbol->label && symbol->start < functions_end)
            continue;
        if (symbol->sized && !symbol->label && symbol->end > functions_end)
            functions_end = symbol->end;
        table->symbols[nr_kept++] = *symbol;
    }
    table->nr_symbols = nr_kept;
}

bool symtab_finish(struct symtab *table)
{
    if (table->nr_symbols == 0)
        return true;
    qsort(table->symbols, table->nr_symbols, sizeof(*table->symbols), symbol_compare);
    aliases_drop(table);
    table->reaches = calloc(table->nr_symbols, sizeof(*table->reaches));
    if (!table->reaches)
        return false;
    uint64_t reach = 0;
    for (size_t i = 0; i < table->nr_symbols; i++) {
        struct symtab_symbol *symbol = &table->symbols[i];
        if (!symbol->sized && i + 1 < table->nr_symbols && symbol->end > symbol[1].start)
            symbol->end = symbol[1].start;
        if (symbol->end > reach)
            reach = symbol->end;
        table->reaches[i] = reach;
    }
    return true;
}

const struct symtab_symbol *symtab_find(const struct symtab *table, uint64_t address)
{
    size_t low = 0, high = table->nr_symbols;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table->symbols[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low, nr_steps = 0; i > 0 && nr_steps < WALK_MAX && table->reaches[i - 1] > address; i--, nr_steps++)
        if (table->symbols[i - 1].end > address)
            return &table->symbols[i - 1];
    return NULL;
}
