#include "symbols/lines.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64 /* nesting of DIEs; functions nested deeper keep their symbol's name */

struct lines {
    struct lines_query *queries; /* by address */
    size_t nr_queries;
    const char *directory; /* of the unit being read */
    bool broken;           /* something that is there could not be read: damaged, or no memory */
};

static int query_compare(const void *left, const void *right)
{
    const struct lines_query *a = left, *b = right;
    return (a->address > b->address) - (a->address < b->address);
}

/* The first query at or above the address. */
static size_t query_lower(const struct lines *lines, uint64_t address)
{
    size_t low = 0, high = lines->nr_queries;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lines->queries[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Call visit for each unanswered query within the code of a DIE; returns their number. */
static size_t queries_within(struct lines *lines, Dwarf_Die *die,
                             void (*visit)(struct lines *lines, struct lines_query *query, Dwarf_Die *die))
{
    size_t nr_within = 0;
    Dwarf_Addr base, start, end;
    ptrdiff_t offset = 0;
    while ((offset = dwarf_ranges(die, offset, &base, &start, &end)) > 0)
        for (size_t i = query_lower(lines, start); i < lines->nr_queries && lines->queries[i].address < end; i++) {
            if (lines->queries[i].found)
                continue;
            nr_within++;
            if (visit)
                visit(lines, &lines->queries[i], die);
        }
    return nr_within;
}

/* ---- Functions ----------------------------------------------------------------------------------- */

/*
 * The file a function is declared in. As dwarf_decl_file(), which takes number 0 for no file (in DWARF 5 it is the
 * unit's first), and asserts what split DWARF does not hold.
 */
static const char *decl_file(struct lines *lines, Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    Dwarf_Word number;
    Dwarf_Half version;
    Dwarf_Die unit;
    Dwarf_Files *files;
    size_t nr_files;
    if (dwarf_formudata(dwarf_attr_integrate(die, DW_AT_decl_file, &attribute), &number) != 0)
        return NULL;
    if (dwarf_cu_info(attribute.cu, &version, NULL, &unit, NULL, NULL, NULL, NULL) != 0)
        return NULL;
    if (number == 0 && version < 5)
        return NULL;
    if (dwarf_getsrcfiles(&unit, &files, &nr_files) != 0 || number >= nr_files) {
        lines->broken = true;
        return NULL;
    }
    return dwarf_filesrc(files, (size_t)number, NULL, NULL);
}

static void subprogram_answer(struct lines *lines, struct lines_query *query, Dwarf_Die *die)
{
    int line = 0;
    const char *file = query->is_call ? NULL : decl_file(lines, die);
    if (!file || dwarf_decl_line(die, &line) != 0 || line <= 0)
        return;
    query->found = true;
    query->file = file;
    query->line = (uint32_t)line;
    query->directory = lines->directory;
}

static bool may_hold_functions(int tag, bool deep)
{
    return deep || tag == DW_TAG_namespace || tag == DW_TAG_module;
}

/* The next sibling; false at the end. Refuses to go back, so that no file can make the walk endless. */
static bool die_advance(Dwarf_Die *die)
{
    Dwarf_Die next;
    if (dwarf_siblingof(die, &next) != 0 || dwarf_dieoffset(&next) <= dwarf_dieoffset(die))
        return false;
    *die = next;
    return true;
}

/* Answer from the functions of a unit: those at its top and in its namespaces, or (deep) all. */
static void unit_walk(struct lines *lines, Dwarf_Die *unit, bool deep)
{
    Dwarf_Die stack[DEPTH_MAX];
    int depth = 0;
    if (dwarf_child(unit, &stack[0]) != 0)
        return;
    while (depth >= 0) {
        Dwarf_Die *die = &stack[depth];
        int tag = dwarf_tag(die);
        if (tag == DW_TAG_subprogram)
            (void)queries_within(lines, die, subprogram_answer);
        if (depth + 1 < DEPTH_MAX && may_hold_functions(tag, deep) && dwarf_child(die, &stack[depth + 1]) == 0) {
            depth++;
            continue;
        }
        while (depth >= 0 && !die_advance(&stack[depth]))
            depth--;
    }
}

/* ---- The line table ------------------------------------------------------------------------------ */

static void row_answer(struct lines *lines, struct lines_query *query, Dwarf_Die *unit)
{
    int line = 0;
    Dwarf_Line *row = dwarf_getsrc_die(unit, query->address);
    const char *file = row ? dwarf_linesrc(row, NULL, NULL) : NULL;
    if (!file || dwarf_lineno(row, &line) != 0 || line <= 0)
        return;
    query->found = true;
    query->file = file;
    query->line = (uint32_t)line;
    query->directory = lines->directory;
}

/* `split` is the unit in a .dwo file that a skeleton unit stands for. */
static void unit_answer(struct lines *lines, Dwarf_Die *unit, Dwarf_Die *split)
{
    Dwarf_Attribute directory;
    if (queries_within(lines, unit, NULL) == 0)
        return;
    lines->directory = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &directory));
    unit_walk(lines, split ? split : unit, false);
    if (queries_within(lines, unit, NULL) > 0)
        unit_walk(lines, split ? split : unit, true);
    (void)queries_within(lines, unit, row_answer);
}

bool lines_find(Dwarf *dwarf, struct lines_query *queries, size_t nr_queries)
{
    struct lines lines = {.queries = queries, .nr_queries = nr_queries};
    Dwarf_CU *unit = NULL;
    Dwarf_Die die, split;
    uint8_t type;
    int result;
    if (nr_queries == 0)
        return true;
    qsort(queries, nr_queries, sizeof(*queries), query_compare);
    while ((result = dwarf_get_units(dwarf, unit, &unit, NULL, &type, &die, &split)) == 0) {
        lines.broken |= dwarf_tag(&die) == DW_TAG_invalid;
        if (type == DW_UT_compile || type == DW_UT_partial || type == DW_UT_skeleton)
            unit_answer(&lines, &die, type == DW_UT_skeleton && split.cu ? &split : NULL);
    }
    return result > 0 && !lines.broken;
}

/* ---- Paths --------------------------------------------------------------------------------------- */

struct path {
    char *text;
    size_t bytes, room;
    size_t root_bytes; /* 1 for "/" of an absolute path */
};

/* Where the last component begins; the end of the path when there is none to go back from. */
static size_t path_last(const struct path *path)
{
    size_t start = path->bytes;
    while (start > path->root_bytes && path->text[start - 1] != '/')
        start--;
    bool is_parent = path->bytes - start == 2 && memcmp(path->text + start, "..", 2) == 0;
    return is_parent ? path->bytes : start;
}

static bool path_push(struct path *path, const char *component, size_t bytes)
{
    bool slash = path->bytes > path->root_bytes;
    if (bytes + slash >= path->room - path->bytes)
        return false;
    if (slash)
        path->text[path->bytes++] = '/';
    memcpy(path->text + path->bytes, component, bytes);
    path->bytes += bytes;
    return true;
}

/* Append the components of `part`; false when they do not fit. */
static bool path_append(struct path *path, const char *part)
{
    while (*part != '\0') {
        const char *component = part;
        size_t bytes = strcspn(part, "/");
        part += bytes + (part[bytes] == '/');
        if (bytes == 0 || (bytes == 1 && component[0] == '.'))
            continue;
        if (bytes == 2 && memcmp(component, "..", 2) == 0) {
            size_t last = path_last(path);
            if (last < path->bytes) {
                path->bytes = last > path->root_bytes ? last - 1 : last;
                continue;
            }
            if (path->root_bytes > 0)
                continue;
        }
        if (!path_push(path, component, bytes))
            return false;
    }
    return true;
}

size_t lines_path(const char *directory, const char *file, char *text, size_t room)
{
    struct path path = {.text = text, .room = room};
    const char *first = directory && file[0] != '/' ? directory : "";
    if (room < 2)
        return 0;
    if (file[0] == '/' || first[0] == '/') {
        path.root_bytes = path.bytes = 1;
        text[0] = '/';
    }
    if (!path_append(&path, first) || !path_append(&path, file))
        return 0;
    text[path.bytes] = '\0';
    return path.bytes;
}
