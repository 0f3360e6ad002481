/*
 * An image of a heap: opened, its contents scanned. What the reader hands out must be what its header says: mappings in
 * order, pages in them and in order, texts that end; and an image that is whole says so by its end.
 */
#include "fuzz.h"

#include "trace/image.h"

#include <string.h>

struct scanned {
    const struct image *image;
    uint64_t end; /* of what has gone by */
    uint64_t sum;
};

static int pages_take(void *context, uint64_t address, const uint8_t *contents, size_t bytes, struct err *err)
{
    struct scanned *scanned = context;
    const struct image *image = scanned->image;
    bool mapped = false;
    (void)err;
    fuzz_require(bytes > 0 && (address | bytes) % TF_PAGE_BYTES == 0 && address >= scanned->end);
    for (uint32_t i = 0; i < image->nr_mappings; i++)
        mapped |= image->mappings[i].start <= address && address + bytes <= image->mappings[i].end;
    fuzz_require(mapped);
    for (size_t i = 0; i < bytes; i++)
        scanned->sum += contents[i];
    scanned->end = address + bytes;
    return 0;
}

static void facts_require(const struct image *image)
{
    uint64_t end = 0;
    fuzz_require(strlen(image->name) < SIZE_MAX && strlen(image->trace) < SIZE_MAX);
    for (uint32_t i = 0; i < image->nr_mappings; i++) {
        const struct image_mapping *mapping = &image->mappings[i];
        fuzz_require(end <= mapping->start && mapping->start < mapping->end && strlen(mapping->path) < SIZE_MAX);
        end = mapping->end;
    }
    for (uint32_t i = 0; i < image->nr_threads; i++)
        fuzz_require(image->threads[i].nr_registers == 0 || image->threads[i].registers != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct err err = {0};
    const char *path = fuzz_trace(data, bytes);
    struct image *image = image_open(path, &err);
    if (image == NULL) {
        fuzz_require(err.code == ERR_INPUT && err.text[0] != '\0');
        return 0;
    }
    fuzz_require(image_file_is(path));
    facts_require(image);
    struct scanned scanned = {.image = image};
    if (image_scan(image, pages_take, &scanned, &err) != 0)
        fuzz_require(err.code == ERR_INPUT && err.text[0] != '\0');
    image_close(image);
    return 0;
}
