#include "trace/rewrite.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { LEVEL = 3 };

int rewrite_init(struct rewrite *rewrite, struct out *out, uint64_t session, struct err *err)
{
    *rewrite = (struct rewrite){.out = out, .session = session, .deflater = ZSTD_createCCtx()};
    if (rewrite->deflater == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParameter(rewrite->deflater, ZSTD_c_compressionLevel, LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(rewrite->deflater, ZSTD_c_checksumFlag, 1)))
        return err_set(err, ERR_INPUT, "out of memory");
    return 0;
}

void rewrite_release(struct rewrite *rewrite)
{
    ZSTD_freeCCtx(rewrite->deflater);
    buffer_release(&rewrite->packed);
    free(rewrite->end_fields);
}

void rewrite_copy(struct rewrite *rewrite, const struct tf_header *header, const uint8_t *packed)
{
    uint8_t bytes[TF_HEADER_BYTES];
    struct tf_header own = *header;
    own.version = TF_VERSION;
    own.session = rewrite->session;
    own.sequence = rewrite->sequence++;
    rewrite->nr_events += own.type == TF_BLOCK_CHUNK ? own.nr_events : 0;
    tf_header_store(bytes, &own);
    out_bytes(rewrite->out, (const char *)bytes, sizeof(bytes));
    out_bytes(rewrite->out, (const char *)packed, own.payload_bytes);
}

int rewrite_block(struct rewrite *rewrite, const struct tf_header *like, const uint8_t *payload, size_t bytes,
                  struct err *err)
{
    struct tf_header header = *like;
    size_t room = ZSTD_compressBound(bytes);
    if (bytes > TF_RAW_MAX || buffer_reserve(&rewrite->packed, room, err) != 0)
        return err_set(err, ERR_INPUT, "a block of %zu bytes is too large", bytes);
    size_t packed = ZSTD_compress2(rewrite->deflater, rewrite->packed.bytes, room, payload, bytes);
    if (ZSTD_isError(packed))
        return err_set(err, ERR_INPUT, "a block cannot be compressed: %s", ZSTD_getErrorName(packed));
    header.payload_bytes = (uint32_t)packed;
    header.raw_bytes = (uint32_t)bytes;
    rewrite_copy(rewrite, &header, rewrite->packed.bytes);
    return 0;
}

static bool is_rewritten(uint64_t key)
{
    return key == TF_FIELD_NR_BLOCKS || key == TF_FIELD_NR_EVENTS || key == TF_FIELD_REPAIRED;
}

int rewrite_keep_end(struct rewrite *rewrite, const uint8_t *fields, size_t bytes, struct err *err)
{
    free(rewrite->end_fields);
    rewrite->end_bytes = bytes;
    rewrite->end_fields = malloc(bytes + 1);
    if (rewrite->end_fields == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    memcpy(rewrite->end_fields, fields, bytes);
    return 0;
}

int rewrite_end(struct rewrite *rewrite, const struct tf_header *like, const uint64_t *repaired, struct err *err)
{
    const uint8_t *at = rewrite->end_fields, *end = at == NULL ? NULL : at + rewrite->end_bytes;
    struct tf_header header = {.type = TF_BLOCK_END, .anchor_ticks = like->anchor_ticks, .anchor_ns = like->anchor_ns};
    uint8_t *payload = malloc(rewrite->end_bytes + 3 * (2 * TF_VARINT_MAX + TF_VARINT_MAX)), *to = payload;
    if (payload == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    to = tf_put_field_number(to, TF_FIELD_NR_BLOCKS, rewrite->sequence);
    to = tf_put_field_number(to, TF_FIELD_NR_EVENTS, rewrite->nr_events);
    while (at != NULL && at < end) {
        const uint8_t *field = at;
        uint64_t key, nr;
        at = tf_get_varint(at, end, &key);
        at = at == NULL ? NULL : tf_get_varint(at, end, &nr);
        at = at == NULL || nr > (size_t)(end - at) ? NULL : at + nr;
        if (at == NULL || (is_rewritten(key) && (repaired != NULL || key != TF_FIELD_REPAIRED)))
            continue;
        memcpy(to, field, (size_t)(at - field));
        to += at - field;
    }
    if (repaired != NULL)
        to = tf_put_field_number(to, TF_FIELD_REPAIRED, *repaired);
    int result = rewrite_block(rewrite, &header, payload, (size_t)(to - payload), err);
    free(payload);
    return result;
}

int rewrite_each(const struct trace *trace,
                 int (*visit)(void *context, uint64_t offset, const struct trace_chunk *chunk), void *context)
{
    uint32_t description = 0, chunk = 0;
    int result = 0;
    while (result == 0 && (description < trace->nr_descriptions || chunk < trace->nr_chunks)) {
        if (chunk == trace->nr_chunks ||
            (description < trace->nr_descriptions && trace->descriptions[description] < trace->chunks[chunk].offset))
            result = visit(context, trace->descriptions[description++], NULL);
        else {
            const struct trace_chunk *next = &trace->chunks[chunk++];
            result = visit(context, next->offset, next);
        }
    }
    return result;
}
