/*
 * From hooks to the analyzer: what a model machine stores in a ring comes out of the trace file, symbol by symbol, as
 * it really happened.
 */
#include "clock.h"
#include "drain/chunk.h"
#include "drain/session_facts.h"
#include "machine.h"
#include "ring.h"
#include "trace/decode.h"
#include "suite.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RING_BYTES = 128 << 10, STEP = 21, NR_TRUTH = 400000 };

/* What must come out: the symbols, with their times and functions. */
struct truth {
    uint64_t ticks, function, site;
    uint32_t symbol; /* TF_SYM_EXIT, TF_SYM_UNWIND, TF_SYM_EXT, TF_SYM_ENTER (any) */
    bool inlined;
};

struct bench {
    char directory[32];
    char path[64];
    struct region *region;
    struct sink sink;
    struct chunker chunker;
    struct drain_thread thread;
    struct tracert__thread writer;
    struct truth *truth;
    uint32_t nr_truth;
    uint64_t nr_hooks;
};

static void bench_open(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    strcpy(bench->directory, "/tmp/check_chunk.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(bench->directory));
    char output[64];
    snprintf(output, sizeof output, "%s/trace.zst", bench->directory);
    char path[PATH_MAX];
    ck_assert_int_eq(sink_open(&bench->sink, output, 4242, false, path), 0);
    ck_assert_str_eq(path, output);
    strcpy(bench->path, output);
    ck_assert_int_eq(sink_init(&bench->sink, 1, TF_CLOCK_MONOTONIC, 77), 0);
    bench->region = mmap(NULL, region_total_bytes(RING_BYTES), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ck_assert_ptr_ne(bench->region, MAP_FAILED);
    bench->region->big_bytes = RING_BYTES;
    bench->region->clock_step = STEP;
    ck_assert_int_eq(chunker_init(&bench->chunker, bench->region, &bench->sink), 0);
    bench->region->processes[0] = (struct region_process){.pid = 4242, .serial = 1};
    bench->thread = (struct drain_thread){.serial = 1, .generation = 1, .process_serial = 1};
    bench->writer = (struct tracert__thread){
        .ring = region_ring(bench->region, 0), .mask = RING_BYTES - 1, .slot = &bench->region->slots[0]};
    ck_assert_int_eq(facts_write_session(&bench->sink, bench->region, "/none"), 0);
    ck_assert_int_eq(facts_write_process(&bench->sink, &bench->region->processes[0]), 0);
    ck_assert_int_eq(facts_write_thread(&bench->sink, 1, 1, 4242, 0), 0);
    bench->truth = calloc(NR_TRUTH, sizeof *bench->truth);
}

static void bench_close(struct bench *bench)
{
    close(bench->sink.fd);
    unlink(bench->path);
    rmdir(bench->directory);
    munmap(bench->region, region_total_bytes(RING_BYTES));
    free(bench->truth);
}

static void truth_add(struct bench *bench, uint32_t symbol, uint64_t ticks, uint64_t function, uint64_t site,
                      bool inlined)
{
    ck_assert_uint_lt(bench->nr_truth, NR_TRUTH);
    bench->truth[bench->nr_truth++] = (struct truth){ticks, function, site, symbol, inlined};
}

/* Empty the ring as the drain does, chunk after chunk. */
static void bench_drain(struct bench *bench, enum chunk_torn torn)
{
    const struct region_slot *slot = &bench->region->slots[0];
    while (chunk_take(&bench->chunker, &bench->thread, 0, bench->writer.at, torn, false)) {
        if (slot->read_at >= bench->writer.at)
            break;
    }
}

/* The next free slot; the ring is drained when half of it is full. */
static uint64_t bench_claim(struct bench *bench)
{
    if (bench->writer.at - bench->region->slots[0].read_at >= RING_BYTES / 2)
        bench_drain(bench, CHUNK_SKIP_GAP);
    return ring_claim(&bench->writer, RING_SLOT_BYTES);
}

static void bench_store(struct bench *bench, const struct machine_event *event)
{
    static const uint64_t kinds[] = {RING_ENTER, RING_EXIT, RING_EXIT_TAIL};
    uint64_t at = bench_claim(bench);
    uint64_t site = event->kind == MACHINE_ENTER ? ring_site(event->site, event->hook) : event->site;
    ring_store(ring_slot(&bench->writer, at), at, event->ticks, event->function, site, event->sp | kinds[event->kind]);
    bench->nr_hooks++;
}

/* Let the machine run, and write down what it really did. A jump shows at the next event. */
static void bench_run(struct bench *bench, struct machine *machine, int nr)
{
    for (int i = 0; i < nr; i++) {
        struct machine_event event = machine_step(machine);
        for (uint32_t j = 0; j < machine->unwound; j++)
            truth_add(bench, TF_SYM_UNWIND, event.ticks, 0, 0, false);
        if (event.kind == MACHINE_ENTER)
            truth_add(bench, TF_SYM_ENTER, event.ticks, event.function, event.site,
                      machine->frames[machine->depth - 1].inlined);
        else
            truth_add(bench, TF_SYM_EXIT, event.ticks, 0, 0, false);
        bench_store(bench, &event);
    }
}

/* Finish the file and open it as the analyzer does. */
static struct trace *bench_trace(struct bench *bench)
{
    struct err err = {0};
    facts_write_end(&bench->sink, bench->region, TF_FAILURE_NONE, 0);
    flock(bench->sink.fd, LOCK_UN);
    struct trace *trace = trace_open(bench->path, &err);
    ck_assert_msg(trace != NULL, "%s", err.text);
    ck_assert_msg(trace->nr_damaged + trace->nr_lost_blocks == 0, "%s",
                  trace->nr_notices > 0 ? trace->notices[0] : "?");
    ck_assert_int_eq(trace->ending, TRACE_FINISHED);
    ck_assert_uint_gt(trace->nr_chunks, 1);
    return trace;
}

static bool symbol_is(const struct chunk *chunk, uint32_t symbol, uint64_t ticks, const struct truth *truth)
{
    if ((symbol < TF_SYM_ENTER ? symbol : TF_SYM_ENTER) != truth->symbol)
        return false;
    if (truth->symbol == TF_SYM_EXT)
        return true;
    if (truth->symbol != TF_SYM_ENTER)
        return ticks == truth->ticks;
    const struct chunk_entry *entry = &chunk->dict[symbol - TF_SYM_ENTER];
    return ticks == truth->ticks && entry->fn == truth->function && entry->site == truth->site &&
           entry->inlined == truth->inlined;
}

/* Compare the file with the truth, symbol by symbol. (An assertion for each would take longer than everything else.) */
static void bench_compare(struct bench *bench, uint64_t torn)
{
    struct err err = {0};
    struct chunk chunk = {0};
    struct trace *trace = bench_trace(bench);
    uint32_t seen = 0;
    for (uint32_t i = 0; i < trace->nr_chunks; i++) {
        ck_assert_msg(chunk_load(trace, &trace->chunks[i], &chunk, &err) == 0, "%s", err.text);
        ck_assert_uint_le(seen + chunk.head.nr_symbols, bench->nr_truth);
        struct chunk_cursor cursor;
        chunk_begin(&chunk, &cursor);
        while (cursor.index < chunk.head.nr_symbols) {
            uint32_t symbol = chunk_next(&chunk, &cursor);
            if (!symbol_is(&chunk, symbol, cursor.ticks, &bench->truth[seen++]))
                ck_abort_msg("chunk %u, symbol %u: %u", i, cursor.index - 1, symbol);
        }
    }
    ck_assert_uint_eq(seen, bench->nr_truth);
    ck_assert_uint_eq(chunk.head.hook_calls, bench->nr_hooks + torn);
    ck_assert_uint_eq(chunk.head.recorded, bench->nr_hooks);
    ck_assert_uint_eq(chunk.head.torn, torn);
    chunk_release(&chunk);
    trace_close(trace);
}

START_TEST(what_goes_in_comes_out)
{
    struct bench bench;
    struct machine machine;
    bench_open(&bench);
    machine_init(&machine, (uint64_t)_i + 1);
    bench_run(&bench, &machine, 30000);
    bench_drain(&bench, CHUNK_STOP_AT_GAP);
    bench_compare(&bench, 0);
    bench_close(&bench);
}

END_TEST

START_TEST(slots_that_stay_unfilled_are_counted)
{
    struct bench bench;
    struct machine machine;
    bench_open(&bench);
    machine_init(&machine, (uint64_t)_i + 1);
    uint64_t torn = 0;
    for (int i = 0; i < 300; i++) {
        bench_run(&bench, &machine, 1 + (int)machine_random(&machine, 100));
        uint64_t nr = 1 + machine_random(&machine, 3);
        for (uint64_t j = 0; j < nr; j++)
            bench_claim(&bench); /* and a jump out of the hook */
        torn += nr;
        truth_add(&bench, TF_SYM_EXT, 0, 0, 0, false);
    }
    bench_run(&bench, &machine, 100);
    bench_drain(&bench, CHUNK_SKIP_GAP);
    /* A run of gaps that is cut by a drain makes two records: count what the file says instead of the records' places.
     */
    struct err err = {0};
    struct chunk chunk = {0};
    struct trace *trace = bench_trace(&bench);
    ck_assert_msg(chunk_load(trace, &trace->chunks[trace->nr_chunks - 1], &chunk, &err) == 0, "%s", err.text);
    ck_assert_uint_eq(chunk.head.torn, torn);
    ck_assert_uint_eq(chunk.head.recorded, bench.nr_hooks);
    chunk_release(&chunk);
    trace_close(trace);
    bench_close(&bench);
}

END_TEST

START_TEST(a_gap_that_may_still_be_filled_is_waited_for)
{
    struct bench bench;
    struct machine machine;
    bench_open(&bench);
    machine_init(&machine, 5);
    bench_run(&bench, &machine, 10);
    uint64_t at = bench_claim(&bench);
    struct machine_event event = {MACHINE_ENTER, 0x1000, 0x2000, 0x1020, 16, machine.ticks};
    bench_drain(&bench, CHUNK_STOP_AT_GAP);
    ck_assert_uint_eq(bench.region->slots[0].read_at, at);
    ring_store(ring_slot(&bench.writer, at), at, event.ticks, event.function, ring_site(event.site, event.hook),
               event.sp | RING_ENTER);
    bench.nr_hooks++;
    truth_add(&bench, TF_SYM_ENTER, event.ticks, event.function, event.site, false);
    bench_drain(&bench, CHUNK_STOP_AT_GAP);
    bench_compare(&bench, 0);
    bench_close(&bench);
}

END_TEST

START_TEST(stack_deeper_than_a_chunk_is_unwound)
{
    enum { DEPTH = 150000 };
    struct bench bench;
    bench_open(&bench);
    for (uint64_t i = 0; i < DEPTH; i++) {
        struct machine_event event = {MACHINE_ENTER, 0x1000, 0x1080, 0x1020, (DEPTH + 10 - i) * 32, 1000 + i};
        truth_add(&bench, TF_SYM_ENTER, event.ticks, event.function, event.site, false);
        bench_store(&bench, &event);
    }
    struct machine_event last = {MACHINE_EXIT, 0x1000, 0x1080, 0, (DEPTH + 10) * 32, 1000 + DEPTH};
    for (uint64_t i = 1; i < DEPTH; i++)
        truth_add(&bench, TF_SYM_UNWIND, last.ticks, 0, 0, false);
    truth_add(&bench, TF_SYM_EXIT, last.ticks, 0, 0, false);
    bench_store(&bench, &last);
    bench_drain(&bench, CHUNK_STOP_AT_GAP);
    ck_assert_uint_eq(bench.thread.stack.depth, 0);
    bench_compare(&bench, 0);
    bench_close(&bench);
}

END_TEST

START_TEST(late_store_of_an_older_lap_is_no_event)
{
    struct bench bench;
    struct machine machine;
    bench_open(&bench);
    machine_init(&machine, 9);
    bench_run(&bench, &machine, 3 * RING_BYTES / RING_SLOT_BYTES);
    bench_drain(&bench, CHUNK_STOP_AT_GAP);
    uint64_t at = ring_claim(&bench.writer, RING_SLOT_BYTES);
    uint64_t older = at - RING_BYTES;
    ring_store(ring_slot(&bench.writer, older), older, 1, 2, 3, 16 | RING_ENTER);
    ck_assert(!chunk_is_filled(bench.region, 0, at));
    ck_assert(!chunk_is_filled(bench.region, 0, at + RING_SLOT_BYTES));
    bench_close(&bench);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("chunk");
    TCase *tcase = tcase_create("round trip");
    tcase_add_loop_test(tcase, what_goes_in_comes_out, 0, 20);
    tcase_add_loop_test(tcase, slots_that_stay_unfilled_are_counted, 0, 5);
    tcase_add_test(tcase, a_gap_that_may_still_be_filled_is_waited_for);
    tcase_add_test(tcase, stack_deeper_than_a_chunk_is_unwound);
    tcase_add_test(tcase, late_store_of_an_older_lap_is_no_event);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
