#include "profile/folded.h"

#include "base/index.h"
#include "profile/calltree.h"
#include "profile/folded_row.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TOTAL_MAX (UINT64_MAX / 2) /* sums of counts stay far from the end of 64 bits */

struct folded {
    struct profile *profile;
    struct calltree tree;
    struct profile_function *functions; /* malloc'ed while it grows */
    uint32_t nr_functions;
    size_t capacity;
    struct index names; /* of functions */
    uint64_t total, nr_bad_lines;
    struct folded_row *row; /* NULL: their order is not wanted */
};

/* The stacks as they are; and, as long as every line has two counts, those of each. */
struct reader {
    struct folded one, base, now;
    bool twice;
    double factor; /* folded.h */
    uint64_t bytes;
};

/* ---- Names -------------------------------------------------------------------------------------- */

struct name {
    const char *text;
    size_t bytes;
};

static bool name_equal(const void *table, uint32_t number, const void *key)
{
    const struct profile_function *functions = table;
    const struct name *name = key;
    const char *known = functions[number].name;
    return strncmp(known, name->text, name->bytes) == 0 && known[name->bytes] == '\0';
}

/* The function's number, or UINT32_MAX when memory ran out. */
static uint32_t function_intern(struct folded *folded, struct name name)
{
    uint64_t hash = index_hash_bytes(&folded->names, name.text, name.bytes);
    uint32_t number = index_find(&folded->names, hash, name_equal, folded->functions, &name);
    if (number != INDEX_NONE)
        return number;
    number = folded->nr_functions;
    struct profile_function *functions = array_grow(folded->functions, number, &folded->capacity, sizeof(*functions));
    if (!functions)
        return UINT32_MAX;
    folded->functions = functions;
    const char *copy = arena_copy(&folded->profile->arena, name.text, name.bytes);
    if (!copy || number >= UINT32_MAX - 1 || index_add(&folded->names, hash, number) != 0)
        return UINT32_MAX;
    functions[number] = (struct profile_function){.name = copy, .module = "", .file = "", .serial = number};
    folded->nr_functions++;
    return number;
}

/* ---- Lines -------------------------------------------------------------------------------------- */

/* "12", "12.5", "12." as a whole number; false when it is none or too large. */
static bool count_parse(const char *text, const char *end, uint64_t *count)
{
    const char *p = text;
    uint64_t value = 0;
    for (; p < end && isdigit((unsigned char)*p); p++) {
        uint64_t digit = (uint64_t)(*p - '0');
        if (value > (TOTAL_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (p == text)
        return false;
    if (p < end && *p == '.') {
        p++;
        value += p < end && *p >= '5' && *p <= '9' ? 1 : 0;
        while (p < end && isdigit((unsigned char)*p))
            p++;
    }
    *count = value;
    return p == end;
}

/* Add `count` to every node of the path. Empty frames say nothing and are passed over. */
static int stack_add(struct folded *folded, const char *text, const char *end, uint64_t count, struct err *err)
{
    uint32_t node = CALLTREE_ROOT, depth = 0;
    for (const char *name = text; name < end;) {
        const char *stop = memchr(name, ';', (size_t)(end - name));
        stop = stop ? stop : end;
        if (stop > name) {
            uint32_t function = function_intern(folded, (struct name){name, (size_t)(stop - name)});
            if (function == UINT32_MAX || (folded->row && folded_row_frame(folded->row, depth++, function) != 0))
                return err_set(err, ERR_INPUT, "out of memory");
            node = calltree_child(&folded->tree, node, function, err);
            if (node == UINT32_MAX)
                return -1;
            folded->tree.nodes[node].inclusive += count;
        }
        name = stop + 1;
    }
    if (node == CALLTREE_ROOT)
        folded->nr_bad_lines++;
    else
        folded->total += count;
    if (folded->row && folded_row_end(folded->row, depth, node == CALLTREE_ROOT ? 0 : count) != 0)
        return err_set(err, ERR_INPUT, "out of memory");
    return 0;
}

/* The same times a factor, which fractions are worth something with. */
static bool count_parse_times(const char *text, const char *end, double factor, uint64_t *count)
{
    if (!count_parse(text, end, count))
        return false;
    if (factor == 0)
        return true;
    double value = strtod(text, NULL) * factor + 0.5;
    *count = value < (double)TOTAL_MAX ? (uint64_t)value : TOTAL_MAX;
    return value < (double)TOTAL_MAX;
}

/* The word at the end of `line` to `*end`, a count, is cut off; false when it is none, or when nothing is before it. */
static bool count_cut(const char *line, const char **end, double factor, uint64_t *count)
{
    const char *last = *end;
    while (last > line && isspace((unsigned char)last[-1]))
        last--;
    const char *number = last;
    while (number > line && !isspace((unsigned char)number[-1]))
        number--;
    const char *stop = number;
    while (stop > line && isspace((unsigned char)stop[-1]))
        stop--;
    if (stop == line || !count_parse_times(number, last, factor, count))
        return false;
    *end = stop;
    return true;
}

/* A line with two counts, as long as all lines have two. */
static int line_add_twice(struct reader *reader, const char *line, const char *end, uint64_t now, struct err *err)
{
    uint64_t base;
    reader->twice = count_cut(line, &end, reader->factor, &base) && base <= TOTAL_MAX - reader->base.total &&
                    now <= TOTAL_MAX - reader->now.total;
    if (!reader->twice)
        return 0;
    if (base > 0 && stack_add(&reader->base, line, end, base, err) != 0)
        return -1;
    return now > 0 ? stack_add(&reader->now, line, end, now, err) : 0;
}

static int line_add(struct reader *reader, char *line, size_t bytes, struct err *err)
{
    const char *end = line + bytes;
    for (char *p = line; p < end; p++)
        if (*p == '\0')
            *p = ' ';
    while (end > line && isspace((unsigned char)end[-1]))
        end--;
    if (end == line || *line == '#')
        return 0;
    uint64_t count;
    if (!count_cut(line, &end, reader->factor, &count) || count > TOTAL_MAX - reader->one.total) {
        reader->one.nr_bad_lines++;
        return 0;
    }
    if (reader->twice && line_add_twice(reader, line, end, count, err) != 0)
        return -1;
    return stack_add(&reader->one, line, end, count, err);
}

static int lines_read(struct reader *reader, FILE *file, const char *name, struct err *err)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t bytes;
    int result = 0;
    errno = 0;
    while (result == 0 && (bytes = getline(&line, &capacity, file)) >= 0) {
        reader->bytes += (size_t)bytes;
        result = line_add(reader, line, (size_t)bytes, err);
        errno = 0;
    }
    if (result == 0 && !feof(file))
        result = err_set_errno(err, ERR_INPUT, errno, "%s: cannot read", name);
    free(line);
    return result;
}

/* ---- The profile -------------------------------------------------------------------------------- */

static int notice_bad_lines(struct folded *folded)
{
    struct profile *profile = folded->profile;
    if (folded->nr_bad_lines == 0)
        return 0;
    char text[96];
    int bytes = snprintf(text, sizeof(text), "lines without a stack or a count, left out: %llu",
                         (unsigned long long)folded->nr_bad_lines);
    profile->notices = arena_array(&profile->arena, 1, sizeof(*profile->notices));
    const char *copy = arena_copy(&profile->arena, text, (size_t)bytes);
    if (!profile->notices || !copy)
        return -1;
    profile->notices[0] = copy;
    profile->nr_notices = 1;
    return 0;
}

static int folded_finish(struct folded *folded, const struct folded_request *request, uint64_t bytes, struct err *err)
{
    struct profile *profile = folded->profile;
    uint32_t nr = folded->nr_functions;
    profile->functions = arena_array(&profile->arena, (size_t)nr + 1, sizeof(*profile->functions));
    profile->facts = (struct profile_facts){
        .source = arena_copy(&profile->arena, request->name, strlen(request->name)),
        .unit = arena_copy(&profile->arena, request->unit, strlen(request->unit)),
        .command = "",
        .host = "",
        .trace_bytes = bytes,
        .wall_ns = folded->total,
        .complete = true,
    };
    if (!profile->functions || !profile->facts.source || !profile->facts.unit || notice_bad_lines(folded) != 0)
        return err_set(err, ERR_INPUT, "out of memory");
    if (nr > 0)
        memcpy(profile->functions, folded->functions, nr * sizeof(*profile->functions));
    profile->nr_functions = nr;
    return profile_finish(profile, &folded->tree, err);
}

static int folded_init(struct folded *folded, struct err *err)
{
    index_init(&folded->names);
    folded->profile = calloc(1, sizeof(*folded->profile));
    if (folded->profile == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    arena_init(&folded->profile->arena, 0);
    return calltree_init(&folded->tree, err);
}

/* The profile goes to whoever wants it. */
static struct profile *folded_release(struct folded *folded, bool is_wanted)
{
    struct profile *profile = folded->profile;
    calltree_release(&folded->tree);
    free(folded->functions);
    index_release(&folded->names);
    if (!is_wanted)
        profile_free(profile);
    return is_wanted ? profile : NULL;
}

static int reader_finish(struct reader *reader, const struct folded_request *request, struct err *err)
{
    if (reader->one.nr_functions == 0)
        return err_set(err, ERR_INPUT, "%s: no stack in it (wanted: a trace, or lines like \"main;parse;lex 42\")",
                       request->name);
    if (!reader->twice)
        return folded_finish(&reader->one, request, reader->bytes, err);
    reader->now.nr_bad_lines = reader->one.nr_bad_lines;
    return folded_finish(&reader->base, request, reader->bytes, err) != 0
               ? -1
               : folded_finish(&reader->now, request, reader->bytes, err);
}

struct profile *folded_read(FILE *file, const struct folded_request *request, struct err *err)
{
    struct folded_row row = {.chart = request->chart};
    struct reader reader = {.twice = request->base != NULL,
                            .factor = request->factor,
                            .one = {.row = request->chart != NULL ? &row : NULL}};
    int result = folded_init(&reader.one, err) == 0 && folded_init(&reader.base, err) == 0 &&
                         folded_init(&reader.now, err) == 0 && lines_read(&reader, file, request->name, err) == 0
                     ? reader_finish(&reader, request, err)
                     : -1;
    if (result == 0 && request->chart != NULL && folded_row_finish(&row, reader.one.profile, err) != 0)
        result = -1;
    folded_row_release(&row);
    bool twice = result == 0 && reader.twice;
    struct profile *one = folded_release(&reader.one, result == 0 && !twice);
    struct profile *base = folded_release(&reader.base, twice), *now = folded_release(&reader.now, twice);
    if (request->base != NULL)
        *request->base = base;
    return twice ? now : one;
}
