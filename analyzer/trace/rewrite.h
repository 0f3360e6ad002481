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
    uint32_t sequence;  /* of the next block: so many are written */
    uint64_t nr_events; /* of the chunks among them */
};

/* 0 or -1; it is to be released in both cases. */
int rewrite_init(struct rewrite *rewrite, struct out *out, uint64_t session, struct err *err);
void rewrite_release(struct rewrite *rewrite);

/* A block with this payload, and with type, flags, thread, events and times of `like`. */
int rewrite_block(struct rewrite *rewrite, const struct tf_header *like, const uint8_t *payload, size_t bytes,
                  struct err *err);

/* A block whose payload stays packed as it was. */
void rewrite_copy(struct rewrite *rewrite, const struct tf_header *header, const uint8_t *packed);

/*
 * END with the totals of what was written, and with all else that the fields of another END say. `repaired` NULL, or
 * how many events are known to be lost that no chunk counts.
 */
int rewrite_end(struct rewrite *rewrite, const struct tf_header *like, const uint8_t *fields, size_t bytes,
                const uint64_t *repaired, struct err *err);

#endif
