/* ahead.c: the chunks are those of chunk_load(), in order, also damaged ones and ones that nobody expected. */
#include "trace/ahead.h"
#include "suite.h"
#include "trace_writer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NR_CHUNKS = 100, HURT = 41 };

/* Chunk i has i + 1 calls. */
static struct trace *trace_make(void)
{
    struct err err = {0};
    struct writer writer;
    writer_init(&writer);
    writer_session(&writer, 0);
    writer_process(&writer, 1, 10, 0, 1000, 0);
    struct writer_thread *thread = writer_thread_new(&writer, 1, 1, 7, 1000);
    for (uint64_t i = 0, ticks = 2000; i < NR_CHUNKS; i++) {
        for (uint64_t j = 0; j <= i; j++, ticks += 2) {
            thread_enter(thread, ticks, 0xa, 0x1000, false);
            thread_exit(thread, ticks + 1);
        }
        thread_flush(thread);
    }
    writer_thread_free(thread);
    writer_end(&writer, 0);
    char *path = writer_save(&writer);
    struct trace *trace = trace_open(path, &err);
    ck_assert_msg(trace != NULL, "%s", err.text);
    ck_assert_uint_eq(trace->nr_chunks, NR_CHUNKS);
    trace->chunks[HURT].raw_bytes++; /* as if its header were wrong */
    unlink(path);
    free(path);
    writer_free(&writer);
    return trace;
}

/* With _i threads: every third chunk is not expected, every seventh is not asked for. */
START_TEST(chunks_come_in_order)
{
    struct err err = {0};
    bool likely[NR_CHUNKS];
    struct trace *trace = trace_make();
    for (uint32_t i = 0; i < NR_CHUNKS; i++)
        likely[i] = i % 3 != 0;
    struct ahead *ahead = ahead_new(trace, likely, (unsigned)_i, &err);
    ck_assert_msg(ahead != NULL, "%s", err.text);
    for (uint32_t i = 0; i < NR_CHUNKS; i++) {
        if (i % 7 == 0)
            continue;
        struct err why = {0};
        const struct chunk *chunk = ahead_chunk(ahead, i, &why);
        ck_assert_int_eq(why.code, i == HURT ? ERR_INCOMPLETE : ERR_NONE);
        ck_assert_int_eq(chunk == NULL, i == HURT);
        if (chunk != NULL)
            ck_assert_uint_eq(chunk->head.nr_symbols, 2 * (i + 1));
    }
    ahead_free(ahead);
    trace_close(trace);
}

END_TEST

START_TEST(stopping_early_leaves_nothing)
{
    struct err err = {0};
    bool likely[NR_CHUNKS];
    struct trace *trace = trace_make();
    memset(likely, true, sizeof(likely));
    struct ahead *ahead = ahead_new(trace, likely, 3, &err);
    ck_assert_ptr_nonnull(ahead);
    if (_i > 0)
        ck_assert_ptr_nonnull(ahead_chunk(ahead, (uint32_t)_i, &err));
    ahead_free(ahead);
    trace_close(trace);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("ahead");
    TCase *tcase = tcase_create("ahead");
    tcase_add_loop_test(tcase, chunks_come_in_order, 0, 6);
    tcase_add_loop_test(tcase, stopping_early_leaves_nothing, 0, 20);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
