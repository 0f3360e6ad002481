/*
 * The descriptive blocks of a trace: what the drain knows about the session, its processes and threads.
 */
#ifndef SESSION_FACTS_H
#define SESSION_FACTS_H

#include "drain/sink.h"
#include "region.h"

#include <stdint.h>

/* Each writes one block; 0, or -1 when the sink has failed. */
int facts_write_session(struct sink *sink, const struct region *region, const char *region_path);
int facts_write_process(struct sink *sink, const struct region_process *process);
int facts_write_thread(struct sink *sink, uint32_t process_serial, uint32_t thread_serial, uint32_t tid,
                       uint64_t start_ticks);

/* `key`: TF_FIELD_MODULE_LOAD or TF_FIELD_MODULE_UNLOAD; `fields` as the program described them. */
int facts_write_module(struct sink *sink, uint32_t process_serial, enum tf_field key, const void *fields, size_t bytes);

/* What the hooks of calls of one kind of function cost, in 1/TF_HOOK_TICK of a tick. */
struct hook_sample {
    enum tf_hook_work work;
    uint64_t length; /* of the function without hooks, beyond that of one that does nothing */
    int64_t inside;  /* by how much more its enter and exit lie apart */
    int64_t outside; /* what else a call takes */
};

int facts_write_hooks(struct sink *sink, const struct hook_sample *samples, uint32_t nr);

int facts_write_end(struct sink *sink, const struct region *region, enum tf_failure failure, int recovered);

#endif
