/*
 * Deltas are made anew only where a gap lies within the chunk; else it is enough to move where it begins.
 */
#include "trace/retime.h"

#include <stdlib.h>

/* All symbols' deltas, from `base_ticks` on. */
static int deltas_make(struct chunk *chunk, uint64_t base_ticks, struct err *err)
{
    const uint32_t nr = chunk->head.nr_symbols, unit = chunk->head.tick_unit;
    free(chunk->retimed);
    chunk->retimed = malloc((size_t)nr * (1 + TF_VARINT_MAX) + 8);
    if (chunk->retimed == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    uint8_t *deltas = chunk->retimed, *wide = deltas + nr;
    struct chunk_cursor cursor;
    chunk_begin(chunk, &cursor);
    for (uint32_t i = 0; i < nr; i++) {
        chunk_next(chunk, &cursor);
        uint64_t ticks = anchors_close(chunk->anchors, cursor.ticks), apart = ticks - base_ticks;
        bool is_narrow = apart % unit == 0 && apart / unit < TF_DELTA_WIDE;
        deltas[i] = (uint8_t)(is_narrow ? apart / unit : TF_DELTA_WIDE);
        if (!is_narrow)
            wide = tf_put_varint(wide, apart);
        base_ticks = ticks;
    }
    chunk->deltas = deltas;
    chunk->wide = deltas + nr;
    chunk->wide_end = wide;
    return 0;
}

int chunk_retime(struct chunk *chunk, struct err *err)
{
    const struct anchors *anchors = chunk->anchors;
    uint64_t base = anchors_close(anchors, chunk->head.base_ticks), last = anchors_close(anchors, chunk->last_ticks);
    if (last - base != chunk->last_ticks - chunk->head.base_ticks && deltas_make(chunk, base, err) != 0)
        return -1;
    chunk->head.base_ticks = base;
    chunk->last_ticks = last;
    for (uint32_t i = 0; i < chunk->head.nr_stack; i++)
        chunk->stack[i].enter_ticks = anchors_close(anchors, chunk->stack[i].enter_ticks);
    return 0;
}

void ext_retime(const struct anchors *anchors, uint64_t ticks, struct chunk_ext *ext)
{
    if (ext->kind == TF_EXT_STALL)
        ext->number = anchors_close_duration(anchors, ticks, ext->number);
    else if (ext->kind == TF_EXT_DROPPED || ext->kind == TF_EXT_SNAPSHOT)
        ext->second = anchors_close_duration(anchors, ticks, ext->second);
}
