/* The payload of a chunk: what has passed the checks must be walked without any. */
#include "fuzz.h"

#include "trace/decode.h"

#include <stdlib.h>
#include <string.h>

static void chunk_walk(const struct chunk *chunk, const struct trace_chunk *block)
{
    struct chunk_cursor cursor;
    uint64_t depth = chunk->head.depth, ticks = chunk->head.base_ticks;
    chunk_begin(chunk, &cursor);
    while (cursor.index < chunk->head.nr_symbols) {
        uint32_t symbol = chunk_next(chunk, &cursor);
        fuzz_require(cursor.ticks >= ticks && cursor.ticks <= block->last_ticks);
        ticks = cursor.ticks;
        if (symbol >= TF_SYM_ENTER) {
            fuzz_require(symbol - TF_SYM_ENTER < chunk->head.nr_dict);
            depth++;
        } else if (symbol == TF_SYM_EXT) {
            struct chunk_ext ext;
            chunk_next_ext(chunk, &cursor, &ext);
            fuzz_require(cursor.ext != NULL &&
                         (ext.text_bytes == 0 || memchr(ext.text, 0, ext.text_bytes) != ext.text - 1));
        } else {
            fuzz_require(depth-- > 0);
        }
    }
    fuzz_require(ticks == chunk->last_ticks && depth <= chunk->peak_depth);
    for (uint32_t i = 0; i < chunk->head.nr_stack; i++)
        fuzz_require(chunk->stack[i].enter_ticks <= chunk->head.base_ticks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct err err = {0};
    struct chunk chunk = {0};
    if (bytes < 16)
        return 0;
    const struct trace_chunk block = {.first_ticks = tf_load64(data), .last_ticks = tf_load64(data + 8)};
    chunk.raw.capacity = bytes - 16;
    chunk.raw.bytes = malloc(chunk.raw.capacity + 1);
    fuzz_require(chunk.raw.bytes != NULL);
    memcpy(chunk.raw.bytes, data + 16, bytes - 16);
    if (chunk_decode(&chunk, bytes - 16, &block, &err) == 0)
        chunk_walk(&chunk, &block);
    else
        fuzz_require(err.code == ERR_INCOMPLETE);
    chunk_release(&chunk);
    return 0;
}
