/*
 * A trace written anew, block by block: sequence numbers, checksums and the totals in END come out right.
 */
#ifndef REWRITE_H
#define REWRITE_H

#include "base/out.h"
#include "trace/reader.h"

struct rewrite {
    struct out *out;
    void *deflater; /* ZSTD_CCtx */
    struct buffer packed;
    uint64_t session;
    uint32_t sequence;   /* of the next block: so many are written */
    uint64_t nr_events;  /* of the chunks among them */
    uint8_t *end_fields; /* of the old END; NULL: there is none */
    size_t end_bytes;
};

/* 0 or -1; it is to be released in both cases. */
int rewrite_init(struct rewrite *rewrite, struct out *out, uint64_t session, struct err *err);
void rewrite_release(struct rewrite *rewrite);

/* A block with this payload, and with type, flags, thread, events and times of `like`. */
int rewrite_block(struct rewrite *rewrite, const struct tf_header *like, const uint8_t *payload, size_t bytes,
                  struct err *err);

/* A block whose payload stays packed as it was. */
void rewrite_copy(struct rewrite *rewrite, const struct tf_header *header, const uint8_t *packed);

/* Keep what an END says for rewrite_end(). */
int rewrite_keep_end(struct rewrite *rewrite, const uint8_t *fields, size_t bytes, struct err *err);

/*
 * END with the totals of what was written, and with all else that the old one says. `repaired` NULL, or how many events
 * are known to be lost that no chunk counts.
 */
int rewrite_end(struct rewrite *rewrite, const struct tf_header *like, const uint64_t *repaired, struct err *err);

/* The intact blocks of a trace in the order of the file: `chunk` is NULL for others. Ends when `visit` returns not 0.
 */
int rewrite_each(const struct trace *trace,
                 int (*visit)(void *context, uint64_t offset, const struct trace_chunk *chunk), void *context);

#endif
