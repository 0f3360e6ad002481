/*
 * A chunk without the gaps of the trace's clock (anchors.h): all its times are those of a clock that had none.
 */
#ifndef RETIME_H
#define RETIME_H

#include "trace/decode.h"

/* 0; -1: no memory. The chunk is checked, and its anchors have gaps. */
int chunk_retime(struct chunk *chunk, struct err *err);

/* Its durations, which end at `ticks`. */
void ext_retime(const struct anchors *anchors, uint64_t ticks, struct chunk_ext *ext);

#endif
