/*
 * The functions of a module, or its variables, by address.
 */
#ifndef SYMTAB_H
#define SYMTAB_H

#include <elfutils/libdwfl.h>
#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symtab_symbol {
    uint64_t start, end;
    const char *name; /* in the ELF file's memory, which must live as long as the table */
    const char *file; /* of a local symbol: its source file, as the symbol table has it; NULL when unknown */
    uint8_t rank;     /* of symbols with the same start the lowest is taken */
    bool sized;       /* the symbol says where it ends; else `end` is a guess */
    bool label;       /* not known to be a function */
};

struct symtab {
    struct symtab_symbol *symbols; /* by start, one for each, after symtab_finish() */
    uint64_t *reaches;             /* reaches[i]: the farthest end of symbols 0 … i */
    size_t nr_symbols, capacity;
    bool variables; /* wanted instead of functions; set before anything is added */
};

void symtab_release(struct symtab *table);

/* Add the functions of the sections of `type` (SHT_SYMTAB, SHT_DYNSYM). False when memory ran out. */
bool symtab_add(struct symtab *table, Elf *elf, unsigned type);

/*
 * Add the functions of the symbol table that is packed into .gnu_debugdata of the file `fd`, if there is one, and of
 * .dynsym. Returns what must be kept while the table is used and then be given to dwfl_end(); NULL when there is none.
 */
Dwfl *symtab_add_packed(struct symtab *table, int fd);

/* Sort and choose among aliases. False when memory ran out. */
bool symtab_finish(struct symtab *table);

/* The function that contains `address`; NULL when none does. */
const struct symtab_symbol *symtab_find(const struct symtab *table, uint64_t address);

/* Length of a symbol's name without its @VERSION. */
size_t symtab_name_bytes(const char *name);

#endif
