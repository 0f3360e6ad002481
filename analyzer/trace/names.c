#include "trace/names.h"

#include "trace/field.h"

/* Whose names these are, and how many. */
static int object_parse(struct trace *trace, const uint8_t *at, const uint8_t *end, struct trace_object *object,
                        uint32_t *nr, struct err *err)
{
    struct field field;
    int result, failed = 0;
    while (failed == 0 && (result = field_next(&at, end, &field)) > 0) {
        if (field.key == TF_FIELD_MODULE_PATH) {
            failed = field_text(trace, &field, FIELD_TEXT_MAX, &object->path, err);
        } else if (field.key == TF_FIELD_BUILD_ID) {
            object->build_id = field.value;
            object->build_id_bytes = field.bytes;
        } else if (field.key == TF_FIELD_SYMBOL_NOTICE) {
            failed = field_text(trace, &field, FIELD_TEXT_MAX, &object->names_notice, err);
        } else {
            *nr += field.key == TF_FIELD_SYMBOL;
        }
    }
    return failed != 0 ? -1 : fields_end(result, err);
}

static int symbol_parse(struct trace *trace, const struct field *value, struct trace_symbol *symbol, struct err *err)
{
    const uint8_t *at = value->value, *end = at + value->bytes;
    struct field field;
    int result, failed = 0;
    while (failed == 0 && (result = field_next(&at, end, &field)) > 0) {
        if (field.key == TF_FIELD_SYMBOL_ADDRESS)
            symbol->address = field.number;
        else if (field.key == TF_FIELD_SYMBOL_LINKAGE)
            failed = field_text(trace, &field, FIELD_TEXT_MAX, &symbol->linkage, err);
        else if (field.key == TF_FIELD_SYMBOL_NAME)
            failed = field_text(trace, &field, FIELD_TEXT_MAX, &symbol->name, err);
        else if (field.key == TF_FIELD_SYMBOL_SHORT)
            failed = field_text(trace, &field, FIELD_TEXT_MAX, &symbol->short_name, err);
        else if (field.key == TF_FIELD_SYMBOL_FILE)
            failed = field_text(trace, &field, FIELD_TEXT_MAX, &symbol->file, err);
        else if (field.key == TF_FIELD_SYMBOL_LINE)
            symbol->line = field_number32(&field);
    }
    return failed != 0 ? -1 : fields_end(result, err);
}

int names_add(const struct facts *facts, struct trace *trace, const uint8_t *at, const uint8_t *end, struct err *err)
{
    struct trace_object object = {.path = ""};
    struct field field;
    uint32_t nr = 0;
    if (object_parse(trace, at, end, &object, &nr, err) != 0)
        return -1;
    uint32_t number = facts_object(facts, trace, &object);
    if (number == TRACE_NONE) /* what is not there needs no names */
        return 0;
    struct trace_symbols *part = arena_alloc(&trace->arena, sizeof(*part));
    struct trace_symbol *symbols = arena_array(&trace->arena, nr, sizeof(*symbols));
    if (part == NULL || symbols == NULL)
        return field_no_memory(err);
    *part = (struct trace_symbols){.symbols = symbols, .next = trace->objects[number].names};
    while (field_next(&at, end, &field) > 0) {
        if (field.key != TF_FIELD_SYMBOL)
            continue;
        struct trace_symbol *symbol = &symbols[part->nr];
        if (symbol_parse(trace, &field, symbol, err) != 0)
            return -1;
        if (part->nr++ > 0 && symbol->address <= symbol[-1].address)
            return err_set(err, ERR_INCOMPLETE, "its functions are in no order");
    }
    trace->objects[number].names = part;
    if (object.names_notice != NULL)
        trace->objects[number].names_notice = object.names_notice;
    return 0;
}

static const struct trace_symbol *part_find(const struct trace_symbols *part, uint64_t address)
{
    uint32_t low = 0, high = part->nr;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (part->symbols[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < part->nr && part->symbols[low].address == address ? &part->symbols[low] : NULL;
}

const struct trace_symbol *trace_symbol_find(const struct trace_object *object, uint64_t address)
{
    const struct trace_symbol *found = NULL;
    for (const struct trace_symbols *part = object->names; part != NULL && found == NULL; part = part->next)
        found = part_find(part, address);
    return found;
}
