#include "symbols/resolve.h"

#include "symbols/answers.h"
#include "symbols/demangle.h"
#include "symbols/elf.h"
#include "symbols/lines.h"
#include "symbols/symtab.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define DEBUG_DIR "/usr/lib/debug"

/* One module while it is read. */
struct module_reader {
    struct child_sender *sender;
    const struct answers_job *job;
    const struct answers_range *range;
    const struct symbol_module *module;
    struct elf_file file, debug; /* debug.elf is NULL when it is not needed or not found */
    Dwfl *packed;
    struct symtab table;
    const struct symtab_symbol **found; /* for each query of the range; NULL: none */
    char text[CHILD_TEXT_MAX + 1];
};

static enum answers_status module_open(struct module_reader *reader)
{
    const struct symbol_module *module = reader->module;
    const struct symbol_options *options = reader->job->options;
    enum answers_status status = elf_file_open(&reader->file, module->path);
    if (status != STATUS_READ)
        return status;
    if (module->build_id && module->build_id_bytes > 0 && !options->force &&
        !elf_file_has_build_id(&reader->file, module->build_id, module->build_id_bytes))
        return STATUS_REBUILT;
    if (!elf_file_has_symtab(&reader->file) || !elf_file_has_lines(&reader->file))
        (void)elf_file_open_debug(&reader->debug, &reader->file, module->path,
                                  options->debug_dir ? options->debug_dir : DEBUG_DIR);
    return STATUS_READ;
}

/* From the best symbol table there is. False when memory ran out. */
static bool module_load_symbols(struct module_reader *reader, bool *stripped)
{
    struct symtab *table = &reader->table;
    table->variables = reader->job->options->variables;
    bool enough = symtab_add(table, reader->file.elf, SHT_SYMTAB);
    if (enough && table->nr_symbols == 0 && reader->debug.elf)
        enough = symtab_add(table, reader->debug.elf, SHT_SYMTAB);
    *stripped = table->nr_symbols == 0;
    if (enough && *stripped)
        reader->packed = symtab_add_packed(table, reader->file.fd);
    if (enough && table->nr_symbols == 0)
        enough = symtab_add(table, reader->file.elf, SHT_DYNSYM);
    return enough && symtab_finish(table);
}

/* Returns how many functions have no name. */
static size_t module_send_names(struct module_reader *reader)
{
    size_t nr_nameless = 0;
    const struct answers_range *range = reader->range;
    for (size_t i = 0; i < range->nr_queries; i++) {
        const struct symtab_symbol *symbol =
            symtab_find(&reader->table, reader->job->queries[range->first + i].address);
        reader->found[i] = symbol;
        if (symbol)
            child_send(reader->sender, ANSWERS_LINKAGE, range->first + i, 0, symbol->name,
                       symtab_name_bytes(symbol->name));
        else
            nr_nameless++;
    }
    child_flush(reader->sender);
    return nr_nameless;
}

static void module_send_demangled(struct module_reader *reader)
{
    enum symbol_names style = reader->job->options->names;
    char linkage[DEMANGLE_INPUT_MAX + 1];
    for (size_t i = 0; i < reader->range->nr_queries; i++) {
        const struct symtab_symbol *symbol = reader->found[i];
        size_t bytes = symbol ? symtab_name_bytes(symbol->name) : 0;
        if (bytes == 0 || bytes > DEMANGLE_INPUT_MAX)
            continue;
        memcpy(linkage, symbol->name, bytes);
        linkage[bytes] = '\0';
        if (demangle_name(linkage, style, reader->text, sizeof(reader->text)))
            child_send(reader->sender, ANSWERS_NAME, reader->range->first + i, 0, reader->text, strlen(reader->text));
    }
    child_flush(reader->sender);
}

/* The file that holds the module's debug information, or NULL. */
static Elf *module_debug(const struct module_reader *reader)
{
    if (elf_file_has_lines(&reader->file))
        return reader->file.elf;
    return reader->debug.elf && elf_file_has_lines(&reader->debug) ? reader->debug.elf : NULL;
}

/* File and line; of a local function without debug information the file that its symbol table names. */
static void module_send_place(struct module_reader *reader, const struct lines_query *query)
{
    const struct symtab_symbol *symbol = reader->found[query->index - reader->range->first];
    size_t bytes = query->found ? lines_path(query->directory, query->file, reader->text, PATH_MAX) : 0;
    if (bytes > 0)
        child_send(reader->sender, ANSWERS_FILE, query->index, query->line, reader->text, bytes);
    else if (symbol && symbol->file)
        child_send(reader->sender, ANSWERS_FILE, query->index, 0, symbol->file, strlen(symbol->file));
}

/* False when memory ran out. */
static bool module_send_lines(struct module_reader *reader, enum answers_status *status)
{
    const struct answers_range *range = reader->range;
    struct lines_query *queries = calloc(range->nr_queries, sizeof(*queries));
    Elf *debug = reader->job->options->variables ? NULL : module_debug(reader);
    Dwarf *dwarf = debug ? dwarf_begin_elf(debug, DWARF_C_READ, NULL) : NULL;
    for (size_t i = 0; queries && i < range->nr_queries; i++) {
        const struct symtab_symbol *symbol = reader->found[i];
        queries[i].is_call = reader->job->options->call_lines;
        queries[i].address =
            symbol && !queries[i].is_call ? symbol->start : reader->job->queries[range->first + i].address;
        queries[i].index = range->first + i;
    }
    if (queries && debug && !(dwarf && lines_find(dwarf, queries, range->nr_queries)) && *status == STATUS_READ)
        *status = STATUS_NO_LINES;
    for (size_t i = 0; queries && i < range->nr_queries; i++)
        module_send_place(reader, &queries[i]);
    bool enough = queries != NULL;
    free(queries);
    (void)dwarf_end(dwarf);
    return enough;
}

/* False when memory ran out. */
static bool module_read(struct module_reader *reader, enum answers_status *status)
{
    bool stripped = false;
    *status = module_open(reader);
    if (*status != STATUS_READ)
        return true;
    reader->found = calloc(reader->range->nr_queries, sizeof(struct symtab_symbol *));
    if (!reader->found || !module_load_symbols(reader, &stripped))
        return false;
    if (module_send_names(reader) > 0 && stripped)
        *status = STATUS_STRIPPED;
    if (reader->job->options->names != SYMBOL_NAMES_MANGLED)
        module_send_demangled(reader);
    return module_send_lines(reader, status);
}

static void module_close(struct module_reader *reader)
{
    symtab_release(&reader->table);
    dwfl_end(reader->packed);
    elf_file_close(&reader->debug);
    elf_file_close(&reader->file);
    free(reader->found);
}

void resolve_work(struct child_sender *sender, const void *context)
{
    const struct answers_job *job = context;
    struct module_reader *reader = malloc(sizeof(*reader));
    for (size_t i = job->first_range; reader && i < job->nr_ranges; i++) {
        enum answers_status status;
        *reader = (struct module_reader){.sender = sender,
                                         .job = job,
                                         .range = &job->ranges[i],
                                         .module = &job->modules[job->ranges[i].module],
                                         .file = {.fd = -1},
                                         .debug = {.fd = -1}};
        errno = 0;
        bool enough = module_read(reader, &status) && errno != ENOMEM; /* what libelf and libdw do not say */
        uint32_t errnum = status == STATUS_UNREADABLE ? (uint32_t)errno : 0;
        module_close(reader);
        if (!enough) /* the parent finds this module unfinished, and starts afresh with the next one */
            break;
        child_send(sender, ANSWERS_DONE, i, status | errnum << 8, NULL, 0);
        child_flush(sender);
    }
    free(reader);
}
