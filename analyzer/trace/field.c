#include "trace/field.h"

int field_next(const uint8_t **at, const uint8_t *end, struct field *field)
{
    uint64_t bytes;
    if (*at == end)
        return 0;
    const uint8_t *p = tf_get_varint(*at, end, &field->key);
    p = p == NULL ? NULL : tf_get_varint(p, end, &bytes);
    if (p == NULL || bytes > (size_t)(end - p))
        return -1;
    field->value = p;
    field->bytes = (size_t)bytes;
    field->number = 0;
    field->is_number = tf_get_varint(p, p + bytes, &field->number) == p + bytes && bytes > 0;
    *at = p + bytes;
    return 1;
}

int fields_end(int result, struct err *err)
{
    return result < 0 ? err_set(err, ERR_INCOMPLETE, "its fields are malformed") : 0;
}

int field_unknown(const struct field *field, struct err *err)
{
    if ((field->key & 1) == 0)
        return 0;
    return err_set(err, ERR_INPUT, "the trace has field %llu, which this version of tracean does not understand",
                   (unsigned long long)field->key);
}

int field_no_memory(struct err *err)
{
    return err_set(err, ERR_INPUT, "out of memory while reading the facts of the trace");
}

int field_text(struct trace *trace, const struct field *field, size_t bytes_max, const char **text, struct err *err)
{
    const char *copy =
        arena_copy(&trace->arena, (const char *)field->value, field->bytes < bytes_max ? field->bytes : bytes_max);
    if (copy == NULL)
        return field_no_memory(err);
    *text = copy;
    return 0;
}

uint32_t field_number32(const struct field *field)
{
    return field->number > UINT32_MAX ? UINT32_MAX : (uint32_t)field->number;
}
