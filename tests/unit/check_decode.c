/* decode.c: what was written is what is read; what is malformed is refused. */
#include "random.h"
#include "trace_writer.h"

#include "trace/decode.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* What a test has written, symbol by symbol. */
struct written {
    uint64_t ticks, fn, site;
    const char *region;
    unsigned symbol; /* as in the file, or 8 for an enter */
    bool inlined;
    uint64_t bytes; /* of an allocation at fn, from site */
};

#define WRITTEN_MAX 3000u

static const char *const names[] = {"load", "", "sort everything", "a\xff\x01name"};

/* A random stream of `nr` symbols into the thread, and into `written`. */
static void stream_write(struct writer_thread *thread, uint64_t *state, struct written *written, uint32_t nr)
{
    uint64_t ticks = thread->ticks;
    for (uint32_t i = 0; i < nr; i++) {
        uint64_t choice = random_next(state) % 20, scale = random_next(state) % 40;
        ticks += scale < 30 ? random_next(state) % 200 * thread->tick_unit : random_next(state) >> (24 + scale);
        written[i] = (struct written){.ticks = ticks, .symbol = 8};
        if (choice < 7 && thread->depth < WRITER_DEPTH_MAX - 1) {
            written[i].fn =
                random_next(state) % 3 == 0 ? random_next(state) % 7 << 57 : 0x400000 + random_next(state) % 50 * 16;
            written[i].site = written[i].fn + random_next(state) % 3;
            written[i].inlined = written[i].fn % 32 == 0;
            thread_enter(thread, ticks, written[i].fn, written[i].site, written[i].inlined);
        } else if (choice == 7 && thread->depth < WRITER_DEPTH_MAX - 1) {
            written[i].region = names[random_next(state) % 4];
            thread_region(thread, ticks, written[i].region);
        } else if (choice < 14 && thread->depth > 0) {
            written[i].symbol = 0;
            thread_exit(thread, ticks);
        } else if (choice == 14 && thread->depth > 0) {
            written[i].symbol = 1;
            thread_unwind(thread, ticks);
        } else if (choice > 15) {
            written[i].symbol = choice == 16 ? 4 : choice == 17 ? 5 : 3;
            written[i].fn = (0x7f0000000000 + random_next(state) % 1000000) >> thread->shift << thread->shift;
            written[i].site = random_next(state);
            written[i].bytes = random_next(state) >> (scale + 20);
            if (choice == 16)
                thread_free(thread, ticks, written[i].fn);
            else if (choice == 17)
                thread_realloc(thread, ticks, written[i].fn);
            else
                thread_alloc(thread, ticks, written[i].fn, written[i].bytes, (unsigned)choice - 17, written[i].site);
        } else {
            written[i].symbol = 2;
            written[i].fn = random_next(state);
            thread_orphan(thread, ticks, written[i].fn);
        }
    }
}

static void stream_check(const struct chunk *chunk, const struct written *written, uint32_t nr)
{
    struct chunk_cursor cursor;
    ck_assert_uint_eq(chunk->head.nr_symbols, nr);
    chunk_begin(chunk, &cursor);
    for (uint32_t i = 0; i < nr; i++) {
        uint32_t symbol = chunk_next(chunk, &cursor);
        ck_assert_uint_eq(cursor.ticks, written[i].ticks);
        ck_assert_uint_eq(symbol < 8 ? symbol : 8, written[i].symbol);
        if (symbol == 2) {
            struct chunk_ext ext;
            chunk_next_ext(chunk, &cursor, &ext);
            ck_assert_uint_eq(ext.kind, 8);
            ck_assert_uint_eq(ext.number, written[i].fn);
        } else if (symbol_is_memory(symbol)) {
            struct memory_block block;
            chunk_next_memory(chunk, &cursor, symbol, &block);
            ck_assert_uint_eq(block.address, written[i].fn);
            if (symbol == 3) {
                ck_assert_uint_eq(block.bytes, written[i].bytes);
                ck_assert_uint_eq(chunk->memory.callers[block.caller].address, written[i].site);
            }
        } else if (symbol >= 8) {
            const struct chunk_entry *entry = &chunk->dict[symbol - 8];
            ck_assert_int_eq(entry->region != NULL, written[i].region != NULL);
            if (entry->region != NULL) {
                ck_assert_uint_eq(entry->region_bytes, strlen(written[i].region));
                ck_assert_mem_eq(entry->region, written[i].region, entry->region_bytes);
                continue;
            }
            ck_assert_uint_eq(entry->fn, written[i].fn);
            ck_assert_uint_eq(entry->site, written[i].site);
            ck_assert_int_eq(entry->inlined, written[i].inlined);
        }
    }
}

static void stack_check(const struct chunk *chunk, const struct writer_thread *thread)
{
    ck_assert_uint_eq(chunk->head.depth, thread->stack_depth);
    ck_assert_uint_eq(chunk->head.nr_stack, thread->stack_depth);
    for (uint32_t i = 0; i < chunk->head.nr_stack; i++) {
        ck_assert_uint_eq(chunk->stack[i].enter_ticks, thread->stack[i].ticks);
        ck_assert_int_eq(chunk->stack[i].entry.region != NULL, thread->stack[i].region != NULL);
        if (chunk->stack[i].entry.region == NULL)
            ck_assert_uint_eq(chunk->stack[i].entry.fn, thread->stack[i].fn);
    }
}

/* Take over a payload as if it had been loaded. */
static void payload_take(struct chunk *chunk, const struct writer_bytes *payload)
{
    chunk->raw.bytes = malloc(payload->nr);
    chunk->raw.capacity = payload->nr;
    memcpy(chunk->raw.bytes, payload->bytes, payload->nr);
}

START_TEST(streams_come_back)
{
    static struct written written[WRITTEN_MAX];
    uint64_t state = 0x9E3779B97F4A7C15u + (uint64_t)_i;
    struct writer writer;
    writer_init(&writer);
    struct writer_thread *thread = writer_thread_new(&writer, 1, 1, 10, 1000);
    thread->tick_unit = _i % 3 == 0 ? 1 : (uint32_t)(random_next(&state) % 1000 + 1);
    thread->shift = (uint32_t)_i % 4;
    for (int round = 0; round < 5; round++) {
        struct writer_bytes payload = {0};
        struct chunk chunk = {0};
        struct err err = {0};
        uint32_t nr = (uint32_t)(random_next(&state) % WRITTEN_MAX);
        stream_write(thread, &state, written, nr);
        thread_payload(thread, &payload);
        payload_take(&chunk, &payload);
        const struct trace_chunk block = {.first_ticks = thread->base_ticks, .last_ticks = thread->ticks};
        ck_assert_msg(chunk_decode(&chunk, payload.nr, &block, &err) == 0, "%s", err.text);
        ck_assert_uint_eq(chunk.last_ticks, thread->ticks);
        stream_check(&chunk, written, nr);
        stack_check(&chunk, thread);
        chunk_release(&chunk);
        raw_free(&payload);
        thread_flush(thread);
    }
    writer_thread_free(thread);
    writer_free(&writer);
}

END_TEST

/* ---- Malformed payloads: one with a little of everything, and one thing changed ------------------- */

static void sample_write(struct writer *writer, struct writer_bytes *payload, bool memory)
{
    writer_init(writer);
    struct writer_thread *thread = writer_thread_new(writer, 1, 1, 10, 1000);
    thread_enter(thread, 1000, 0x100, 0x101, false);
    thread_region(thread, 1000, "r");
    thread_flush(thread);
    thread_enter(thread, 1001, 0x200, 0x201, false);
    thread_exit(thread, 9999);
    thread_orphan(thread, 10000, 0x300);
    thread_exit(thread, 10001);
    if (memory) {
        thread_alloc(thread, 10002, 0x1000, 77, 1, 0x4000);
        thread_alloc(thread, 10003, 0x2000, 777, 3, 0x4010);
        thread_free(thread, 10003, 0x2000);
        thread_realloc(thread, 10004, 0x1000);
    }
    thread_payload(thread, payload);
    writer_thread_free(thread);
}

enum { SECTIONS = 96 + 6 * 8, SYMBOLS = SECTIONS, DELTAS = SYMBOLS + 8, WIDE = DELTAS + 4, DICT = WIDE + 2 };

static const struct {
    size_t offset;
    uint32_t value;
    unsigned bytes;   /* 0: the payload is cut to `offset` bytes */
    const char *text; /* NULL: all is well */
} changes[] = {
    {0, 1, 4, NULL},
    {8, 131073, 4, "head"},
    {8, 3, 4, "SYMBOLS has the wrong size"},
    {8, 5, 4, "SYMBOLS has the wrong size"},
    {12, 0, 4, "head"},
    {16, 65529, 4, "head"},
    {16, 0, 4, "means nothing"},
    {16, 2, 4, "DICT"},
    {20, 1, 4, "head"},
    {20, 0x7fffffff, 4, "head"},
    {20, 3, 4, NULL},
    {24, 1, 4, "STACK"},
    {24, 0, 4, "STACK"},
    {80, 5, 4, "behind the sections"},
    {80, 0x10000000, 4, "larger than the chunk"},
    {80, 7, 4, "larger than the chunk"},
    {96, 2, 4, "twice"},
    {96, 13, 4, "section 13"},
    {104, 9, 4, "PACKED has the wrong size"},
    {104, 1000, 4, "DELTAS has the wrong size"},
    {96, 1001, 4, "section 1001"},
    {96, 1000, 4, "SYMBOLS has the wrong size"},
    {100, 0xffffffff, 4, "larger than the chunk"},
    {SYMBOLS, 9, 2, "means nothing"},
    {SYMBOLS, 6, 2, "means nothing"},
    {SYMBOLS + 6, 3, 2, "MEMORY is missing"},
    {SYMBOLS + 6, 4, 2, "MEMORY is missing"},
    {SYMBOLS, 7, 2, "means nothing"},
    {SYMBOLS, 2, 2, "EXT"},
    {SYMBOLS, 0, 2, "never begun"},
    {SYMBOLS, 1, 2, "never begun"},
    {SYMBOLS + 4, 0, 2, "EXT is too long"},
    {DELTAS, 255, 1, "WIDE is too short"},
    {DELTAS + 1, 254, 1, "WIDE is too long"},
    {DELTAS + 2, 99, 1, "its times contradict"},
    {WIDE, 0x8080, 2, "WIDE is too short"},
    {0, 0, 0, "shorter than the head"},
    {95, 0, 0, "shorter than the head"},
    {96, 0, 0, "larger than the chunk"},
    {SYMBOLS, 0, 0, "larger than the chunk"},
};

/* `wide`, which has SYMBOLS first, with a byte for each symbol. */
static void payload_narrow(const struct writer_bytes *wide, uint32_t nr_symbols, struct writer_bytes *narrow)
{
    const size_t symbols = TF_CHUNK_HEAD_BYTES + 8 * (size_t)tf_load32(wide->bytes + 80),
                 rest = symbols + 2 * nr_symbols;
    raw_put(narrow, wide->bytes, symbols);
    tf_store32(narrow->bytes + TF_CHUNK_HEAD_BYTES + 4, nr_symbols);
    for (uint32_t i = 0; i < nr_symbols; i++)
        raw_put(narrow, wide->bytes + symbols + 2 * (size_t)i, 1);
    raw_put(narrow, wide->bytes + rest, wide->nr - rest);
}

static void payload_decode(const struct writer_bytes *payload, struct chunk *chunk)
{
    const struct trace_chunk block = {.first_ticks = 0, .last_ticks = UINT64_MAX};
    struct err err = {0};
    ck_assert_int_eq(buffer_reserve(&chunk->raw, payload->nr, &err), 0);
    memcpy(chunk->raw.bytes, payload->bytes, payload->nr);
    ck_assert_msg(chunk_decode(chunk, payload->nr, &block, &err) == 0, "%s", err.text);
}

START_TEST(symbols_of_a_byte_are_the_same_symbols)
{
    struct writer writer;
    struct chunk of_bytes = {0}, of_two = {0};
    writer_init(&writer);
    for (uint32_t nr = 0; nr < 70; nr++) {
        struct writer_bytes wide = {0}, narrow = {0};
        struct writer_thread *thread = writer_thread_new(&writer, nr + 1, 1, 7, 1000);
        for (uint32_t i = 0; i < nr; i++)
            thread_enter(thread, 1000 + i, 0x100 + 16 * i, 0x101, false);
        for (uint32_t i = 0; i < nr / 3; i++)
            thread_exit(thread, 2000 + i);
        thread_payload(thread, &wide);
        payload_narrow(&wide, nr + nr / 3, &narrow);
        payload_decode(&wide, &of_two);
        payload_decode(&narrow, &of_bytes);
        ck_assert_uint_eq(of_bytes.head.nr_symbols, nr + nr / 3);
        ck_assert_mem_eq(of_bytes.symbols, of_two.symbols, 2 * (size_t)(nr + nr / 3));
        ck_assert_uint_eq(of_bytes.peak_depth, of_two.peak_depth);
        writer_thread_free(thread);
        raw_free(&wide);
        raw_free(&narrow);
    }
    chunk_release(&of_bytes);
    chunk_release(&of_two);
    writer_free(&writer);
}

END_TEST

START_TEST(malformed_payloads_are_refused)
{
    struct writer writer;
    struct writer_bytes payload = {0};
    struct chunk chunk = {0};
    struct err err = {0};
    const struct trace_chunk block = {.first_ticks = 1000, .last_ticks = 10001};
    sample_write(&writer, &payload, false);
    for (unsigned i = 0; i < changes[_i].bytes; i++)
        payload.bytes[changes[_i].offset + i] = (uint8_t)(changes[_i].value >> (8 * i));
    if (changes[_i].bytes == 0)
        payload.nr = changes[_i].offset;
    /* Exactly as large as the payload, so that sanitizers see every step beyond. */
    chunk.raw.bytes = malloc(payload.nr);
    chunk.raw.capacity = payload.nr;
    memcpy(chunk.raw.bytes, payload.bytes, payload.nr);
    int result = chunk_decode(&chunk, payload.nr, &block, &err);
    if (changes[_i].text == NULL)
        ck_assert_msg(result == 0, "%s", err.text);
    else
        ck_assert_msg(result == -1 && strstr(err.text, changes[_i].text) != NULL, "%s", err.text);
    chunk_release(&chunk);
    raw_free(&payload);
    writer_free(&writer);
}

END_TEST

/* Any byte changed to any value: no crash, and what is accepted can be walked to the end. */
START_TEST(changed_bytes_never_hurt)
{
    struct writer writer;
    struct writer_bytes payload = {0};
    struct chunk chunk = {0};
    const struct trace_chunk block = {.first_ticks = 0, .last_ticks = UINT64_MAX};
    sample_write(&writer, &payload, _i);
    payload_take(&chunk, &payload);
    for (size_t i = 0; i < payload.nr; i++) {
        for (unsigned value = 0; value < 256; value++) {
            struct err err = {0};
            memcpy(chunk.raw.bytes, payload.bytes, payload.nr);
            chunk.raw.bytes[i] = (uint8_t)value;
            if (chunk_decode(&chunk, payload.nr, &block, &err) != 0)
                continue;
            struct chunk_cursor cursor;
            int64_t depth = chunk.head.depth;
            chunk_begin(&chunk, &cursor);
            while (cursor.index < chunk.head.nr_symbols) {
                struct chunk_ext ext;
                uint32_t symbol = chunk_next(&chunk, &cursor);
                ck_assert(symbol < 8 + chunk.head.nr_dict);
                depth += symbol >= 8 ? 1 : symbol < 2 ? -1 : 0;
                ck_assert_int_ge(depth, 0);
                if (symbol == 2)
                    chunk_next_ext(&chunk, &cursor, &ext);
                if (!symbol_is_memory(symbol))
                    continue;
                struct memory_block memory;
                chunk_next_memory(&chunk, &cursor, symbol, &memory);
                ck_assert(symbol != 3 || memory.caller < chunk.memory.nr_callers);
            }
            ck_assert_uint_eq(cursor.ticks, chunk.last_ticks);
        }
    }
    chunk_release(&chunk);
    raw_free(&payload);
    writer_free(&writer);
}

END_TEST

/* Three paths and two allocations: each from which other one, then the number of each allocation's. */
static const struct {
    const uint8_t bytes[8];
    size_t nr;
    bool fine;
} paths[] = {
    {{0, 1, 1, 3, 0}, 5, true},     /* one goes on from another; an allocation may have none */
    {{0, 1, 2, 2, 2}, 5, true},     /* two go on from the first */
    {{1, 1, 1, 3, 0}, 5, false},    /* the first has none to go on from */
    {{0, 1, 3, 3, 0}, 5, false},    /* nor has one before the first */
    {{0, 1, 1, 4, 0}, 5, false},    /* there is no fourth path */
    {{0, 1, 1, 3}, 4, false},       /* too short */
    {{0, 1}, 2, false},             /* shorter than the paths */
    {{0, 1, 1, 3, 0, 0}, 6, false}, /* too long */
    {{0, 1, 1, 3, 0x80}, 5, false}, /* a number that does not end */
};

START_TEST(paths_are_checked)
{
    struct memory_section memory = {.nr_allocs = 2};
    struct err err = {0};
    int result = memory_decode_paths(&memory, paths[_i].bytes, paths[_i].nr, 3, &err);
    ck_assert_int_eq(result, paths[_i].fine ? 0 : -1);
    if (paths[_i].fine) {
        struct memory_cursor cursor;
        ck_assert_uint_eq(memory.from[0], 0);
        ck_assert_uint_eq(memory.from[1], 1);
        ck_assert_uint_eq(memory.from[2], _i == 0 ? 2 : 1);
        memory_begin(&memory, &cursor);
        ck_assert_ptr_eq(cursor.paths_of, paths[_i].bytes + 3);
    } else {
        ck_assert_int_eq(err.code, ERR_INCOMPLETE);
    }
    memory_release(&memory);
}

END_TEST

START_TEST(records_are_taken_apart)
{
    struct writer writer;
    struct writer_bytes payload = {0}, value = {0};
    struct chunk chunk = {0};
    struct chunk_cursor cursor;
    struct chunk_ext ext;
    struct err err = {0};
    const struct trace_chunk block = {.first_ticks = 0, .last_ticks = UINT64_MAX};
    writer_init(&writer);
    struct writer_thread *thread = writer_thread_new(&writer, 1, 1, 10, 0);
    raw_put_varint(&value, 300);
    raw_put_varint(&value, 7000);
    thread_ext(thread, 1, 4, &value);
    raw_free(&value);
    raw_put_varint(&value, 3); /* -2 */
    raw_put(&value, "queue", 5);
    thread_ext(thread, 2, 12, &value);
    thread_ext(thread, 3, 1000, &value); /* unknown, and may be skipped */
    thread_payload(thread, &payload);
    payload_take(&chunk, &payload);
    ck_assert_int_eq(chunk_decode(&chunk, payload.nr, &block, &err), 0);
    chunk_begin(&chunk, &cursor);
    chunk_next(&chunk, &cursor);
    chunk_next_ext(&chunk, &cursor, &ext);
    ck_assert(ext.kind == 4 && ext.number == 300 && ext.second == 7000);
    chunk_next(&chunk, &cursor);
    chunk_next_ext(&chunk, &cursor, &ext);
    ck_assert(ext.kind == 12 && (int64_t)tf_unzigzag(ext.number) == -2 && ext.text_bytes == 5);
    ck_assert_mem_eq(ext.text, "queue", 5);
    chunk_next(&chunk, &cursor);
    chunk_next_ext(&chunk, &cursor, &ext);
    ck_assert(ext.kind == 1000 && ext.text_bytes == 0);
    /* An odd kind must be understood. */
    thread_ext(thread, 4, 1001, &value);
    raw_free(&payload);
    chunk_release(&chunk);
    thread_payload(thread, &payload);
    payload_take(&chunk, &payload);
    ck_assert_int_eq(chunk_decode(&chunk, payload.nr, &block, &err), -1);
    raw_free(&payload);
    raw_free(&value);
    chunk_release(&chunk);
    writer_thread_free(thread);
    writer_free(&writer);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("decode");
    TCase *tcase = tcase_create("decode");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, streams_come_back, 0, 30);
    tcase_add_test(tcase, symbols_of_a_byte_are_the_same_symbols);
    tcase_add_loop_test(tcase, malformed_payloads_are_refused, 0, (int)(sizeof(changes) / sizeof(changes[0])));
    tcase_add_loop_test(tcase, changed_bytes_never_hurt, 0, 2);
    tcase_add_loop_test(tcase, paths_are_checked, 0, (int)(sizeof paths / sizeof *paths));
    tcase_add_test(tcase, records_are_taken_apart);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
