#include "trace/image.h"

#include "trace/block.h"
#include "trace/field.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARENA_BYTES_MAX = 1 << 30, REGISTERS_MAX = 64, TEXT_MAX = 4096 };

struct image_reader {
    struct block_file file;
    struct buffer raw;
    uint64_t offset;      /* of the next block */
    uint32_t sequence;    /* that it must have */
    uint64_t contents_at; /* addresses below it have gone by */
    size_t thread_capacity, mapping_capacity;
    bool ended;
};

static int no_memory(const struct image *image, struct err *err)
{
    return err_set(err, ERR_INPUT, "%s: out of memory", image->path);
}

static void image_lacks(struct image *image, const char *why)
{
    if (image->why_incomplete == NULL)
        image->why_incomplete = why;
}

/* ---- Blocks --------------------------------------------------------------------------------------- */

/* The next intact block: 1 with its header, its payload in reader->raw; 0 at the end; -1 with err set. */
static int block_next(struct image *image, struct tf_header *header, struct err *err)
{
    struct image_reader *reader = image->reader;
    for (;;) {
        struct err why = {0};
        uint64_t found = reader->offset;
        int result = block_find(&reader->file, &found, image->file_bytes, header, err);
        if (result <= 0) {
            if (found != image->file_bytes || !reader->ended)
                image_lacks(image, "it is cut off, or still being written");
            return result;
        }
        if (found != reader->offset || header->sequence != reader->sequence || header->session != image->session)
            image_lacks(image, "blocks of it are damaged or missing");
        reader->offset = found + TF_HEADER_BYTES + header->payload_bytes;
        reader->sequence = header->sequence + 1;
        if (header->version != TF_VERSION)
            return err_set(err, ERR_INPUT, "%s: format version %u; this tracean reads version %u", image->path,
                           header->version, TF_VERSION);
        if (header->session == image->session && !reader->ended &&
            block_load(&reader->file, found, header->payload_bytes, header->raw_bytes, &reader->raw, &why) == 0)
            return 1;
        if (why.code == ERR_INPUT)
            return err_set(err, ERR_INPUT, "%s: %s", image->path, why.text);
        image_lacks(image, "blocks of it are damaged or missing");
    }
}

/* ---- Facts ---------------------------------------------------------------------------------------- */

/* Each field of [at, end) to `take`, which returns 0, or -1 with err set. */
static int fields_each(struct image *image, const uint8_t *at, const uint8_t *end,
                       int (*take)(struct image *, const struct field *, void *, struct err *), void *context,
                       struct err *err)
{
    struct field field;
    int result;
    while ((result = field_next(&at, end, &field)) > 0)
        if (take(image, &field, context, err) != 0)
            return -1;
    return result == 0 ? 0 : err_set(err, ERR_INPUT, "%s: its fields are malformed", image->path);
}

static int field_refuse(const struct image *image, const struct field *field, struct err *err)
{
    if ((field->key & 1) == 0)
        return 0;
    return err_set(err, ERR_INPUT, "%s: field %llu, which this version of tracean does not understand", image->path,
                   (unsigned long long)field->key);
}

static int text_take(struct image *image, const struct field *field, const char **text, struct err *err)
{
    *text = arena_copy(&image->arena, (const char *)field->value, field->bytes < TEXT_MAX ? field->bytes : TEXT_MAX);
    return *text == NULL ? no_memory(image, err) : 0;
}

static int thread_field(struct image *image, const struct field *field, void *context, struct err *err)
{
    struct image_thread *thread = context;
    switch (field->key) {
    case TF_FIELD_TID:
        thread->tid = field_number32(field);
        return 0;
    case TF_FIELD_STACK_POINTER:
        thread->stack_pointer = field->number;
        return 0;
    case TF_FIELD_THREAD_POINTER:
        thread->thread_pointer = field->number;
        return 0;
    case TF_FIELD_REGISTER:
        if (thread->registers == NULL &&
            (thread->registers = arena_array(&image->arena, REGISTERS_MAX, sizeof(*thread->registers))) == NULL)
            return no_memory(image, err);
        if (thread->nr_registers < REGISTERS_MAX)
            thread->registers[thread->nr_registers++] = field->number;
        return 0;
    default:
        return field_refuse(image, field, err);
    }
}

static int thread_add(struct image *image, const struct field *field, struct err *err)
{
    struct image_thread thread = {0};
    void *threads =
        array_grow(image->threads, image->nr_threads, &image->reader->thread_capacity, sizeof(*image->threads));
    if (threads == NULL)
        return no_memory(image, err);
    image->threads = threads;
    if (fields_each(image, field->value, field->value + field->bytes, thread_field, &thread, err) != 0)
        return -1;
    image->threads[image->nr_threads++] = thread;
    return 0;
}

static int image_field(struct image *image, const struct field *field, void *context, struct err *err)
{
    (void)context;
    switch (field->key) {
    case TF_FIELD_IMAGE_NUMBER:
        image->number = field->number;
        return 0;
    case TF_FIELD_PROCESS:
        image->process = field_number32(field);
        return 0;
    case TF_FIELD_PID:
        image->pid = field_number32(field);
        return 0;
    case TF_FIELD_IMAGE_NAME:
        return text_take(image, field, &image->name, err);
    case TF_FIELD_IMAGE_TRACE:
        return text_take(image, field, &image->trace, err);
    case TF_FIELD_IMAGE_THREAD:
        return thread_add(image, field, err);
    default:
        return field_refuse(image, field, err);
    }
}

/* ---- Mappings ------------------------------------------------------------------------------------- */

static int mapping_field(struct image *image, const struct field *field, void *context, struct err *err)
{
    struct image_mapping *mapping = context;
    switch (field->key) {
    case TF_FIELD_MAPPING_START:
        mapping->start = field->number;
        return 0;
    case TF_FIELD_MAPPING_BYTES:
        mapping->end = field->number; /* mapping_add() makes the end of it */
        return 0;
    case TF_FIELD_MAPPING_FLAGS:
        mapping->flags = field_number32(field);
        return 0;
    case TF_FIELD_MAPPING_PATH:
        return text_take(image, field, &mapping->path, err);
    default:
        return field_refuse(image, field, err);
    }
}

static int mapping_add(struct image *image, const struct field *field, void *context, struct err *err)
{
    (void)context;
    struct image_mapping mapping = {.path = ""};
    if (field->key != TF_FIELD_MAPPING)
        return field_refuse(image, field, err);
    if (fields_each(image, field->value, field->value + field->bytes, mapping_field, &mapping, err) != 0)
        return -1;
    uint64_t before = image->nr_mappings > 0 ? image->mappings[image->nr_mappings - 1].end : 0;
    if (mapping.end == 0 || mapping.end > UINT64_MAX - mapping.start || mapping.start < before ||
        (mapping.start | mapping.end) % TF_PAGE_BYTES != 0)
        return err_set(err, ERR_INPUT, "%s: its mappings are impossible", image->path);
    mapping.end += mapping.start;
    void *mappings =
        array_grow(image->mappings, image->nr_mappings, &image->reader->mapping_capacity, sizeof(*image->mappings));
    if (mappings == NULL)
        return no_memory(image, err);
    image->mappings = mappings;
    image->mappings[image->nr_mappings++] = mapping;
    return 0;
}

/* ---- Contents ------------------------------------------------------------------------------------- */

static bool run_is_mapped(const struct image *image, uint64_t start, uint64_t end)
{
    uint32_t low = 0, high = image->nr_mappings;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (image->mappings[middle].end <= start)
            low = middle + 1;
        else
            high = middle;
    }
    return low < image->nr_mappings && image->mappings[low].start <= start && end <= image->mappings[low].end;
}

/* Are the runs of a payload in order, mapped, and all of it? Memory goes by once: no more than is mapped. */
static bool runs_are_good(const struct image *image, const uint8_t *runs, uint32_t nr, uint64_t contents_bytes)
{
    uint64_t at = image->reader->contents_at;
    for (uint32_t i = 0; i < nr; i++) {
        uint64_t start = tf_load64(runs + (size_t)i * TF_PAGES_RUN_BYTES);
        uint64_t bytes = tf_load64(runs + (size_t)i * TF_PAGES_RUN_BYTES + 8);
        if ((start | bytes) % TF_PAGE_BYTES != 0 || start < at || bytes == 0 || bytes > contents_bytes ||
            bytes > UINT64_MAX - start || !run_is_mapped(image, start, start + bytes))
            return false;
        contents_bytes -= bytes;
        at = start + bytes;
    }
    return contents_bytes == 0;
}

static int pages_visit(struct image *image, size_t raw_bytes, image_visit *visit, void *context, struct err *err)
{
    struct image_reader *reader = image->reader;
    const uint8_t *raw = reader->raw.bytes;
    uint32_t nr = raw_bytes < TF_PAGES_HEAD_BYTES ? UINT32_MAX : tf_load32(raw);
    size_t head_bytes = TF_PAGES_HEAD_BYTES + (size_t)nr * TF_PAGES_RUN_BYTES;
    if (nr > TF_RAW_MAX / TF_PAGES_RUN_BYTES || head_bytes > raw_bytes ||
        !runs_are_good(image, raw + TF_PAGES_HEAD_BYTES, nr, raw_bytes - head_bytes)) {
        image_lacks(image, "blocks of it are damaged or missing");
        return 0;
    }
    const uint8_t *contents = raw + head_bytes;
    for (uint32_t i = 0; i < nr; i++) {
        uint64_t start = tf_load64(raw + TF_PAGES_HEAD_BYTES + (size_t)i * TF_PAGES_RUN_BYTES);
        size_t bytes = (size_t)tf_load64(raw + TF_PAGES_HEAD_BYTES + (size_t)i * TF_PAGES_RUN_BYTES + 8);
        if (visit(context, start, contents, bytes, err) != 0)
            return -1;
        contents += bytes;
        reader->contents_at = start + bytes;
    }
    return 0;
}

static int end_field(struct image *image, const struct field *field, void *context, struct err *err)
{
    (void)context;
    if (field->key == TF_FIELD_NR_BLOCKS && field->number + 1 != image->reader->sequence)
        image_lacks(image, "blocks of it are damaged or missing");
    if (field->key == TF_FIELD_FAILURE && field->number != TF_FAILURE_NONE)
        image_lacks(image, "it could not be written to its end");
    return field->key == TF_FIELD_NR_BLOCKS ? 0 : field_refuse(image, field, err);
}

int image_scan(struct image *image, image_visit *visit, void *context, struct err *err)
{
    struct image_reader *reader = image->reader;
    struct tf_header header;
    int result;
    while ((result = block_next(image, &header, err)) > 0) {
        const uint8_t *raw = reader->raw.bytes;
        if (header.type == TF_BLOCK_PAGES) {
            result = pages_visit(image, header.raw_bytes, visit, context, err);
        } else if (header.type == TF_BLOCK_END) {
            reader->ended = true;
            result = fields_each(image, raw, raw + header.raw_bytes, end_field, NULL, err);
        } else {
            image_lacks(image, "blocks of it are out of place");
            result = 0;
        }
        if (result != 0)
            return -1;
    }
    return result;
}

/* ---- The file ------------------------------------------------------------------------------------- */

static int file_open(struct image *image, const char *path, struct err *err)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    image->reader->file.fd = fd;
    if (fd < 0 || fstat(fd, &status) != 0)
        return err_set_errno(err, ERR_INPUT, errno, "%s", path);
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_INPUT, "%s: is not a regular file", path);
    image->file_bytes = (uint64_t)status.st_size;
    return block_file_init(&image->reader->file, err);
}

/* All blocks up to the first one of contents, which is left to image_scan(). */
static int facts_read(struct image *image, struct err *err)
{
    struct image_reader *reader = image->reader;
    struct tf_header header;
    uint64_t first = 0;
    int result = block_find(&reader->file, &first, TF_HEADER_BYTES, &header, err);
    if (result < 0)
        return -1;
    if (result == 0 || header.type != TF_BLOCK_IMAGE)
        return err_set(err, ERR_INPUT, "%s: is not an image of a heap%s", image->path,
                       result > 0 && header.type == TF_BLOCK_SESSION ? ", but a trace" : "");
    image->session = header.session;
    for (;;) {
        uint64_t before = reader->offset;
        uint32_t sequence = reader->sequence;
        if ((result = block_next(image, &header, err)) <= 0)
            return result;
        const uint8_t *raw = reader->raw.bytes, *end = raw + header.raw_bytes;
        if (header.type == TF_BLOCK_IMAGE && sequence == 0) {
            result = fields_each(image, raw, end, image_field, NULL, err);
        } else if (header.type == TF_BLOCK_MAPPINGS) {
            result = fields_each(image, raw, end, mapping_add, NULL, err);
        } else {
            reader->offset = before;
            reader->sequence = sequence;
            return image->number == 0 ? err_set(err, ERR_INPUT, "%s: is damaged: its facts are lost", image->path) : 0;
        }
        if (result != 0)
            return -1;
    }
}

struct image *image_open(const char *path, struct err *err)
{
    struct image *image = calloc(1, sizeof(*image));
    struct image_reader *reader = calloc(1, sizeof(*reader));
    if (image == NULL || reader == NULL) {
        free(image);
        free(reader);
        err_set(err, ERR_INPUT, "%s: out of memory", path);
        return NULL;
    }
    *image = (struct image){.name = "", .trace = "", .reader = reader};
    reader->file.fd = -1;
    arena_init(&image->arena, ARENA_BYTES_MAX);
    image->path = arena_copy(&image->arena, path, strlen(path));
    if (image->path == NULL)
        err_set(err, ERR_INPUT, "%s: out of memory", path);
    if (image->path == NULL || file_open(image, path, err) != 0 || facts_read(image, err) != 0) {
        image_close(image);
        return NULL;
    }
    return image;
}

void image_close(struct image *image)
{
    if (image == NULL)
        return;
    block_file_release(&image->reader->file);
    buffer_release(&image->reader->raw);
    free(image->reader);
    free(image->threads);
    free(image->mappings);
    arena_release(&image->arena);
    free(image);
}

bool image_file_is(const char *path)
{
    uint8_t bytes[TF_HEADER_BYTES];
    struct tf_header header;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool is = fd >= 0 && pread(fd, bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes) &&
              tf_header_load(bytes, &header) == 0 && header.type == TF_BLOCK_IMAGE;
    if (fd >= 0)
        close(fd);
    return is;
}
