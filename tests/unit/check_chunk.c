/*
 * From hooks to the analyzer: what a model machine's thread records comes out of the trace file, symbol by symbol, as
 * it really happened.
 */
#include "clock.h"
#include "drain/chunk.h"
#include "drain/session_facts.h"
#include "machine.h"
#include "record.h"
#include "trace/decode.h"
#include "trace/verify.h"
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
    uint32_t symbol; /* as in the file, but TF_SYM_ENTER for all enters */
    bool inlined;
    enum tf_api api; /* of memory: function is the address, site the caller */
    uint64_t bytes;
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
    uint64_t nr_hooks, nr_memory;
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
    ck_assert_int_eq(record_prepare(&bench->writer, bench->region, "/none", 0), 0);
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
    bench->truth[bench->nr_truth++] =
        (struct truth){.ticks = ticks, .function = function, .site = site, .symbol = symbol, .inlined = inlined};
}

/* Take every closed segment, as the drain does. */
static void bench_take_closed(struct bench *bench)
{
    const struct region_slot *slot = &bench->region->slots[0];
    while (slot->read_at >> 32 != slot->nr_closed)
        chunk_take_closed(&bench->chunker, &bench->thread, 0, slot->nr_closed, false);
}

/* Take what is there of the segment that is being filled. */
static void bench_take_part(struct bench *bench)
{
    const struct region_slot *slot = &bench->region->slots[0];
    bench_take_closed(bench);
    uint32_t number = (uint32_t)(slot->read_at >> 32);
    if (number == slot->nr_opened)
        return;
    struct segment segment = segment_at(bench->writer.ring, RING_BYTES, number);
    chunk_take_open(&bench->chunker, &bench->thread, 0, segment_count(&segment));
}

static enum record event_record(struct bench *bench, const struct machine_event *event)
{
    struct tracert__thread *writer = &bench->writer;
    if (event->kind == MACHINE_ENTER)
        return record_enter(writer, event->function, frame_site(event->site, event->hook), event->sp, event->hook,
                            event->ticks);
    return record_exit(writer, event->function, event->sp, event->kind == MACHINE_EXIT_TAIL, event->ticks);
}

/* The ring is drained when it is full. */
static void bench_store(struct bench *bench, const struct machine_event *event)
{
    while (event_record(bench, event) == RECORD_FULL)
        bench_take_closed(bench);
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

static void memory_put(struct bench *bench, const struct memory_event *event, uint64_t ticks)
{
    while (record_memory(&bench->writer, event, ticks) == RECORD_FULL)
        bench_take_closed(bench);
}

/* Allocate or release something. */
static void bench_memory(struct bench *bench, struct machine *machine)
{
    static const uint32_t symbols[] = {TF_SYM_ALLOC, TF_SYM_FREE, TF_SYM_REALLOC, SYMBOL_POOL_FREE};
    uint32_t symbol = symbols[machine_random(machine, 4)];
    bool alloc = symbol == TF_SYM_ALLOC;
    struct truth truth = {.symbol = symbol, .ticks = machine->ticks};
    truth.function = 16 * (0x7f0000000 + machine_random(machine, 1 << 20)) + (machine_random(machine, 1000) == 0);
    if (alloc) {
        truth.api = (enum tf_api)machine_random(machine, TF_API_NR);
        truth.bytes = machine_random(machine, 100) == 0 ? OPERAND_SIZE_MAX : machine_random(machine, 5000);
        truth.site = 0x555555550000 + machine_random(machine, machine_random(machine, 100) == 0 ? 100000 : 20);
    }
    const struct memory_event event = {
        .symbol = symbol,
        .nr_operands = alloc ? ALLOC_OPERANDS : FREE_OPERANDS,
        .operands = {alloc ? truth.site : truth.function, truth.bytes << OPERAND_API_BITS | truth.api, truth.function}};
    memory_put(bench, &event, truth.ticks);
    if (symbol == SYMBOL_POOL_FREE)
        truth.symbol = TF_SYM_FREE;
    if (symbol == SYMBOL_POOL_FREE || (alloc && truth.api == TF_API_POOL))
        truth.function |= TF_POOL_ADDRESS;
    bench->truth[bench->nr_truth++] = truth;
    bench->nr_memory++;
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

/* To within what the clock's step hides. */
static bool ticks_are(uint64_t ticks, uint64_t truth)
{
    return ticks + clock_slack(STEP) >= truth && ticks <= truth + clock_slack(STEP);
}

static bool memory_is(const struct chunk *chunk, struct chunk_cursor *cursor, uint32_t symbol,
                      const struct truth *truth)
{
    struct memory_block block;
    chunk_next_memory(chunk, cursor, symbol, &block);
    if (symbol != truth->symbol || !ticks_are(cursor->ticks, truth->ticks) || block.address != truth->function)
        return false;
    const struct memory_caller *caller = &chunk->memory.callers[block.caller];
    return symbol != TF_SYM_ALLOC ||
           (block.bytes == truth->bytes && caller->address == truth->site && caller->api == truth->api);
}

static bool symbol_is(const struct chunk *chunk, struct chunk_cursor *cursor, uint32_t symbol,
                      const struct truth *truth)
{
    uint64_t ticks = cursor->ticks;
    if (symbol_is_memory(symbol))
        return memory_is(chunk, cursor, symbol, truth);
    if ((symbol < TF_SYM_ENTER ? symbol : TF_SYM_ENTER) != truth->symbol)
        return false;
    if (truth->symbol == TF_SYM_EXT)
        return true;
    if (truth->symbol != TF_SYM_ENTER)
        return ticks_are(ticks, truth->ticks);
    const struct chunk_entry *entry = &chunk->dict[symbol - TF_SYM_ENTER];
    return ticks_are(ticks, truth->ticks) && entry->fn == truth->function && entry->site == truth->site &&
           entry->inlined == truth->inlined;
}

/*
 * Compare the file with the truth, symbol by symbol. (An assertion for each would take longer than everything else.)
 * Returns how many chunks there are.
 */
static uint32_t bench_compare(struct bench *bench)
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
            if (!symbol_is(&chunk, &cursor, symbol, &bench->truth[seen++]))
                ck_abort_msg("chunk %u, symbol %u: %u", i, cursor.index - 1, symbol);
        }
    }
    ck_assert_uint_eq(seen, bench->nr_truth);
    ck_assert_uint_eq(chunk.head.hook_calls, bench->nr_hooks);
    ck_assert_uint_eq(chunk.head.recorded, bench->nr_hooks);
    ck_assert_uint_eq(chunk.memory.recorded, bench->nr_memory);
    uint32_t nr_chunks = trace->nr_chunks;
    chunk_release(&chunk);
    trace_close(trace);
    return nr_chunks;
}

START_TEST(what_goes_in_comes_out)
{
    struct bench bench;
    struct machine machine;
    bench_open(&bench);
    machine_init(&machine, (uint64_t)_i + 1);
    bench_run(&bench, &machine, 30000);
    bench_take_part(&bench);
    bench_compare(&bench);
    bench_close(&bench);
}

END_TEST

/* The chunks that are fenced hold what fenced segments held, and nothing else. */
static void bench_check_fences(struct bench *bench, bool some)
{
    struct err err = {0};
    struct chunk chunk = {0};
    struct trace *trace = trace_open(bench->path, &err);
    const uint32_t words = segment_at(NULL, RING_BYTES, 0).max_words;
    uint32_t nr_fenced = 0;
    for (uint32_t i = 0; i < trace->nr_chunks; i++) {
        ck_assert_msg(chunk_load(trace, &trace->chunks[i], &chunk, &err) == 0, "%s", err.text);
        bool fenced = (chunk.head.flags & TF_CHUNK_FENCED) != 0;
        ck_assert(fenced || some);
        ck_assert(!fenced || !some || chunk.head.nr_symbols <= words / FENCED_SHARE);
        nr_fenced += fenced;
    }
    ck_assert_uint_ge(nr_fenced, some ? 3 : trace->nr_chunks);
    chunk_release(&chunk);
    trace_close(trace);
}

START_TEST(fenced_segments_become_fenced_chunks)
{
    struct bench bench;
    struct machine machine;
    bench_open(&bench);
    bench.region->fence = _i % 2 == 0 ? CONFIG_FENCE_SOME : CONFIG_FENCE_ALL;
    machine_init(&machine, (uint64_t)_i + 500);
    for (int i = 0; i < 100; i++) {
        bench_run(&bench, &machine, 4 * (int)machine_random(&machine, 1000));
        if (i % 7 == 0)
            bench_take_part(&bench);
    }
    bench_take_part(&bench);
    bench_compare(&bench);
    bench_check_fences(&bench, _i % 2 == 0);
    bench_close(&bench);
}

END_TEST

START_TEST(parts_of_a_segment_stand_alone)
{
    struct bench bench;
    struct machine machine;
    bench_open(&bench);
    machine_init(&machine, (uint64_t)_i + 100);
    for (int i = 0; i < 100; i++) {
        bench_run(&bench, &machine, (int)machine_random(&machine, 300));
        bench_take_part(&bench);
    }
    bench_compare(&bench);
    bench_close(&bench);
}

END_TEST

START_TEST(segment_that_is_closed_early_goes_on_in_the_next)
{
    struct bench bench;
    struct machine machine;
    bench_open(&bench);
    machine_init(&machine, (uint64_t)_i + 200);
    for (int i = 0; i < 200; i++) { /* laps of them: what a lap leaves unfilled must not look filled in the next */
        bench_run(&bench, &machine, 1 + (int)machine_random(&machine, 200));
        record_close(&bench.writer);
    }
    bench_take_part(&bench);
    bench_compare(&bench);
    bench_close(&bench);
}

END_TEST

/*
 * A signal handler that records, between the two swaps of a hook: the event is in its word, and the thread's state does
 * not know. The next event accounts for it, in the words and in the frames.
 */
START_TEST(event_that_was_not_counted_is_made_up_for)
{
    struct bench bench;
    struct machine machine;
    bench_open(&bench);
    machine_init(&machine, (uint64_t)_i + 300);
    for (int i = 0; i < 2000; i++) {
        bench_run(&bench, &machine, 1 + (int)machine_random(&machine, 3));
        struct tracert__thread *writer = &bench.writer;
        uint64_t before = writer->state;
        bench_run(&bench, &machine, 1);
        bool one = writer->state - before == STATE_FRAME + 1 || before - writer->state == STATE_FRAME - 1;
        if (one)
            writer->state = before;
    }
    bench_take_part(&bench);
    bench_compare(&bench);
    bench_close(&bench);
}

END_TEST

/* Memory among calls; parts, closed segments, and what a handler leaves that interrupts: operands without an event, and
 * words that the state does not know of. */
START_TEST(memory_comes_out_with_all_it_is_about)
{
    static const struct memory_event orphan = {.symbol = SYMBOL_OPERAND, .nr_operands = 2, .operands = {7, 16}};
    struct bench bench;
    struct machine machine;
    struct verify verify = {0};
    struct err err = {0};
    bench_open(&bench);
    machine_init(&machine, (uint64_t)_i + 400);
    for (int i = 0; i < 30000; i++) {
        if (machine_random(&machine, 3) == 0)
            bench_run(&bench, &machine, 1 + (int)machine_random(&machine, 4));
        uint64_t before = bench.writer.state;
        bench_memory(&bench, &machine);
        uint64_t words = bench.writer.state - before;
        if (words <= ALLOC_OPERANDS + 1 && machine_random(&machine, 10) == 0)
            bench.writer.state -= machine_random(&machine, words + 1);
        if (machine_random(&machine, 20) == 0)
            memory_put(&bench, &orphan, 0);
        if (machine_random(&machine, 500) == 0)
            bench_take_part(&bench);
        if (machine_random(&machine, 500) == 0)
            record_close(&bench.writer);
    }
    bench_take_part(&bench);
    bench_compare(&bench);
    struct trace *trace = trace_open(bench.path, &err);
    ck_assert_int_eq(verify_trace(&verify, trace, &err), 0);
    ck_assert_msg(verify.nr_problems == 0, "%s", trace->nr_notices > 0 ? trace->notices[0] : "");
    verify_release(&verify);
    trace_close(trace);
    bench_close(&bench);
}

END_TEST

/* A short call, from `ticks` to the tick after. */
static void bench_call(struct bench *bench, uint64_t ticks)
{
    struct machine_event enter = {MACHINE_ENTER, 0x1000, 0x2000, 0x1020, 4096, ticks};
    struct machine_event leave = {MACHINE_EXIT, 0x1000, 0x2000, 0, 4096, ticks + 1};
    truth_add(bench, TF_SYM_ENTER, enter.ticks, enter.function, enter.site, false);
    bench_store(bench, &enter);
    truth_add(bench, TF_SYM_EXIT, leave.ticks, 0, 0, false);
    bench_store(bench, &leave);
}

/* All times of a segment have the same high half; of a chunk they do not, and the low halves look as if they went on.
 */
START_TEST(segment_that_lasts_too_long_is_closed)
{
    enum { CALLS = 100 };
    struct bench bench;
    bench_open(&bench);
    for (uint64_t i = 0; i < 5 * CALLS; i++)
        bench_call(&bench, 1000 + 2 * STEP * i + (i / CALLS << 48));
    bench_take_part(&bench);
    ck_assert_uint_eq(bench.region->slots[0].nr_opened, 5);
    ck_assert_uint_eq(bench_compare(&bench), 3);
    bench_close(&bench);
}

END_TEST

/* Two segments that lie there closed. `between`: what happens after the first. Returns how many chunks become of them.
 */
static uint32_t chunks_of_two(void (*between)(struct bench *bench))
{
    enum { CALLS = 100 };
    struct bench bench;
    bench_open(&bench);
    for (uint64_t i = 0; i < 2 * CALLS; i++) {
        bench_call(&bench, 1000 + 100 * i);
        if (i == CALLS - 1 && between != NULL)
            between(&bench);
        if (i % CALLS == CALLS - 1)
            record_close(&bench.writer);
    }
    bench_take_closed(&bench);
    uint32_t nr = bench.thread.nr_chunks;
    ck_assert_uint_eq(bench.thread.recorded, bench.nr_hooks);
    bench_close(&bench);
    return nr;
}

static void between_drop(struct bench *bench)
{
    bench->region->slots[0].dropped++;
}

static void between_drop_memory(struct bench *bench)
{
    bench->region->slots[0].memory_dropped++;
}

static void between_load(struct bench *bench)
{
    ck_assert_int_eq(record_note(&bench->writer, NOTE_MODULE_LOAD, 0, NULL, 0, 11000), RECORD_DONE);
}

static void between_mark(struct bench *bench)
{
    ck_assert_int_eq(record_note(&bench->writer, NOTE_MARK, 0, "mark", 4, 11000), RECORD_DONE);
}

/* A frame is open that the next segment does not begin with. */
static void between_lose_frame(struct bench *bench)
{
    record_close(&bench->writer);
    struct segment first = segment_at(bench->writer.ring, RING_BYTES, 0);
    ck_assert_uint_eq(first.head->end_depth, 0);
    first.head->end_depth = 1;
}

START_TEST(segments_become_one_chunk_where_one_goes_on_from_the_other)
{
    ck_assert_uint_eq(chunks_of_two(NULL), 1);
    ck_assert_uint_eq(chunks_of_two(between_mark), 1);
    ck_assert_uint_eq(chunks_of_two(between_drop), 2);
    ck_assert_uint_eq(chunks_of_two(between_drop_memory), 2);
    ck_assert_uint_eq(chunks_of_two(between_load), 2);
    ck_assert_uint_eq(chunks_of_two(between_lose_frame), 2);
}

END_TEST

/* Who ends while calls are dropped has a chunk for that alone, with the frames that are open then. */
START_TEST(last_drops_are_told_with_the_depth_there)
{
    enum { DEPTH = 3 };
    struct bench bench;
    struct chunk chunk = {0};
    struct err err = {0};
    bench_open(&bench);
    for (uint64_t i = 0; i < DEPTH; i++) {
        struct machine_event enter = {MACHINE_ENTER, 0x1000, 0x2000, 0x1020, 4096 - 32 * i, 1000 + 100 * i};
        bench_store(&bench, &enter);
    }
    record_close(&bench.writer);
    bench_take_closed(&bench);
    bench.region->slots[0].dropped = 7;
    chunk_take_end(&bench.chunker, &bench.thread, 0);
    struct trace *trace = bench_trace(&bench);
    ck_assert_uint_eq(trace->nr_chunks, 2);
    ck_assert_int_eq(chunk_load(trace, &trace->chunks[1], &chunk, &err), 0);
    ck_assert_uint_eq(chunk.head.depth, DEPTH);
    ck_assert_uint_eq(chunk.head.dropped_full, 7);
    ck_assert_uint_eq(chunk.head.hook_calls, DEPTH + 7);
    chunk_release(&chunk);
    trace_close(trace);
    bench_close(&bench);
}

END_TEST

START_TEST(more_places_of_call_than_a_segment_knows)
{
    struct bench bench;
    bench_open(&bench);
    for (uint64_t i = 0; i < 20000; i++) {
        struct machine_event enter = {MACHINE_ENTER, 0x1000 + 16 * (i % 3000), 0x200000 + 8 * i, 0x1020, 4096,
                                      1000 + i};
        struct machine_event leave = {MACHINE_EXIT, enter.function, enter.site, 0, 4096, 1000 + i};
        truth_add(&bench, TF_SYM_ENTER, enter.ticks, enter.function, enter.site, false);
        bench_store(&bench, &enter);
        truth_add(&bench, TF_SYM_EXIT, leave.ticks, 0, 0, false);
        bench_store(&bench, &leave);
    }
    bench_take_part(&bench);
    bench_compare(&bench);
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
    bench_take_part(&bench);
    ck_assert_uint_eq(record_depth(&bench.writer), 0);
    bench_compare(&bench);
    bench_close(&bench);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("chunk");
    TCase *tcase = tcase_create("round trip");
    tcase_add_loop_test(tcase, what_goes_in_comes_out, 0, 20);
    tcase_add_loop_test(tcase, fenced_segments_become_fenced_chunks, 0, 10);
    tcase_add_loop_test(tcase, parts_of_a_segment_stand_alone, 0, 5);
    tcase_add_loop_test(tcase, segment_that_is_closed_early_goes_on_in_the_next, 0, 5);
    tcase_add_loop_test(tcase, event_that_was_not_counted_is_made_up_for, 0, 5);
    tcase_add_loop_test(tcase, memory_comes_out_with_all_it_is_about, 0, 5);
    tcase_add_test(tcase, segment_that_lasts_too_long_is_closed);
    tcase_add_test(tcase, segments_become_one_chunk_where_one_goes_on_from_the_other);
    tcase_add_test(tcase, last_drops_are_told_with_the_depth_there);
    tcase_add_test(tcase, more_places_of_call_than_a_segment_knows);
    tcase_add_test(tcase, stack_deeper_than_a_chunk_is_unwound);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
