/*
 * repair.c, renew.c, rewrite.c: what is saved of a damaged trace is a trace that keeps every promise.
 *
 * row: R23
 */
#include "random.h"
#include "trace/repair.h"
#include "trace/verify.h"

#include "suite.h"
#include "trace_writer.h"

#include <check.h>
#include <stdio.h>
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
    struct verify verify = {0};
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

/* ---- The power is lost ------------------------------------------------------------------------------ */

enum { OUTAGES = 2000, EXTENTS_MAX = 64 };

/* Where the blocks of a whole trace lie. */
struct extent {
    size_t from, to;
    uint64_t nr_events;
};

static size_t extents_find(struct extent *extents, const struct writer_bytes *file)
{
    size_t nr = 0;
    struct tf_header header;
    for (size_t at = 0; at < file->nr; at = extents[nr++].to) {
        ck_assert_uint_lt(nr, EXTENTS_MAX);
        ck_assert_int_eq(tf_header_load(file->bytes + at, &header), 0);
        extents[nr] = (struct extent){at, at + TF_HEADER_BYTES + header.payload_bytes, header.nr_events};
    }
    return nr;
}

static uint64_t outage_random(uint64_t *state)
{
    return random_next(state) * UINT64_C(0x2545F4914F6CDD1D) >> 16;
}

/*
 * What a disk may hold of a file that was being written when the power went: its length is what was written up to some
 * moment, or less; what was synced is there; each later page is there, or is zeros, or was being written and is
 * garbage.
 */
static struct writer_bytes outage(const struct writer_bytes *whole, size_t page, uint64_t *random)
{
    struct writer_bytes disk = {0};
    size_t length = 1 + outage_random(random) % whole->nr, synced = outage_random(random) % (length + 1);
    unsigned dropped = (unsigned)(outage_random(random) % 100), garbage = (unsigned)(outage_random(random) % 20);
    raw_put(&disk, whole->bytes, length);
    for (size_t at = synced / page * page; at < length; at += page) {
        size_t bytes = length - at < page ? length - at : page;
        unsigned fate = (unsigned)(outage_random(random) % 100);
        if (fate < dropped)
            memset(disk.bytes + at, 0, bytes);
        else if (fate < dropped + garbage)
            for (size_t i = 0; i < bytes; i++)
                disk.bytes[at + i] = (uint8_t)outage_random(random);
    }
    return disk;
}

/* Blocks that are there to the last byte are read and saved, and no event of any other; nothing passes for whole. */
static void outage_check(const struct writer *whole, const struct extent *extents, size_t nr_extents, size_t page,
                         uint64_t seed)
{
    uint64_t random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1, nr_intact = 0, nr_events = 0;
    struct writer damaged = {.file = outage(&whole->file, page, &random)};
    bool same = damaged.file.nr == whole->file.nr && memcmp(damaged.file.bytes, whole->file.bytes, whole->file.nr) == 0;
    for (size_t i = 0; i < nr_extents; i++) {
        size_t from = extents[i].from, to = extents[i].to;
        if (to > damaged.file.nr || memcmp(damaged.file.bytes + from, whole->file.bytes + from, to - from) != 0)
            continue;
        nr_intact++;
        nr_events += extents[i].nr_events;
    }
    char path[64];
    int fd = writer_memory(&damaged, path);
    struct outcome outcome = outcome_of(path, whole);
    ck_assert_msg(outcome.opened || nr_intact == 0, "outage %lu", (unsigned long)seed);
    ck_assert_msg(!outcome.opened || outcome.repaired != same, "outage %lu", (unsigned long)seed);
    ck_assert_msg(!outcome.opened || outcome.repair.nr_events == nr_events, "outage %lu: %lu events, not %lu",
                  (unsigned long)seed, (unsigned long)outcome.repair.nr_events, (unsigned long)nr_events);
    close(fd);
    raw_free(&damaged.file);
}

/* A trace of everything, in pages that hold less than a block; one that a program recorded, in those of disks. */
static const struct {
    const char *file; /* NULL: the sample */
    size_t page;
} outages[] = {{NULL, 64}, {"threads.zst", 512}, {"fork.zst", 4096}};

START_TEST(power_is_lost)
{
    struct writer whole = {0};
    struct extent extents[EXTENTS_MAX];
    if (outages[_i].file == NULL) {
        writer_sample(&whole);
    } else {
        char path[512];
        static uint8_t bytes[1 << 16];
        snprintf(path, sizeof(path), "%s/tests/golden/v1/%s", SOURCE_DIR, outages[_i].file);
        FILE *file = fopen(path, "r");
        ck_assert_ptr_nonnull(file);
        raw_put(&whole.file, bytes, fread(bytes, 1, sizeof(bytes), file));
        fclose(file);
    }
    size_t nr_extents = extents_find(extents, &whole.file);
    for (uint64_t seed = 0; seed < OUTAGES; seed++)
        outage_check(&whole, extents, nr_extents, outages[_i].page, seed);
    raw_free(&whole.file);
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
    tcase_add_loop_test(tcase, power_is_lost, 0, (int)(sizeof(outages) / sizeof(outages[0])));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
