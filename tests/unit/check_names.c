/* names.c: the names that a packed trace holds. */
#include "trace/reader.h"

#include "suite.h"
#include "trace_writer.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A SYMBOLS block about the sample's only object: functions at these addresses, named by them. */
static void symbols_write(struct writer *writer, const char *path, const uint64_t *addresses, size_t nr)
{
    struct writer_bytes payload = {0};
    raw_put_text(&payload, 68, path);
    raw_put_text(&payload, 70, "\x01\x02\x03\x04");
    raw_put_text(&payload, 124, "a notice");
    raw_put_text(&payload, 998, "of a later version");
    for (size_t i = 0; i < nr; i++) {
        struct writer_bytes symbol = {0};
        char name[32];
        snprintf(name, sizeof(name), "_Z%llx", (unsigned long long)addresses[i]);
        raw_put_number(&symbol, 112, addresses[i]);
        raw_put_text(&symbol, 114, name);
        raw_put_text(&symbol, 116, name + 2);
        raw_put_text(&symbol, 120, "file.c");
        raw_put_number(&symbol, 122, addresses[i] + 1);
        raw_put_varint(&payload, 110);
        raw_put_varint(&payload, symbol.nr);
        raw_put(&payload, symbol.bytes, symbol.nr);
        raw_free(&symbol);
    }
    writer_block(writer, 8, 0, 0, 0, 0, &payload);
    raw_free(&payload);
}

static struct trace *packed_open(struct writer *writer)
{
    struct err err = {0};
    char path[64];
    writer_end(writer, 0);
    int fd = writer_memory(writer, path);
    struct trace *trace = trace_open(path, &err);
    ck_assert_msg(trace != NULL, "%s", err.text);
    close(fd);
    return trace;
}

static void writer_begin(struct writer *writer)
{
    writer_init(writer);
    writer_session(writer, 0);
    writer_process(writer, 1, 100, 0, 1000, 0);
    writer_module(writer, 1, 0x10000, 1000, "/bin/app", 0x1000, 0x1000);
}

START_TEST(names_are_found_by_address)
{
    static const uint64_t first[] = {0x10, 0x20, 0x400}, second[] = {0x30, UINT64_MAX};
    struct writer writer;
    writer_begin(&writer);
    symbols_write(&writer, "/bin/app", first, 3);
    symbols_write(&writer, "/bin/app", second, 2);
    symbols_write(&writer, "/bin/other", first, 3); /* of no use, and no harm */
    symbols_write(&writer, "/bin/app", NULL, 0);
    struct trace *trace = packed_open(&writer);
    ck_assert(trace_is_complete(trace));
    ck_assert_uint_eq(trace->nr_objects, 1);
    const struct trace_object *object = &trace->objects[0];
    ck_assert_str_eq(object->names_notice, "a notice");
    for (size_t i = 0; i < 5; i++) {
        uint64_t address = i < 3 ? first[i] : second[i - 3];
        const struct trace_symbol *symbol = trace_symbol_find(object, address);
        ck_assert_ptr_nonnull(symbol);
        ck_assert_uint_eq(strtoull(symbol->name, NULL, 16), address);
        ck_assert_str_eq(symbol->linkage + 2, symbol->name);
        ck_assert_ptr_null(symbol->short_name);
        ck_assert_str_eq(symbol->file, "file.c");
        ck_assert_ptr_null(trace_symbol_find(object, address - 1));
    }
    ck_assert_uint_eq(trace_symbol_find(object, 0x400)->line, 0x401);
    trace_close(trace);
    writer_free(&writer);
}

END_TEST

/* A binary search would miss what is in no order: such a block is not believed at all. */
START_TEST(disorder_is_damage)
{
    static const uint64_t orders[][2] = {{0x20, 0x10}, {0x10, 0x10}};
    struct writer writer;
    writer_begin(&writer);
    symbols_write(&writer, "/bin/app", orders[_i], 2);
    struct trace *trace = packed_open(&writer);
    ck_assert(!trace_is_complete(trace));
    ck_assert_ptr_nonnull(strstr(trace->notices[0], "(packed names) is damaged: its functions are in no order"));
    ck_assert_ptr_null(trace_symbol_find(&trace->objects[0], 0x10));
    trace_close(trace);
    writer_free(&writer);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("names");
    TCase *tcase = tcase_create("names");
    tcase_add_test(tcase, names_are_found_by_address);
    tcase_add_loop_test(tcase, disorder_is_damage, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
