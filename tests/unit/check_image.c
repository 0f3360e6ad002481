/*
 * Images of heaps: what is in them is what is read; cut anywhere, or with any bit flipped, they are refused or said to
 * be incomplete; what is impossible is never handed out.
 */
#include "suite.h"
#include "trace_writer.h"

#include "trace/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { IMAGE = 9, MAPPINGS = 10, PAGES = 11, END = 6 };

#define HEAP  ((uint64_t)0x500000)
#define STACK ((uint64_t)0x7f0000000000)
#define PAGE  ((size_t)4096)

/* ---- Images --------------------------------------------------------------------------------------- */

static void nested_put(struct writer_bytes *to, uint64_t key, struct writer_bytes *fields)
{
    raw_put_varint(to, key);
    raw_put_varint(to, fields->nr);
    raw_put(to, fields->bytes, fields->nr);
    raw_free(fields);
    *fields = (struct writer_bytes){0};
}

static void payload_write(struct writer *writer, unsigned type, struct writer_bytes *payload)
{
    writer_block(writer, type, 0, 0, 0, 0, payload);
    raw_free(payload);
    *payload = (struct writer_bytes){0};
}

/* `odd`: a key to put in that readers of this version do not know; 0: none. */
static void facts_put(struct writer *writer, uint64_t odd)
{
    struct writer_bytes payload = {0}, thread = {0};
    raw_put_number(&payload, 131, 3);
    raw_put_number(&payload, 31, 2);
    raw_put_number(&payload, 32, 77);
    raw_put_text(&payload, 132, "peak");
    raw_put_text(&payload, 134, "trace.zst");
    raw_put_number(&thread, 52, 77);
    raw_put_number(&thread, 138, STACK + 0x1f00);
    for (uint64_t i = 0; i < 100; i++) /* more than are kept */
        raw_put_number(&thread, 140, HEAP + i);
    raw_put_number(&thread, 152, STACK);
    nested_put(&payload, 136, &thread);
    if (odd != 0)
        raw_put_number(&payload, odd, 1);
    payload_write(writer, IMAGE, &payload);
}

static void mapping_put(struct writer_bytes *payload, uint64_t start, uint64_t bytes, const char *path)
{
    struct writer_bytes fields = {0};
    raw_put_number(&fields, 144, start);
    raw_put_number(&fields, 146, bytes);
    raw_put_number(&fields, 148, 0);
    if (path != NULL)
        raw_put_text(&fields, 150, path);
    nested_put(payload, 143, &fields);
}

static void mappings_put(struct writer *writer)
{
    struct writer_bytes payload = {0};
    mapping_put(&payload, HEAP, 4 * PAGE, "[heap]");
    mapping_put(&payload, STACK, 2 * PAGE, NULL);
    payload_write(writer, MAPPINGS, &payload);
}

/* A run of `bytes`, with so many bytes of contents. */
static void pages_put(struct writer *writer, uint64_t start, uint64_t bytes, size_t contents)
{
    struct writer_bytes payload = {0};
    raw_put32(&payload, 1);
    raw_put32(&payload, 0);
    raw_put64(&payload, start);
    raw_put64(&payload, bytes);
    for (size_t i = 0; i < contents; i += 8)
        raw_put64(&payload, start + i);
    payload_write(writer, PAGES, &payload);
}

static void end_put(struct writer *writer, uint64_t nr_blocks, uint64_t failure)
{
    struct writer_bytes payload = {0};
    raw_put_number(&payload, 81, nr_blocks);
    if (failure != 0)
        raw_put_number(&payload, TF_FIELD_FAILURE, failure);
    payload_write(writer, END, &payload);
}

static void image_put(struct writer *writer)
{
    writer_init(writer);
    facts_put(writer, 0);
    mappings_put(writer);
    pages_put(writer, HEAP + PAGE, PAGE, PAGE);
    pages_put(writer, STACK, 2 * PAGE, 2 * PAGE);
    end_put(writer, 4, 0);
}

/* ---- Reading -------------------------------------------------------------------------------------- */

struct scanned {
    uint64_t end, bytes, nr_wrong;
    uint64_t facts; /* a hash of what is known before the contents */
};

static int contents_check(void *context, uint64_t address, const uint8_t *contents, size_t bytes, struct err *err)
{
    struct scanned *scanned = context;
    (void)err;
    scanned->nr_wrong += address < scanned->end;
    for (size_t i = 0; i < bytes; i += 8)
        scanned->nr_wrong += tf_load64(contents + i) != address + i;
    scanned->end = address + bytes;
    scanned->bytes += bytes;
    return 0;
}

static uint64_t hash_add(uint64_t hash, uint64_t number)
{
    return (hash ^ number) * 0x100000001b3u;
}

static uint64_t facts_hash(const struct image *image)
{
    uint64_t hash = hash_add(hash_add(hash_add(image->number, image->process), image->pid), image->session);
    for (const char *p = image->name; *p != '\0'; p++)
        hash = hash_add(hash, (uint8_t)*p);
    for (const char *p = image->trace; *p != '\0'; p++)
        hash = hash_add(hash, (uint8_t)*p);
    for (uint32_t i = 0; i < image->nr_threads; i++) {
        const struct image_thread *thread = &image->threads[i];
        hash = hash_add(hash_add(hash_add(hash, thread->tid), thread->stack_pointer), thread->thread_pointer);
        for (uint32_t j = 0; j < thread->nr_registers; j++)
            hash = hash_add(hash, thread->registers[j]);
    }
    for (uint32_t i = 0; i < image->nr_mappings; i++)
        hash = hash_add(hash_add(hash, image->mappings[i].start), image->mappings[i].end);
    return hash;
}

enum verdict { REFUSED, INCOMPLETE, WHOLE };

/* What is said of the file; and what passes by must be what was written, whatever is said. */
static enum verdict verdict_of(const char *path, struct scanned *scanned, struct err *err)
{
    enum verdict verdict = REFUSED;
    *scanned = (struct scanned){0};
    *err = (struct err){0};
    struct image *image = image_open(path, err);
    scanned->facts = image != NULL ? facts_hash(image) : 0;
    if (image != NULL && image_scan(image, contents_check, scanned, err) == 0)
        verdict = image->why_incomplete == NULL ? WHOLE : INCOMPLETE;
    ck_assert_int_eq(verdict == REFUSED, err->code == ERR_INPUT);
    ck_assert_uint_eq(scanned->nr_wrong, 0);
    image_close(image);
    return verdict;
}

START_TEST(what_is_written_is_read)
{
    struct writer writer;
    struct err err = {0};
    struct scanned scanned = {0};
    image_put(&writer);
    char *path = writer_save(&writer);
    ck_assert(image_file_is(path));
    struct image *image = image_open(path, &err);
    ck_assert_msg(image != NULL, "%s", err.text);
    ck_assert_uint_eq(image->number, 3);
    ck_assert_uint_eq(image->process, 2);
    ck_assert_uint_eq(image->pid, 77);
    ck_assert_str_eq(image->name, "peak");
    ck_assert_str_eq(image->trace, "trace.zst");
    ck_assert_uint_eq(image->nr_threads, 1);
    ck_assert_uint_eq(image->threads[0].stack_pointer, STACK + 0x1f00);
    ck_assert_uint_eq(image->threads[0].thread_pointer, STACK);
    ck_assert_uint_eq(image->threads[0].nr_registers, 64);
    ck_assert_uint_eq(image->threads[0].registers[63], HEAP + 63);
    ck_assert_uint_eq(image->nr_mappings, 2);
    ck_assert_str_eq(image->mappings[0].path, "[heap]");
    ck_assert_uint_eq(image->mappings[1].end, STACK + 2 * PAGE);
    ck_assert_int_eq(image_scan(image, contents_check, &scanned, &err), 0);
    ck_assert_ptr_null(image->why_incomplete);
    ck_assert_uint_eq(scanned.bytes, 3 * PAGE);
    ck_assert_uint_eq(scanned.nr_wrong, 0);
    image_close(image);
    unlink(path);
    free(path);
    writer_free(&writer);
}

END_TEST

START_TEST(cut_images_are_not_believed)
{
    struct writer writer;
    struct err err;
    struct scanned scanned;
    char path[64];
    image_put(&writer);
    int fd = writer_memory(&writer, path);
    ck_assert_int_eq(verdict_of(path, &scanned, &err), WHOLE);
    for (size_t bytes = writer.file.nr; bytes-- > 0;) {
        ck_assert_int_eq(ftruncate(fd, (off_t)bytes), 0);
        enum verdict verdict = verdict_of(path, &scanned, &err);
        ck_assert_msg(verdict != WHOLE, "of %zu bytes %zu are enough", writer.file.nr, bytes);
    }
    close(fd);
    writer_free(&writer);
}

END_TEST

/* Some bits mean nothing to zstd: then all must be as it was. */
START_TEST(flipped_bits_are_not_believed)
{
    struct writer writer;
    struct err err;
    struct scanned whole, scanned;
    char path[64];
    image_put(&writer);
    int fd = writer_memory(&writer, path);
    ck_assert_int_eq(verdict_of(path, &whole, &err), WHOLE);
    for (size_t bit = 0; bit < writer.file.nr * 8; bit += bit < 2000 ? 1 : 3) {
        uint8_t flipped = (uint8_t)(writer.file.bytes[bit / 8] ^ (1u << bit % 8));
        ck_assert_int_eq(pwrite(fd, &flipped, 1, (off_t)(bit / 8)), 1);
        enum verdict verdict = verdict_of(path, &scanned, &err);
        ck_assert_msg(verdict != WHOLE || (scanned.bytes == whole.bytes && scanned.facts == whole.facts),
                      "bit %zu of byte %zu", bit % 8, bit / 8);
        ck_assert_int_eq(pwrite(fd, &writer.file.bytes[bit / 8], 1, (off_t)(bit / 8)), 1);
    }
    close(fd);
    writer_free(&writer);
}

END_TEST

/* ---- The impossible ------------------------------------------------------------------------------- */

static void no_image(struct writer *writer)
{
    writer_sample(writer);
}

static void unknown_odd_field(struct writer *writer)
{
    facts_put(writer, 199);
    mappings_put(writer);
    end_put(writer, 2, 0);
}

static void unknown_even_field(struct writer *writer)
{
    facts_put(writer, 198);
    mappings_put(writer);
    end_put(writer, 2, 0);
}

static void mapped_and(struct writer *writer, uint64_t start, uint64_t bytes)
{
    struct writer_bytes payload = {0};
    facts_put(writer, 0);
    mapping_put(&payload, HEAP, 4 * PAGE, NULL);
    mapping_put(&payload, start, bytes, NULL);
    payload_write(writer, MAPPINGS, &payload);
    end_put(writer, 2, 0);
}

static void overlapping(struct writer *writer)
{
    mapped_and(writer, HEAP + 3 * PAGE, PAGE);
}

static void beyond_the_end(struct writer *writer)
{
    mapped_and(writer, UINT64_MAX - PAGE + 1, PAGE);
}

static void no_page(struct writer *writer)
{
    mapped_and(writer, HEAP + 5 * PAGE, 100);
}

static void contents_and(struct writer *writer, uint64_t start, uint64_t bytes, size_t contents)
{
    facts_put(writer, 0);
    mappings_put(writer);
    pages_put(writer, HEAP + PAGE, PAGE, PAGE);
    pages_put(writer, start, bytes, contents);
    end_put(writer, 4, 0);
}

static void contents_twice(struct writer *writer)
{
    contents_and(writer, HEAP + PAGE, PAGE, PAGE);
}

static void contents_unmapped(struct writer *writer)
{
    contents_and(writer, HEAP + 4 * PAGE, PAGE, PAGE);
}

static void contents_across(struct writer *writer)
{
    contents_and(writer, HEAP + 3 * PAGE, 2 * PAGE, 2 * PAGE);
}

static void contents_short(struct writer *writer)
{
    contents_and(writer, HEAP + 2 * PAGE, 2 * PAGE, PAGE);
}

static void contents_long(struct writer *writer)
{
    contents_and(writer, HEAP + 2 * PAGE, PAGE, 2 * PAGE);
}

static void wrong_count(struct writer *writer)
{
    facts_put(writer, 0);
    mappings_put(writer);
    end_put(writer, 3, 0);
}

static void failed(struct writer *writer)
{
    facts_put(writer, 0);
    mappings_put(writer);
    end_put(writer, 2, 1);
}

static void behind_the_end(struct writer *writer)
{
    facts_put(writer, 0);
    mappings_put(writer);
    end_put(writer, 2, 0);
    pages_put(writer, HEAP, PAGE, PAGE);
}

static const struct odd {
    void (*put)(struct writer *writer);
    enum verdict verdict;
    const char *says; /* of a refusal */
    uint64_t bytes;   /* of contents that pass by */
} odds[] = {
    {no_image, REFUSED, "is not an image of a heap, but a trace", 0},
    {unknown_odd_field, REFUSED, "field 199", 0},
    {unknown_even_field, WHOLE, NULL, 0},
    {overlapping, REFUSED, "its mappings are impossible", 0},
    {beyond_the_end, REFUSED, "its mappings are impossible", 0},
    {no_page, REFUSED, "its mappings are impossible", 0},
    {contents_twice, INCOMPLETE, NULL, PAGE},
    {contents_unmapped, INCOMPLETE, NULL, PAGE},
    {contents_across, INCOMPLETE, NULL, PAGE},
    {contents_short, INCOMPLETE, NULL, PAGE},
    {contents_long, INCOMPLETE, NULL, PAGE},
    {wrong_count, INCOMPLETE, NULL, 0},
    {failed, INCOMPLETE, NULL, 0},
    {behind_the_end, INCOMPLETE, NULL, 0},
};

START_TEST(the_impossible_is_not_handed_out)
{
    const struct odd *odd = &odds[_i];
    struct writer writer;
    struct err err;
    struct scanned scanned;
    char path[64];
    writer_init(&writer);
    odd->put(&writer);
    int fd = writer_memory(&writer, path);
    enum verdict verdict = verdict_of(path, &scanned, &err);
    ck_assert_msg(verdict == odd->verdict && scanned.bytes == odd->bytes, "%d: %d, %lu bytes: %s", _i, (int)verdict,
                  (unsigned long)scanned.bytes, err.text);
    ck_assert_msg(odd->says == NULL || strstr(err.text, odd->says) != NULL, "%d: %s", _i, err.text);
    close(fd);
    writer_free(&writer);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("image");
    TCase *tcase = tcase_create("image");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, what_is_written_is_read);
    tcase_add_test(tcase, cut_images_are_not_believed);
    tcase_add_test(tcase, flipped_bits_are_not_believed);
    tcase_add_loop_test(tcase, the_impossible_is_not_handed_out, 0, sizeof(odds) / sizeof(*odds));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
