#include "export/pprof.h"

#include "base/arena.h"
#include "base/escape.h"

#include <stdlib.h>
#include <string.h>

/* Numbers of fields, as profile.proto has them. */
enum {
    PROFILE_SAMPLE_TYPE = 1,
    PROFILE_SAMPLE = 2,
    PROFILE_MAPPING = 3,
    PROFILE_LOCATION = 4,
    PROFILE_FUNCTION = 5,
    PROFILE_STRING = 6,
    PROFILE_TIME_NANOS = 9,
    PROFILE_DURATION_NANOS = 10,
    PROFILE_DEFAULT_TYPE = 14,
    TYPE_TYPE = 1,
    TYPE_UNIT = 2,
    SAMPLE_LOCATION = 1,
    SAMPLE_VALUE = 2,
    MAPPING_ID = 1,
    MAPPING_FILENAME = 5,
    MAPPING_HAS_FUNCTIONS = 7,
    LOCATION_ID = 1,
    LOCATION_MAPPING = 2,
    LOCATION_LINE = 4,
    LINE_FUNCTION = 1,
    LINE_LINE = 2,
    FUNCTION_ID = 1,
    FUNCTION_NAME = 2,
    FUNCTION_SYSTEM_NAME = 3,
    FUNCTION_FILENAME = 4,
    FUNCTION_START_LINE = 5
};

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

static void number_put(struct wire *wire, unsigned field, uint64_t number)
{
    wire_number(wire, field << 3 | WIRE_VARINT);
    wire_number(wire, number);
}

/* A field that is a message, or packed numbers, or a text; what `from` held is taken out of it. */
static void bytes_put(struct wire *wire, unsigned field, struct wire *from)
{
    wire_number(wire, field << 3 | WIRE_BYTES);
    wire_number(wire, from->nr);
    wire_bytes(wire, from->bytes, from->nr);
    wire->failed = wire->failed || from->failed;
    from->nr = 0;
}

/* ---- Strings -------------------------------------------------------------------------------------- */

static bool text_equal(const void *table, uint32_t number, const void *key)
{
    return strcmp(((char *const *)table)[number], key) == 0;
}

/* A text as it may stand there: valid UTF-8 without control bytes. */
static char *text_clean(const char *text)
{
    char *clean = NULL;
    size_t bytes = 0;
    struct err err = {0};
    struct out *out = out_open_memory(&clean, &bytes);
    if (out == NULL)
        return NULL;
    escape_terminal(out, text, strlen(text));
    return out_close(out, &err) == 0 ? clean : NULL;
}

/* The number of a text in the string table. */
static uint32_t text_number(struct pprof *pprof, const char *text)
{
    char *clean = text_clean(text);
    uint64_t hash = clean == NULL ? 0 : index_hash_bytes(&pprof->text_index, clean, strlen(clean));
    uint32_t number = clean == NULL ? 0 : index_find(&pprof->text_index, hash, text_equal, pprof->texts, clean);
    if (clean == NULL || number != INDEX_NONE) {
        pprof->failed = pprof->failed || clean == NULL;
        free(clean);
        return number;
    }
    char **texts = array_grow(pprof->texts, pprof->nr_texts, &pprof->text_capacity, sizeof(*texts));
    if (texts == NULL || index_add(&pprof->text_index, hash, pprof->nr_texts) != 0) {
        pprof->texts = texts != NULL ? texts : pprof->texts;
        pprof->failed = true;
        free(clean);
        return 0;
    }
    pprof->texts = texts;
    texts[pprof->nr_texts] = clean;
    return pprof->nr_texts++;
}

/* ---- Parts ---------------------------------------------------------------------------------------- */

void pprof_begin(struct pprof *pprof, const struct pprof_type *types, unsigned nr_types)
{
    *pprof = (struct pprof){.nr_values = nr_types};
    index_init(&pprof->text_index);
    text_number(pprof, ""); /* the first one is empty */
    for (unsigned i = 0; i < nr_types; i++) {
        number_put(&pprof->part, TYPE_TYPE, text_number(pprof, types[i].name));
        number_put(&pprof->part, TYPE_UNIT, text_number(pprof, types[i].unit));
        bytes_put(&pprof->message, PROFILE_SAMPLE_TYPE, &pprof->part);
    }
    number_put(&pprof->message, PROFILE_DEFAULT_TYPE, text_number(pprof, types[nr_types - 1].name));
}

void pprof_release(struct pprof *pprof)
{
    for (uint32_t i = 0; i < pprof->nr_texts; i++)
        free(pprof->texts[i]);
    free(pprof->texts);
    free(pprof->modules);
    index_release(&pprof->text_index);
    wire_release(&pprof->message);
    wire_release(&pprof->part);
    wire_release(&pprof->inner);
}

/* The id of an object file: 0 when none is known. */
static uint32_t module_id(struct pprof *pprof, const char *module)
{
    uint32_t text = text_number(pprof, module);
    if (text == 0)
        return 0;
    for (uint32_t i = pprof->nr_modules; i-- > 0;) /* few, and functions of one come together */
        if (pprof->modules[i] == text)
            return i + 1;
    uint32_t *modules = array_grow(pprof->modules, pprof->nr_modules, &pprof->module_capacity, sizeof(*modules));
    if (modules == NULL) {
        pprof->failed = true;
        return 0;
    }
    pprof->modules = modules;
    modules[pprof->nr_modules++] = text;
    number_put(&pprof->part, MAPPING_ID, pprof->nr_modules);
    number_put(&pprof->part, MAPPING_FILENAME, text);
    number_put(&pprof->part, MAPPING_HAS_FUNCTIONS, 1);
    bytes_put(&pprof->message, PROFILE_MAPPING, &pprof->part);
    return pprof->nr_modules;
}

void pprof_function(struct pprof *pprof, uint32_t number, const struct pprof_function *function)
{
    uint32_t id = number + 1, module = module_id(pprof, function->module), name = text_number(pprof, function->name);
    number_put(&pprof->part, FUNCTION_ID, id);
    number_put(&pprof->part, FUNCTION_NAME, name);
    number_put(&pprof->part, FUNCTION_SYSTEM_NAME, name);
    number_put(&pprof->part, FUNCTION_FILENAME, text_number(pprof, function->file));
    number_put(&pprof->part, FUNCTION_START_LINE, function->line);
    bytes_put(&pprof->message, PROFILE_FUNCTION, &pprof->part);
    number_put(&pprof->inner, LINE_FUNCTION, id);
    number_put(&pprof->inner, LINE_LINE, function->line);
    number_put(&pprof->part, LOCATION_ID, id);
    if (module != 0)
        number_put(&pprof->part, LOCATION_MAPPING, module);
    bytes_put(&pprof->part, LOCATION_LINE, &pprof->inner);
    bytes_put(&pprof->message, PROFILE_LOCATION, &pprof->part);
}

void pprof_sample(struct pprof *pprof, const uint32_t *functions, uint32_t nr, const uint64_t *values)
{
    for (uint32_t i = 0; i < nr; i++)
        wire_number(&pprof->inner, (uint64_t)functions[i] + 1);
    bytes_put(&pprof->part, SAMPLE_LOCATION, &pprof->inner);
    for (unsigned i = 0; i < pprof->nr_values; i++)
        wire_number(&pprof->inner, values[i] <= INT64_MAX ? values[i] : INT64_MAX);
    bytes_put(&pprof->part, SAMPLE_VALUE, &pprof->inner);
    bytes_put(&pprof->message, PROFILE_SAMPLE, &pprof->part);
}

int pprof_finish(struct pprof *pprof, uint64_t realtime_ns, uint64_t duration_ns, struct out *out, struct err *err)
{
    number_put(&pprof->message, PROFILE_TIME_NANOS, realtime_ns);
    number_put(&pprof->message, PROFILE_DURATION_NANOS, duration_ns);
    for (uint32_t i = 0; i < pprof->nr_texts; i++) {
        wire_bytes(&pprof->part, pprof->texts[i], strlen(pprof->texts[i]));
        bytes_put(&pprof->message, PROFILE_STRING, &pprof->part);
    }
    if (pprof->failed || pprof->message.failed)
        return err_set(err, ERR_INPUT, "out of memory");
    out_bytes(out, (const char *)pprof->message.bytes, pprof->message.nr);
    return 0;
}
