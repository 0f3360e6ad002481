/* repair.c, renew.c, rewrite.c: what is saved of a damaged trace is a trace that keeps every promise. */
#include "trace/repair.h"
#include "trace/verify.h"

#include "suite.h"
#include "trace_writer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What became of a damaged trace. */
struct outcome {
    bool opened; /* it is a trace at all */
    struct repair repair;
    uint64_t lost_by_counts; /* what the new trace says of its losses */
    bool repaired, same;     /* same: byte for byte the whole trace */
};

static void result_check(struct outcome *outcome, const char *text, size_t bytes, const struct writer *whole)
{
    struct writer result = {.file = {(uint8_t *)(uintptr_t)text, bytes, bytes}};
    struct verify verify;
    struct err err = {0};
    char path[64];
    int fd = writer_memory(&result, path);
    struct trace *trace = trace_open(path, &err);
    ck_assert_msg(trace != NULL, "%s", err.text);
    ck_assert_int_eq(verify_trace(&verify, trace, &err), 0);
    ck_assert_msg(trace_is_whole(trace) && verify.nr_problems == 0, "%s", trace->notices[trace->nr_notices - 1]);
    ck_assert_uint_eq(trace->header_events, outcome->repair.nr_events);
    outcome->repaired = trace->repaired;
    outcome->same = bytes == whole->file.nr && memcmp(text, whole->file.bytes, bytes) == 0;
    outcome->lost_by_counts = trace->repaired_events;
    for (uint32_t i = 0; i < trace->nr_threads; i++) {
        ck_assert(verify.threads[i].law_holds);
        outcome->lost_by_counts += verify.threads[i].dropped_full;
    }
    verify_release(&verify);
    trace_close(trace);
    close(fd);
}

/* Repair the file at `path`, and look at what comes out. */
static struct outcome outcome_of(const char *path, const struct writer *whole)
{
    struct outcome outcome = {0};
    struct err err = {0};
    char *text = NULL;
    size_t bytes = 0;
    struct trace *trace = trace_open(path, &err);
    outcome.opened = trace != NULL;
    if (trace == NULL)
        return outcome;
    struct out *out = out_open_memory(&text, &bytes);
    ck_assert_msg(repair_trace(&outcome.repair, trace, out, &err) == 0, "%s", err.text);
    ck_assert_int_eq(out_close(out, &err), 0);
    result_check(&outcome, text, bytes, whole);
    ck_assert(outcome.repaired || trace_is_complete(trace));
    trace_close(trace);
    free(text);
    return outcome;
}

START_TEST(a_whole_trace_keeps_its_blocks)
{
    struct writer writer;
    char path[64];
    writer_sample(&writer);
    int fd = writer_memory(&writer, path);
    struct outcome outcome = outcome_of(path, &writer);
    ck_assert(outcome.opened && !outcome.repaired);
    ck_assert_uint_eq(outcome.repair.nr_events, writer.nr_events);
    ck_assert_uint_eq(outcome.repair.lost_events + outcome.repair.nr_lost_chunks, 0);
    close(fd);
    writer_free(&writer);
}

END_TEST

START_TEST(cut_at_every_byte)
{
    struct writer writer;
    char path[64];
    writer_sample(&writer);
    int fd = writer_memory(&writer, path);
    uint64_t most = 0;
    for (size_t length = writer.file.nr; length-- > 0;) {
        ck_assert_int_eq(ftruncate(fd, (off_t)length), 0);
        struct outcome outcome = outcome_of(path, &writer);
        ck_assert(!outcome.opened || outcome.repaired);
        most = outcome.repair.nr_events > most ? outcome.repair.nr_events : most;
    }
    ck_assert_uint_eq(most, writer.nr_events);
    close(fd);
    writer_free(&writer);
}

END_TEST

/* END is intact in nearly all of them, and tells how many events there were: what is not saved is counted. */
START_TEST(every_bit_flipped)
{
    struct writer writer;
    char path[64];
    writer_sample(&writer);
    int fd = writer_memory(&writer, path);
    size_t nr_found = 0;
    for (size_t bit = 0; bit < 8 * writer.file.nr; bit++) {
        uint8_t byte = writer.file.bytes[bit / 8], flipped = byte ^ (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(pwrite(fd, &flipped, 1, (off_t)(bit / 8)), 1);
        struct outcome outcome = outcome_of(path, &writer);
        /* Some bits of a zstd frame mean nothing: then nothing is damaged, and nothing may be lost. */
        ck_assert_msg(outcome.opened && (outcome.repaired || outcome.lost_by_counts == 0), "bit %zu", bit);
        nr_found += outcome.repaired;
        ck_assert_msg(outcome.repair.nr_events + outcome.lost_by_counts == writer.nr_events, "bit %zu", bit);
        ck_assert_uint_eq(outcome.lost_by_counts, outcome.repair.lost_events);
        ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)(bit / 8)), 1);
    }
    ck_assert_uint_gt(nr_found, 8 * writer.file.nr - 16);
    close(fd);
    writer_free(&writer);
}

END_TEST

/* Every piece of the file left out, small and large. */
START_TEST(every_piece_missing)
{
    struct writer writer;
    const size_t piece = _i == 0 ? 40 : 300;
    writer_sample(&writer);
    for (size_t from = 0; from + piece < writer.file.nr; from += 11) {
        struct writer cut = {0};
        char path[64];
        raw_put(&cut.file, writer.file.bytes, from);
        raw_put(&cut.file, writer.file.bytes + from + piece, writer.file.nr - from - piece);
        int fd = writer_memory(&cut, path);
        struct outcome outcome = outcome_of(path, &writer);
        ck_assert_msg(outcome.opened && outcome.repaired, "%zu bytes from %zu", piece, from);
        close(fd);
        raw_free(&cut.file);
    }
    writer_free(&writer);
}

END_TEST

/* Repair the trace that the writer holds, after the first byte of a chunk's payload was changed. */
static struct repair chunk_lose(struct writer *writer, uint32_t number)
{
    struct err err = {0};
    struct repair repair;
    char path[64], *text;
    size_t bytes;
    int fd = writer_memory(writer, path);
    struct trace *trace = trace_open(path, &err);
    ck_assert_ptr_nonnull(trace);
    ck_assert_int_eq(pwrite(fd, "x", 1, (off_t)trace->chunks[number].offset + 96), 1);
    struct out *out = out_open_memory(&text, &bytes);
    ck_assert_int_eq(repair_trace(&repair, trace, out, &err), 0);
    ck_assert_int_eq(out_close(out, &err), 0);
    ck_assert_uint_eq(repair.nr_lost_chunks, 1);
    trace_close(trace);
    close(fd);
    raw_free(&writer->file);
    raw_put(&writer->file, text, bytes);
    free(text);
    return repair;
}

/* What was lost is not forgotten when the result is damaged and repaired again. */
START_TEST(losses_add_up)
{
    struct writer writer;
    char path[64];
    writer_sample(&writer);
    struct repair tail = chunk_lose(&writer, 1), gap = chunk_lose(&writer, 0);
    ck_assert_uint_eq(tail.lost_events + gap.lost_events + gap.nr_events, writer.nr_events);
    ck_assert(tail.lost_events > 0 && gap.lost_events > 0);
    int fd = writer_memory(&writer, path);
    struct outcome outcome = outcome_of(path, &writer);
    ck_assert(outcome.repaired && outcome.same);
    ck_assert_uint_eq(outcome.lost_by_counts + outcome.repair.nr_events, writer.nr_events);
    close(fd);
    writer_free(&writer);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("repair");
    TCase *tcase = tcase_create("repair");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, a_whole_trace_keeps_its_blocks);
    tcase_add_test(tcase, cut_at_every_byte);
    tcase_add_test(tcase, every_bit_flipped);
    tcase_add_loop_test(tcase, every_piece_missing, 0, 2);
    tcase_add_test(tcase, losses_add_up);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
