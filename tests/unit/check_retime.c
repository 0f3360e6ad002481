/*
 * A trace whose clock went on alone for an hour, while the machine slept: all its times are without that hour.
 *
 * row: R43
 */
#include "trace/decode.h"

#include "suite.h"
#include "trace/repair.h"
#include "trace_writer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS   UINT64_C(1000000)
#define HOUR (3600 * 1000 * MS)

enum { NR_BLOCKS = 100 };

/* A ns a tick, and a block every 10 ms. */
struct sleeper {
    struct writer writer;
    uint64_t before, after; /* the anchors between which the machine slept */
};

static void block_time(struct sleeper *sleeper, uint64_t asleep)
{
    sleeper->before = sleeper->after;
    sleeper->writer.anchor_ticks += 10 * MS + asleep;
    sleeper->writer.anchor_ns += 10 * MS;
    sleeper->after = sleeper->writer.anchor_ticks;
}

/* A call across the hour, and a wait for the recorder; a call around all of it, in three chunks. */
static void sleeper_write(struct sleeper *sleeper, bool ends)
{
    struct writer *writer = &sleeper->writer;
    writer_init(writer);
    writer_session(writer, 1);
    sleeper->after = writer->anchor_ticks;
    for (uint32_t i = 1; i <= NR_BLOCKS; i++) {
        block_time(sleeper, 0);
        writer_process(writer, i, 100 + i, 0, writer->anchor_ticks, 0);
    }
    struct writer_thread *thread = writer_thread_new(writer, 1, 1, 7, writer->anchor_ticks - 6 * MS);
    block_time(sleeper, HOUR);
    struct writer_bytes stall = {0};
    raw_put_varint(&stall, HOUR + 6 * MS);
    thread_enter(thread, sleeper->before - 5 * MS, 0x1000, 1, false);
    thread_enter(thread, sleeper->before + 1 * MS, 0x2000, 2, false);
    thread_ext(thread, sleeper->after - 2 * MS, TF_EXT_STALL, &stall);
    thread_exit(thread, sleeper->after - 1 * MS);
    thread_flush(thread);
    writer_module(writer, 1, 0x1000, sleeper->after + 2 * MS, "/lib/late", 0, 4096);
    block_time(sleeper, 0);
    thread_enter(thread, sleeper->before + 4 * MS, 0x2000, 2, false);
    thread_flush(thread);
    thread_exit(thread, sleeper->before + 5 * MS);
    thread_flush(thread);
    if (ends)
        writer_end(writer, 0);
    writer_thread_free(thread);
    raw_free(&stall);
}

static struct trace *sleeper_open(const struct sleeper *sleeper, int *fd)
{
    struct err err = {0};
    char path[64];
    *fd = writer_memory(&sleeper->writer, path);
    struct trace *trace = trace_open(path, &err);
    ck_assert_msg(trace != NULL, "%s", err.text);
    return trace;
}

/* The times of a chunk's symbols, and how long its waits were. */
static void chunk_times(struct trace *trace, uint32_t number, struct chunk *chunk, uint64_t times[8], uint64_t *waited)
{
    struct err err = {0};
    struct chunk_cursor cursor;
    ck_assert_msg(chunk_load(trace, &trace->chunks[number], chunk, &err) == 0, "%s", err.text);
    ck_assert_uint_le(chunk->head.nr_symbols, 8);
    *waited = 0;
    chunk_begin(chunk, &cursor);
    for (uint32_t i = 0; i < chunk->head.nr_symbols; i++) {
        struct chunk_ext ext;
        uint32_t symbol = chunk_next(chunk, &cursor);
        times[i] = cursor.ticks;
        if (symbol != TF_SYM_EXT)
            continue;
        chunk_next_ext(chunk, &cursor, &ext);
        *waited += ext.number;
    }
}

START_TEST(hour_is_taken_out)
{
    struct sleeper sleeper;
    struct chunk chunk = {0};
    uint64_t times[8], waited;
    int fd;
    sleeper_write(&sleeper, true);
    struct trace *trace = sleeper_open(&sleeper, &fd);
    uint64_t before = sleeper.before - HOUR - 10 * MS, after = before + 10 * MS;
    ck_assert_uint_eq(trace->nr_chunks, 3);
    chunk_times(trace, 0, &chunk, times, &waited);
    ck_assert_uint_eq(chunk.head.nr_symbols, 4);
    ck_assert_uint_eq(times[0], before - 5 * MS);
    ck_assert_uint_eq(times[1], before + 1 * MS);
    ck_assert_uint_eq(times[2], after);
    ck_assert_uint_eq(times[3], after);
    ck_assert_uint_eq(waited, 6 * MS);
    ck_assert_uint_eq(chunk.last_ticks, after);
    chunk_times(trace, 1, &chunk, times, &waited);
    ck_assert_uint_eq(chunk.head.nr_stack, 1);
    ck_assert_uint_eq(chunk.stack[0].enter_ticks, before - 5 * MS);
    ck_assert_uint_eq(times[0], after + 4 * MS);
    chunk_times(trace, 2, &chunk, times, &waited);
    ck_assert_uint_eq(chunk.head.nr_stack, 2);
    ck_assert_uint_eq(chunk.stack[1].enter_ticks, after + 4 * MS);
    ck_assert_uint_eq(times[0], after + 5 * MS);
    ck_assert_uint_eq(trace->modules[0].load_ticks, after + 2 * MS);
    ck_assert_uint_eq(trace->last_ticks, after + 5 * MS);
    ck_assert_uint_eq(trace->nr_notices, 1);
    ck_assert_str_eq(trace->notices[0], "at 1.01 s the clock jumped by 3,600 s, as when a machine is suspended or "
                                        "moved: that is taken out, give or take 10.0 ms");
    chunk_release(&chunk);
    trace_close(trace);
    close(fd);
    writer_free(&sleeper.writer);
}

END_TEST

/* The copy that repair makes has the hour as it was read, and reads the same. */
START_TEST(repaired_trace_keeps_its_clock)
{
    struct sleeper sleeper;
    struct chunk chunk = {0};
    struct err err = {0};
    struct repair repair = {0};
    uint64_t times[8], waited;
    int fd;
    char *text;
    size_t bytes;
    sleeper_write(&sleeper, false);
    struct trace *trace = sleeper_open(&sleeper, &fd);
    struct out *out = out_open_memory(&text, &bytes);
    ck_assert_msg(repair_trace(&repair, trace, out, &err) == 0, "%s", err.text);
    ck_assert_int_eq(out_close(out, &err), 0);
    ck_assert_uint_eq(repair.nr_lost_chunks, 0);
    ck_assert_uint_eq(repair.nr_chunks, 3);
    trace_close(trace);
    close(fd);
    raw_free(&sleeper.writer.file);
    raw_put(&sleeper.writer.file, text, bytes);
    free(text);
    trace = sleeper_open(&sleeper, &fd);
    ck_assert_int_eq(trace->ending, TRACE_FINISHED);
    chunk_times(trace, 2, &chunk, times, &waited);
    ck_assert_uint_eq(times[0], sleeper.before - HOUR + 5 * MS);
    chunk_release(&chunk);
    trace_close(trace);
    close(fd);
    writer_free(&sleeper.writer);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("retime");
    TCase *cases = tcase_create("retime");
    tcase_add_test(cases, hour_is_taken_out);
    tcase_add_test(cases, repaired_trace_keeps_its_clock);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
