/*
 * Names that `tracean pack` has put into the trace: SYMBOLS blocks in, objects' tables out. Part of the reader.
 */
#ifndef TRACE_NAMES_H
#define TRACE_NAMES_H

#include "trace/fields.h"

/* Take over a SYMBOLS block; as facts_add_block. */
int names_add(const struct facts *facts, struct trace *trace, const uint8_t *at, const uint8_t *end, struct err *err);

#endif
