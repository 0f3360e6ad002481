/*
 * The descriptive blocks of a trace: fields in, facts in `struct trace` out. Part of the reader.
 */
#ifndef FIELDS_H
#define FIELDS_H

#include "trace/reader.h"

/* What the reader needs to find facts again while it collects them. */
struct facts {
    struct index processes, threads; /* by serial */
    struct index objects;            /* by path and build-id */
    struct index modules;            /* by process and base: the one that is loaded */
    size_t process_capacity, thread_capacity, object_capacity, module_capacity;
    bool has_session, ended;
};

void facts_init(struct facts *facts);
void facts_release(struct facts *facts);

/*
 * Take over what a block says (never a CHUNK). 0; -1 with ERR_INCOMPLETE when the payload is malformed, ERR_INPUT when
 * it holds something that must be understood and is not, or memory ran out.
 */
int facts_add_block(struct facts *facts, struct trace *trace, const struct tf_header *header, const uint8_t *payload,
                    struct err *err);

/* The index of the process with that serial, or TRACE_NONE. */
uint32_t facts_process_find(const struct facts *facts, const struct trace *trace, uint32_t serial);

/* The index of the thread with that serial, which is made when no block has announced it (it was lost). TRACE_NONE
 * with err set when memory ran out. */
uint32_t facts_thread(struct facts *facts, struct trace *trace, uint32_t serial, struct err *err);

/* The number of the object with this path and build-id, or TRACE_NONE. */
uint32_t facts_object(const struct facts *facts, const struct trace *trace, const struct trace_object *object);

#endif
