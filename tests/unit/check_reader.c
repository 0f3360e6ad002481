/* reader.c, block.c, fields.c: what is no trace, what is damaged, and what a whole trace says. */
#include "replay_text.h"
#include "trace_writer.h"
#include "suite.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

START_TEST(a_whole_trace_says_what_was_written)
{
    struct writer writer;
    struct err err = {0};
    writer_sample(&writer);
    char *path = writer_save(&writer);
    struct trace *trace = trace_open(path, &err);
    ck_assert_msg(trace != NULL, "%s", err.text);
    ck_assert(trace_is_complete(trace));
    ck_assert_uint_eq(trace->nr_notices, 0);
    ck_assert_uint_eq(trace->nr_blocks, 10);
    ck_assert_str_eq(trace->host, "host");
    ck_assert_str_eq(trace->kernel, "6.1");
    ck_assert_str_eq(trace->runtime_version, "0.1.0");
    ck_assert_uint_eq(trace->clock_step_ticks, 10);
    ck_assert_uint_eq(trace->nr_processes, 1);
    ck_assert_uint_eq(trace->processes[0].pid, 100);
    ck_assert_str_eq(trace->processes[0].executable, "/bin/app");
    ck_assert_mem_eq(trace->processes[0].command, "./app\0-x", 9);
    ck_assert_uint_eq(trace->nr_threads, 2);
    ck_assert_uint_eq(trace->threads[1].tid, 101);
    ck_assert_uint_eq(trace->threads[0].nr_chunks, 2);
    ck_assert_uint_eq(trace->nr_modules, 1);
    ck_assert_uint_eq(trace->modules[0].unload_ticks, 1900000);
    ck_assert_str_eq(trace->objects[trace->modules[0].object].path, "/bin/app");
    ck_assert_uint_eq(trace->objects[0].build_id_bytes, 4);
    ck_assert_uint_eq(trace->clock.origin_ticks, 1000);
    ck_assert_uint_eq(trace_duration_ns(trace), 200002 - 1000);
    trace_close(trace);
    unlink(path);
    free(path);
    writer_free(&writer);
}

END_TEST

/* HOOK_COST (100) in a HOOKS block (7): what makes no sense is passed over, and so is what is too much. */
START_TEST(costs_of_hooks)
{
    struct writer writer;
    struct writer_bytes payload = {0};
    struct err err = {0};
    writer_init(&writer);
    writer_session(&writer, 0);
    raw_put(&payload, "\x64\x05\x01\xc8\x01\x09\x06", 7);                                  /* 1, 200, -5, 3 */
    raw_put(&payload, "\x64\x02\x01\xc8", 4);                                              /* cut */
    raw_put_number(&payload, 102, 1);                                                      /* from a later version */
    raw_put(&payload, "\x64\x0d\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02", 15); /* enormous */
    for (unsigned i = 0; i < 2 * TRACE_HOOK_COSTS_MAX; i++)
        raw_put(&payload, "\x64\x04\x00\x00\x02\x04", 6); /* 0, 0, 1, 2 */
    writer_block(&writer, 7, 0, 0, 0, 0, &payload);
    writer_end(&writer, 0);
    char *path = writer_save(&writer);
    struct trace *trace = trace_open(path, &err);
    ck_assert_msg(trace != NULL, "%s", err.text);
    ck_assert(trace_is_complete(trace));
    ck_assert_uint_eq(trace->nr_hook_costs, TRACE_HOOK_COSTS_MAX);
    ck_assert_uint_eq(trace->hook_costs[0].work, 1);
    ck_assert_uint_eq(trace->hook_costs[0].length, 200);
    ck_assert_int_eq(trace->hook_costs[0].inside, -5);
    ck_assert_int_eq(trace->hook_costs[0].outside, 3);
    ck_assert_int_eq(trace->hook_costs[1].inside, 1);
    ck_assert_int_eq(trace->hook_costs[1].outside, 2);
    trace_close(trace);
    unlink(path);
    free(path);
    raw_free(&payload);
    writer_free(&writer);
}

END_TEST

START_TEST(what_is_no_trace_is_refused)
{
    static const char zeroes[200];

    static const struct {
        const char *bytes;
        size_t nr;
        const char *text;
    } files[] = {
        {"", 0, "is empty"},
        {"x", 1, "is not a trace"},
        {"#!/bin/sh\n", 10, "is not a trace"},
        {zeroes, sizeof(zeroes), "is not a trace"},
        {"\x5c\x2a\x4d\x18\x58\0\0\0\x8atracert", 16, "is not a trace"},
    };
    struct err err = {0};
    char *path = raw_save((const uint8_t *)files[_i].bytes, files[_i].nr);
    ck_assert_ptr_null(trace_open(path, &err));
    ck_assert_int_eq(err.code, ERR_INPUT);
    ck_assert_msg(strstr(err.text, files[_i].text) != NULL, "%s", err.text);
    unlink(path);
    free(path);
}

END_TEST

START_TEST(what_is_no_file_is_refused)
{
    char fifo[] = "/tmp/trace-fifo-XXXXXX";
    struct err err[4] = {{0}};
    ck_assert_ptr_null(trace_open("/nowhere/trace.zst", &err[0]));
    ck_assert_ptr_nonnull(strstr(err[0].text, "No such file"));
    ck_assert_ptr_null(trace_open("/tmp", &err[1]));
    ck_assert_ptr_nonnull(strstr(err[1].text, "is a directory"));
    ck_assert_ptr_null(trace_open("/dev/null", &err[2]));
    ck_assert_ptr_nonnull(strstr(err[2].text, "not a regular file"));
    close(mkstemp(fifo));
    unlink(fifo);
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    ck_assert_ptr_null(trace_open(fifo, &err[3]));
    ck_assert_ptr_nonnull(strstr(err[3].text, "not a regular file"));
    unlink(fifo);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(err[i].code, ERR_INPUT);
}

END_TEST

/* Every length: never a crash, never called complete, never more than the whole. */
START_TEST(cut_files_are_read_up_to_the_cut)
{
    struct writer writer;
    char path[64];
    writer_sample(&writer);
    int fd = writer_memory(&writer, path);
    uint64_t best = 0;
    for (size_t length = writer.file.nr; length-- > 0;) {
        struct err err = {0};
        bool complete;
        ck_assert_int_eq(ftruncate(fd, (off_t)length), 0);
        char *text = trace_text(path, &complete, &err);
        ck_assert_msg(!complete, "cut at %zu", length);
        ck_assert_msg(text != NULL || err.code == ERR_INPUT, "cut at %zu", length);
        if (text != NULL && strstr(text, "calls 4") != NULL)
            best++;
        free(text);
    }
    ck_assert_uint_gt(best, 0);
    close(fd);
    writer_free(&writer);
}

END_TEST

/* Every bit: never a crash, and either the same result, or a refusal, or said to be incomplete. */
START_TEST(flipped_bits_are_never_silent)
{
    struct writer writer;
    char path[64];
    bool complete;
    struct err err = {0};
    writer_sample(&writer);
    int fd = writer_memory(&writer, path);
    char *whole = trace_text(path, &complete, &err);
    ck_assert(complete);
    for (size_t bit = 0; bit < 8 * writer.file.nr; bit++) {
        uint8_t byte = writer.file.bytes[bit / 8], flipped = byte ^ (uint8_t)(1 << bit % 8);
        memset(&err, 0, sizeof(err));
        ck_assert_int_eq(pwrite(fd, &flipped, 1, (off_t)(bit / 8)), 1);
        char *text = trace_text(path, &complete, &err);
        ck_assert_msg(!complete || strcmp(text, whole) == 0, "bit %zu", bit);
        ck_assert_msg(text != NULL || err.code != ERR_NONE, "bit %zu", bit);
        ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)(bit / 8)), 1);
        free(text);
    }
    free(whole);
    close(fd);
    writer_free(&writer);
}

END_TEST

/* Every piece of the file left out: what is behind it is found again. */
START_TEST(missing_pieces_are_never_silent)
{
    struct writer writer;
    writer_sample(&writer);
    for (size_t from = 0; from + 40 < writer.file.nr; from += 23) {
        struct writer cut = writer;
        char path[64];
        bool complete;
        struct err err = {0};
        cut.file = (struct writer_bytes){0};
        raw_put(&cut.file, writer.file.bytes, from);
        raw_put(&cut.file, writer.file.bytes + from + 40, writer.file.nr - from - 40);
        int fd = writer_memory(&cut, path);
        char *text = trace_text(path, &complete, &err);
        ck_assert_msg(!complete, "40 bytes from %zu", from);
        ck_assert_msg(text != NULL, "%s", err.text);
        free(text);
        close(fd);
        raw_free(&cut.file);
    }
    writer_free(&writer);
}

END_TEST

/* A block of a type, version or size that no reader of version 1 takes. */
static void header_patch(struct writer *writer, size_t block, size_t offset, uint32_t value, unsigned bytes)
{
    uint8_t *header = writer->file.bytes;
    for (; block > 0; block--)
        header += 96 + (header[32] | (size_t)header[33] << 8 | (size_t)header[34] << 16);
    for (unsigned i = 0; i < bytes; i++)
        header[offset + i] = (uint8_t)(value >> (8 * i));
    uint32_t crc = writer_crc(header, 92);
    for (unsigned i = 0; i < 4; i++)
        header[92 + i] = (uint8_t)(crc >> (8 * i));
}

static const struct {
    size_t block, offset;
    uint32_t value;
    unsigned bytes;
    const char *text; /* of the error, or of a notice; NULL: all is well */
    bool refused;
} patches[] = {
    {0, 16, 2, 2, "trace format version 2", true},
    {3, 18, 77, 1, "blocks of type 77", true},
    {3, 18, 0x100 * 1 + 77, 2, NULL, false}, /* type 77 with the flag that allows to skip it */
    {4, 36, 5, 4, "its size contradicts its header", false},
    {4, 36, 0xffffffff, 4, "its size is impossible", false},
    {4, 32, 0xffffff00, 4, "it is cut short", false},
    {4, 24, 1, 4, "it belongs to another trace", false},
    {4, 20, 77, 4, "are missing: 73", false},
    {4, 20, 0, 4, "it comes twice or late", false},
    {4, 48, 0xffffffff, 4, "it ends before it begins", false},
    {4, 56, 1319, 4, "its times contradict its header", false},
};

START_TEST(headers_are_checked)
{
    struct writer writer;
    struct err err = {0};
    char path[64];
    writer_sample(&writer);
    header_patch(&writer, patches[_i].block, patches[_i].offset, patches[_i].value, patches[_i].bytes);
    int fd = writer_memory(&writer, path);
    struct trace *trace = trace_open(path, &err);
    if (patches[_i].refused) {
        ck_assert_ptr_null(trace);
        ck_assert_int_eq(err.code, ERR_INPUT);
        ck_assert_msg(strstr(err.text, patches[_i].text) != NULL, "%s", err.text);
    } else {
        ck_assert_msg(trace != NULL, "%s", err.text);
        struct chunk chunk = {0};
        for (uint32_t i = 0; i < trace->nr_chunks; i++) {
            struct err why = {0};
            if (chunk_load(trace, &trace->chunks[i], &chunk, &why) != 0)
                trace_damaged(trace, &trace->chunks[i], why.text);
        }
        chunk_release(&chunk);
        bool found = false;
        for (uint32_t i = 0; i < trace->nr_notices && patches[_i].text != NULL; i++)
            found = found || strstr(trace->notices[i], patches[_i].text) != NULL;
        ck_assert_int_eq(found, patches[_i].text != NULL);
        ck_assert_int_eq(trace_is_complete(trace), patches[_i].text == NULL);
    }
    trace_close(trace);
    close(fd);
    writer_free(&writer);
}

END_TEST

/* 256 MiB of zeros are 8 KiB of zstd; and a frame need not say how large it is. */
START_TEST(a_bomb_does_not_go_off)
{
    static const uint8_t zeros[1 << 20];
    const size_t sizes[] = {100, 16 << 20, 256 << 20};
    struct writer writer;
    struct err err = {0};
    char path[64];
    struct writer_bytes none = {0};
    uint8_t packed[1 << 16];
    ZSTD_outBuffer out = {packed, sizeof(packed), 0};
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    if (_i % 2 == 0)
        ZSTD_CCtx_setPledgedSrcSize(context, 256 << 20);
    for (int i = 0; i < 256; i++)
        ZSTD_compressStream2(context, &out, &(ZSTD_inBuffer){zeros, sizeof(zeros), 0},
                             i == 255 ? ZSTD_e_end : ZSTD_e_continue);
    ZSTD_freeCCtx(context);
    writer_init(&writer);
    writer_session(&writer, 0);
    size_t at = writer.file.nr;
    writer_block(&writer, 2, 0, 0, 0, 0, &none);
    writer.file.nr = at + 96;
    raw_put(&writer.file, packed, out.pos);
    header_patch(&writer, 1, 32, (uint32_t)out.pos, 4);
    header_patch(&writer, 1, 36, (uint32_t)sizes[_i / 2], 4);
    int fd = writer_memory(&writer, path);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    struct trace *trace = trace_open(path, &err);
    getrusage(RUSAGE_SELF, &after);
    ck_assert_msg(trace != NULL && trace->nr_damaged == 1, "%s", err.text);
    ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 40 << 10);
    trace_close(trace);
    close(fd);
    writer_free(&writer);
}

END_TEST

/* What a block holds may lie in several frames, each with a checksum. */
START_TEST(a_payload_is_of_frames)
{
    struct writer writer;
    struct err err = {0};
    char path[64];
    char name[3000];
    uint8_t packed[4096];
    size_t used = 0;
    struct writer_bytes fields = {0};
    ZSTD_CCtx *context = ZSTD_createCCtx();
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    raw_put_number(&fields, TF_FIELD_PROCESS, 1);
    raw_put_number(&fields, TF_FIELD_PID, 7);
    raw_put_text(&fields, TF_FIELD_HOST, name); /* an even key: may be skipped */
    for (size_t i = 0, at = 0; i < 3; i++) {
        size_t bytes = i < 2 ? 1 + 1000 * i : fields.nr - at;
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, _i != (int)i);
        used += ZSTD_compress2(context, packed + used, sizeof packed - used, fields.bytes + at, bytes);
        at += bytes;
    }
    ZSTD_freeCCtx(context);
    writer_init(&writer);
    writer_session(&writer, 0);
    size_t at = writer.file.nr;
    writer_block(&writer, 2, 0, 0, 0, 0, &fields);
    writer.file.nr = at + TF_HEADER_BYTES;
    raw_put(&writer.file, packed, used);
    header_patch(&writer, 1, 32, (uint32_t)used, 4);
    int fd = writer_memory(&writer, path);
    struct trace *trace = trace_open(path, &err);
    ck_assert_ptr_nonnull(trace);
    ck_assert_uint_eq(trace->nr_damaged, _i < 3);
    trace_close(trace);
    close(fd);
    raw_free(&fields);
    writer_free(&writer);
}

END_TEST

START_TEST(an_odd_field_must_be_understood)
{
    struct writer writer;
    struct writer_bytes payload = {0};
    struct err err = {0};
    char path[64];
    writer_init(&writer);
    writer_session(&writer, 0);
    raw_put_number(&payload, 31, 1);
    raw_put_number(&payload, _i == 0 ? 200 : 201, 1);
    writer_block(&writer, 2, 0, 0, 0, 0, &payload);
    writer_end(&writer, 0);
    int fd = writer_memory(&writer, path);
    struct trace *trace = trace_open(path, &err);
    ck_assert_int_eq(trace != NULL, _i == 0);
    if (_i == 1)
        ck_assert_ptr_nonnull(strstr(err.text, "field 201"));
    trace_close(trace);
    close(fd);
    raw_free(&payload);
    writer_free(&writer);
}

END_TEST

/* Two seconds of blocks; in the middle the machine sleeps for an hour, which only the counter notices. */
START_TEST(a_clock_that_jumped_is_said_to_have)
{
    struct writer writer;
    struct err err = {0};
    char path[64];
    writer_init(&writer);
    writer_session(&writer, 0);
    for (uint32_t i = 1; i <= 200; i++) {
        writer.anchor_ticks += i == 100 ? UINT64_C(3600000000000) : 10000000;
        writer.anchor_ns += 10000000;
        writer_process(&writer, i, 100 + i, 0, writer.anchor_ticks, 0);
    }
    writer_end(&writer, 0);
    int fd = writer_memory(&writer, path);
    struct trace *trace = trace_open(path, &err);
    ck_assert_msg(trace != NULL, "%s", err.text);
    ck_assert_uint_eq(trace->nr_notices, 1);
    ck_assert_str_eq(trace->notices[0],
                     "at 1.00 s the clock jumped by 3,600 s, as when a machine is suspended or moved: "
                     "that is taken out, give or take 10.0 ms");
    ck_assert_uint_eq(trace->processes[150].start_ticks, trace->session_ticks + 1510 * UINT64_C(1000000));
    ck_assert_uint_eq(clock_duration_ns(&trace->clock, 1000000), 1000000);
    trace_close(trace);
    close(fd);
    writer_free(&writer);
}

END_TEST

/* Ten ticks are a step; a ns has as many ticks as the loop's variable says. */
START_TEST(a_step_may_be_finer_than_a_ns)
{
    static const uint64_t rates[] = {1, 3, 40}, steps_ps[] = {10000, 3333, 250};
    struct writer writer;
    struct err err = {0};
    char path[64];
    writer_init(&writer);
    writer_session(&writer, 1);
    writer.anchor_ticks += rates[_i] * 1000000000;
    writer.anchor_ns += 1000000000;
    writer_end(&writer, 0);
    int fd = writer_memory(&writer, path);
    struct trace *trace = trace_open(path, &err);
    ck_assert_msg(trace != NULL, "%s", err.text);
    ck_assert_uint_eq(trace_clock_step_ps(trace), steps_ps[_i]);
    trace_close(trace);
    close(fd);
    writer_free(&writer);
}

END_TEST

START_TEST(a_failure_is_said_plainly)
{
    struct writer writer;
    struct err err = {0};
    char path[64];
    writer_init(&writer);
    writer_session(&writer, 0);
    writer_end(&writer, 1);
    int fd = writer_memory(&writer, path);
    struct trace *trace = trace_open(path, &err);
    ck_assert_ptr_nonnull(trace);
    ck_assert_int_eq(trace->ending, TRACE_FAILED);
    ck_assert(!trace_is_complete(trace));
    ck_assert_ptr_nonnull(strstr(trace->notices[0], "No space left on device"));
    trace_close(trace);
    close(fd);
    writer_free(&writer);
}

END_TEST

/* The program has ended and its drain is still writing: we wait for the lock, and see the end. */
START_TEST(a_writer_that_finishes_is_waited_for)
{
    struct writer writer;
    struct err err = {0};
    bool complete;
    writer_sample(&writer);
    size_t half = writer.file.nr / 2;
    char *path = raw_save(writer.file.bytes, half);
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        int fd = open(path, O_WRONLY | O_APPEND);
        flock(fd, LOCK_EX);
        if (write(ready[1], "", 1) != 1)
            _exit(1);
        usleep(100000);
        _exit(write(fd, writer.file.bytes + half, writer.file.nr - half) != (ssize_t)(writer.file.nr - half));
    }
    char byte;
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    char *text = trace_text(path, &complete, &err);
    ck_assert(complete);
    ck_assert_ptr_nonnull(text);
    free(text);
    waitpid(child, NULL, 0);
    close(ready[0]);
    close(ready[1]);
    unlink(path);
    free(path);
    writer_free(&writer);
}

END_TEST

START_TEST(a_trace_that_is_being_written_is_said_to_be)
{
    struct writer writer;
    struct err err = {0};
    writer_sample(&writer);
    char *path = raw_save(writer.file.bytes, writer.file.nr / 2);
    int fd = open(path, O_RDONLY);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    struct trace *trace = trace_open(path, &err);
    ck_assert_ptr_nonnull(trace);
    ck_assert(trace->being_written);
    ck_assert(!trace_is_complete(trace));
    ck_assert_uint_eq(trace->nr_damaged, 0);
    ck_assert_ptr_nonnull(strstr(trace->notices[0], "still being written"));
    trace_close(trace);
    close(fd);
    unlink(path);
    free(path);
    writer_free(&writer);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("reader");
    TCase *tcase = tcase_create("reader");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, a_whole_trace_says_what_was_written);
    tcase_add_test(tcase, costs_of_hooks);
    tcase_add_loop_test(tcase, what_is_no_trace_is_refused, 0, 5);
    tcase_add_test(tcase, what_is_no_file_is_refused);
    tcase_add_test(tcase, cut_files_are_read_up_to_the_cut);
    tcase_add_test(tcase, flipped_bits_are_never_silent);
    tcase_add_test(tcase, missing_pieces_are_never_silent);
    tcase_add_loop_test(tcase, headers_are_checked, 0, (int)(sizeof(patches) / sizeof(patches[0])));
    tcase_add_loop_test(tcase, a_bomb_does_not_go_off, 0, 6);
    tcase_add_loop_test(tcase, a_payload_is_of_frames, 0, 4);
    tcase_add_loop_test(tcase, an_odd_field_must_be_understood, 0, 2);
    tcase_add_test(tcase, a_clock_that_jumped_is_said_to_have);
    tcase_add_loop_test(tcase, a_step_may_be_finer_than_a_ns, 0, 3);
    tcase_add_test(tcase, a_failure_is_said_plainly);
    tcase_add_test(tcase, a_writer_that_finishes_is_waited_for);
    tcase_add_test(tcase, a_trace_that_is_being_written_is_said_to_be);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
