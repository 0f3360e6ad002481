#include "fuzz.h"

#include "trace_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BLOCK_CHUNK = 5, BLOCK_PAGES = 11, PAGE_BYTES = 4096 };

void fuzz_require(int holds)
{
    if (!holds)
        abort();
}

const char *fuzz_file(const uint8_t *data, size_t bytes)
{
    static char path[64];
    static int fd = -1;
    if (fd < 0) {
        fd = memfd_create("input", MFD_CLOEXEC);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    fuzz_require(ftruncate(fd, 0) == 0 && pwrite(fd, data, bytes, 0) == (ssize_t)bytes);
    return path;
}

/* ---- Traces --------------------------------------------------------------------------------------- */

struct recipe {
    const uint8_t *next;
    size_t bytes;
};

/* The next number of so many bytes; 0 when the input is at its end. */
static uint32_t number_take(struct recipe *recipe, unsigned nr)
{
    uint32_t number = 0;
    for (unsigned i = 0; i < nr && recipe->bytes > 0; i++, recipe->bytes--)
        number |= (uint32_t)*recipe->next++ << (8 * i);
    return number;
}

/* So many pages of contents: each word tells where it is. */
static void pages_put(struct writer_bytes *payload, uint32_t nr)
{
    for (uint64_t at = 0; at < (uint64_t)nr * PAGE_BYTES; at += 8)
        raw_put64(payload, at);
}

static void block_make(struct recipe *recipe, struct writer *writer)
{
    uint32_t type = number_take(recipe, 1), thread = number_take(recipe, 1);
    uint32_t nr_events = 0, first = 0, last = 0;
    uint32_t nr_pages = type == BLOCK_PAGES ? number_take(recipe, 1) % 8 : 0;
    if (type == BLOCK_CHUNK) {
        nr_events = number_take(recipe, 1);
        first = number_take(recipe, 4);
        last = number_take(recipe, 4);
    }
    size_t bytes = number_take(recipe, 2);
    struct writer_bytes payload = {0};
    raw_put(&payload, recipe->next, bytes < recipe->bytes ? bytes : recipe->bytes);
    recipe->next += payload.nr;
    recipe->bytes -= payload.nr;
    pages_put(&payload, nr_pages);
    writer_block(writer, type, thread, nr_events, first, last, &payload);
    writer->anchor_ticks += 1000;
    writer->anchor_ns += 1000;
    raw_free(&payload);
}

const char *fuzz_trace(const uint8_t *data, size_t bytes)
{
    if (bytes > 0 && (data[0] & 1))
        return fuzz_file(data + 1, bytes - 1);
    struct recipe recipe = {data + (bytes > 0), bytes - (bytes > 0)};
    struct writer writer;
    writer_init(&writer);
    while (recipe.bytes > 0)
        block_make(&recipe, &writer);
    const char *path = fuzz_file(writer.file.bytes, writer.file.nr);
    writer_free(&writer);
    return path;
}
