/* heap.c: what is live, what was most, who asked for it; against traces whose truth is known. */
#include "trace_writer.h"

#include "profile/heap_blocks.h"
#include "profile/heap_make.h"
#include "random.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAIN = 0x1000, WORK = 0x2000, XMALLOC = 0x3000, SITE = 0x1100 };

enum { POOL_API, MALLOC_API, CALLOC_API, REALLOC_API, ALIGNED_API, NEW_API, RESTORED_API };

struct bench {
    struct writer writer;
    struct writer_thread *threads[4];
    char *path;
    struct trace *trace;
    struct replay replay;
    struct heap heap;
    struct heap_profile *profile;
    struct profile *run;
    bool finds_wrappers;
};

static void bench_open(struct bench *bench, int nr_threads)
{
    memset(bench, 0, sizeof(*bench));
    writer_init(&bench->writer);
    bench->writer.anchor_ns = bench->writer.anchor_ticks = 1000;
    writer_session(&bench->writer, 0);
    writer_process(&bench->writer, 1, 100, 0, 1000, 0);
    writer_process(&bench->writer, 2, 200, 1, 1000, 1);
    for (uint32_t i = 0; i < (uint32_t)nr_threads; i++)
        bench->threads[i] = writer_thread_new(&bench->writer, i + 1, i == 3 ? 2 : 1, 100 + i, 1000);
}

/* Write the trace and watch it; names are made up: "f" and the address, xmalloc is a wrapper. */
static void bench_run_between(struct bench *bench, const uint64_t at[2])
{
    struct err err = {0};
    const struct replay_filter all = {.to_ns = UINT64_MAX};
    for (int i = 0; i < 4; i++)
        if (bench->threads[i] != NULL && bench->threads[i]->nr_symbols > 0)
            thread_flush(bench->threads[i]);
    bench->writer.anchor_ns = bench->writer.anchor_ticks = 100000000;
    writer_end(&bench->writer, 0);
    bench->path = writer_save(&bench->writer);
    bench->trace = trace_open(bench->path, &err);
    ck_assert_msg(bench->trace != NULL, "%s", err.text);
    ck_assert_int_eq(replay_init(&bench->replay, bench->trace, &all, &err), 0);
    ck_assert_msg(heap_run(&bench->heap, &bench->replay, at, &err) == 0, "%s", err.text);
    uint32_t nr = bench->replay.functions.nr;
    struct profile *run = bench->run = calloc(1, sizeof(*run));
    struct profile_function *names = calloc(nr + 1, sizeof(*names));
    bool *wrappers = calloc(nr + 1, sizeof(*wrappers));
    arena_init(&run->arena, 0);
    run->facts = (struct profile_facts){.source = "t", .command = "t", .host = "h", .complete = true, .unit = "ns"};
    for (uint32_t i = 0; i < nr; i++) {
        uint64_t address = bench->replay.functions.ids[i].at.address & ~(uint64_t)0xfff;
        char *name = arena_copy(&run->arena, "f....", 5);
        for (int digit = 0; digit < 4; digit++)
            name[1 + digit] = "0123456789abcdef"[address >> (12 - 4 * digit) & 15];
        names[i] = (struct profile_function){.name = name, .module = "", .file = ""};
        wrappers[i] = address == XMALLOC;
    }
    const struct heap_folding folding = {.by_name = wrappers, .by_use = bench->finds_wrappers};
    bench->profile = heap_profile_make(&bench->heap, names, &folding, run, &err);
    ck_assert_msg(bench->profile != NULL, "%s", err.text);
    free(names);
    free(wrappers);
}

static void bench_run(struct bench *bench, uint64_t at_ns)
{
    const uint64_t at[2] = {at_ns, UINT64_MAX};
    bench_run_between(bench, at);
}

static void bench_close(struct bench *bench)
{
    heap_profile_free(bench->profile);
    profile_free(bench->run);
    heap_release(&bench->heap);
    replay_release(&bench->replay);
    trace_close(bench->trace);
    unlink(bench->path);
    free(bench->path);
    for (int i = 0; i < 4; i++)
        if (bench->threads[i] != NULL)
            writer_thread_free(bench->threads[i]);
    writer_free(&bench->writer);
}

static const struct heap_function *function_named(const struct bench *bench, const char *name)
{
    for (uint32_t i = 0; i < bench->profile->nr_functions; i++)
        if (strcmp(bench->profile->functions[i].label, name) == 0)
            return &bench->profile->functions[i];
    ck_abort_msg("no function %s", name);
    return NULL;
}

static void amount_check(struct heap_amount amount, uint64_t blocks, uint64_t bytes)
{
    ck_assert_uint_eq(amount.blocks, blocks);
    ck_assert_uint_eq(amount.bytes, bytes);
}

/* What holds for every heap. */
static void laws_check(const struct bench *bench)
{
    const struct heap_profile *profile = bench->profile;
    const struct heap_totals *totals = &profile->totals;

    static const enum heap_weight weights[] = {HEAP_BYTES, HEAP_ALLOCS, HEAP_PEAK, HEAP_LEAKED};

    const uint64_t sums[] = {totals->allocated.bytes, totals->allocated.blocks, totals->peak.bytes, totals->live.bytes};
    ck_assert_uint_eq(totals->allocated.blocks, totals->released.blocks + totals->live.blocks);
    ck_assert_uint_eq(totals->allocated.bytes, totals->released.bytes + totals->live.bytes);
    struct heap_counts sum = {0};
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        const struct heap_counts *self = &profile->functions[i].self;
        sum.allocated.bytes += self->allocated.bytes;
        sum.peak.blocks += self->peak.blocks;
        sum.live.bytes += self->live.bytes;
        sum.at[0].bytes += self->at[0].bytes;
    }
    uint64_t outside = profile->nodes[0].self.allocated.bytes;
    ck_assert_uint_eq(sum.allocated.bytes + outside, totals->allocated.bytes);
    ck_assert_uint_eq(sum.peak.blocks + profile->nodes[0].self.peak.blocks, totals->peak.blocks);
    ck_assert_uint_eq(sum.live.bytes + profile->nodes[0].self.live.bytes, totals->live.bytes);
    ck_assert_uint_eq(sum.at[0].bytes + profile->nodes[0].self.at[0].bytes, totals->at[0].bytes);
    uint64_t most = 0;
    for (uint32_t part = 0; part < HEAP_INSTANTS; part++) {
        uint64_t bytes = 0;
        for (uint32_t i = 0; i < profile->nr_bands; i++)
            bytes += profile->bands[i].bytes[part];
        ck_assert_uint_eq(bytes, profile->most[part]);
        most = bytes > most ? bytes : most;
    }
    ck_assert_uint_eq(most, totals->peak.bytes);
    for (int i = 0; i < 4 && outside == 0; i++) {
        struct err err = {0};
        struct profile *weighed = heap_profile_weigh(profile, weights[i], &err);
        ck_assert_ptr_nonnull(weighed);
        ck_assert_uint_eq(weighed->nodes[0].inclusive_ns, sums[i]);
        profile_free(weighed);
    }
}

START_TEST(paths_own_what_they_asked_for)
{
    struct bench bench;
    bench_open(&bench, 1);
    struct writer_thread *thread = bench.threads[0];
    thread_enter(thread, 2000, MAIN, SITE, false);
    thread_alloc(thread, 2001, 0x10000, 100, MALLOC_API, MAIN + 0x10);
    thread_enter(thread, 2002, WORK, MAIN + 0x20, false);
    thread_enter(thread, 2003, XMALLOC, WORK + 0x20, false);
    thread_alloc(thread, 2004, 0x20000, 50, MALLOC_API, XMALLOC + 0x10); /* the wrapper's is its caller's */
    thread_exit(thread, 2005);
    thread_alloc(thread, 2006, 0x30000, 7, CALLOC_API, 0x9010); /* a library that nobody knows, for work */
    thread_free(thread, 2007, 0x30000);
    thread_free(thread, 2008, 0x20000);
    thread_exit(thread, 2009);
    thread_alloc(thread, 2010, 0x40000, 5, NEW_API, MAIN + 0x30);
    thread_exit(thread, 2011);
    bench_run(&bench, 1005);
    laws_check(&bench);
    const struct heap_totals *totals = &bench.profile->totals;
    amount_check(totals->allocated, 4, 162);
    amount_check(totals->released, 2, 57);
    amount_check(totals->live, 2, 105);
    amount_check(totals->peak, 3, 157);
    amount_check(totals->at[0], 2, 150);
    ck_assert_uint_eq(bench.profile->peak_ns, 1006);
    ck_assert_uint_eq(totals->temporary, 1);
    amount_check(function_named(&bench, "f1000")->self.allocated, 2, 105);
    amount_check(function_named(&bench, "f1000")->self.live, 2, 105);
    amount_check(function_named(&bench, "f1000")->self.peak, 1, 100);
    amount_check(function_named(&bench, "f2000")->self.allocated, 1, 50);
    amount_check(function_named(&bench, "f2000")->self.peak, 1, 50);
    amount_check(function_named(&bench, "f9000")->self.allocated, 1, 7);
    amount_check(function_named(&bench, "f3000")->self.allocated, 0, 0);
    ck_assert_uint_eq(bench.profile->sizes[3], 2); /* 5 and 7 */
    ck_assert_uint_eq(bench.profile->sizes[6], 1);
    ck_assert_uint_eq(bench.profile->lifetimes[1], 1);
    bench_close(&bench);
}

END_TEST

/* What a function that up to seven others call does, and whether it passes memory on. */
static const struct behaviour {
    const char *what;
    uint64_t sizes[7][2]; /* of the two blocks of each caller; 0: none */
    unsigned allocs;      /* of so many blocks at once */
    unsigned others;      /* calls of something else */
    bool is_not_recorded; /* calls of it are not recorded */
    bool is_wrapper;
} behaviours[] = {
    {"three sizes, and one that varies", {{10, 10}, {20, 20}, {30, 30}, {40, 41}}, 1, 0, false, true},
    {"two sizes", {{10, 10}, {20, 20}, {10, 10}, {20, 20}}, 1, 0, false, false},
    {"more that vary than do not",
     {{10, 10}, {20, 20}, {30, 30}, {40, 41}, {50, 51}, {60, 61}, {70, 71}},
     1,
     0,
     false,
     false},
    {"who asked once says nothing", {{10, 0}, {20, 0}, {30, 0}, {40, 40}}, 1, 0, false, false},
    {"one size for all", {{48, 48}, {48, 48}, {48, 48}, {48, 48}}, 1, 0, false, false},
    {"two blocks a call", {{10, 10}, {20, 20}, {30, 30}, {40, 40}}, 2, 0, false, false},
    {"it calls something else", {{10, 10}, {20, 20}, {30, 30}, {40, 40}}, 1, 1, false, false},
    {"four sizes, and nothing is known of calls", {{10, 10}, {20, 20}, {30, 30}, {40, 40}}, 1, 0, true, false},
};

START_TEST(who_passes_memory_on_is_told_by_its_use)
{
    const struct behaviour *behaviour = &behaviours[_i];
    uint64_t ticks = 2000, address = 0x10000, blocks = 0;
    struct bench bench;
    bench_open(&bench, 1);
    bench.finds_wrappers = true;
    struct writer_thread *thread = bench.threads[0];
    thread_enter(thread, ++ticks, MAIN, SITE, false);
    for (uint64_t i = 0; i < 14; i++) {
        uint64_t caller = 0x5000 + 0x1000 * (i / 2), bytes = behaviour->sizes[i / 2][i % 2];
        if (bytes == 0)
            continue;
        thread_enter(thread, ++ticks, caller, MAIN + 0x20, false);
        if (!behaviour->is_not_recorded)
            thread_enter(thread, ++ticks, WORK, caller + 0x20, false);
        for (unsigned j = 0; j < behaviour->allocs; j++, blocks++)
            thread_alloc(thread, ++ticks, address += 0x100, bytes, MALLOC_API, WORK + 0x10);
        for (unsigned j = 0; j < behaviour->others; j++) {
            thread_enter(thread, ++ticks, 0xf000, WORK + 0x20, false);
            thread_exit(thread, ++ticks);
        }
        if (!behaviour->is_not_recorded)
            thread_exit(thread, ++ticks);
        thread_exit(thread, ++ticks);
    }
    thread_exit(thread, ++ticks);
    bench_run(&bench, UINT64_MAX);
    laws_check(&bench);
    ck_assert_msg(function_named(&bench, "f2000")->self.allocated.blocks == (behaviour->is_wrapper ? 0 : blocks), "%s",
                  behaviour->what);
    ck_assert_msg(bench.profile->nr_wrappers == behaviour->is_wrapper, "%s", behaviour->what);
    if (behaviour->is_wrapper) {
        ck_assert_uint_eq(bench.profile->wrappers[0].allocs, blocks);
        ck_assert_uint_eq(bench.profile->wrappers[0].callers, 4);
        ck_assert_uint_eq(bench.profile->wrappers[0].steady, 3);
        amount_check(function_named(&bench, "f5000")->self.allocated, 2, 20);
    }
    bench_close(&bench);
}

END_TEST

START_TEST(resizing_moves_a_block_or_leaves_it)
{
    struct bench bench;
    bench_open(&bench, 1);
    struct writer_thread *thread = bench.threads[0];
    thread_alloc(thread, 2001, 0x10000, 100, MALLOC_API, MAIN);
    thread_realloc(thread, 2002, 0x10000);
    thread_alloc(thread, 2003, 0x20000, 300, REALLOC_API, WORK);
    thread_realloc(thread, 2004, 0x20000);
    thread_alloc(thread, 2005, 0x20000, 0, RESTORED_API, WORK);
    thread_realloc(thread, 2006, 0x77000); /* older than the trace, and stays */
    thread_alloc(thread, 2007, 0x77000, 0, RESTORED_API, WORK);
    bench_run(&bench, UINT64_MAX);
    laws_check(&bench);
    const struct heap_totals *totals = &bench.profile->totals;
    amount_check(totals->allocated, 2, 400);
    amount_check(totals->released, 1, 100);
    amount_check(totals->live, 1, 300);
    amount_check(totals->peak, 1, 300);
    ck_assert_uint_eq(totals->resized.blocks, 1);
    ck_assert_uint_eq(totals->not_resized, 1);
    ck_assert_uint_eq(totals->unknown, 1);
    bench_close(&bench);
}

END_TEST

/* The clocks of two processors differ by less than the time that a block takes from one thread to another. */
START_TEST(events_of_one_address_are_put_right)
{
    struct bench bench;
    bench_open(&bench, 3);
    thread_alloc(bench.threads[0], 2000, 0x10000, 64, MALLOC_API, MAIN);
    thread_free(bench.threads[1], 1990, 0x10000); /* seems to come before */
    thread_alloc(bench.threads[0], 3000, 0x20000, 32, MALLOC_API, MAIN);
    thread_free(bench.threads[1], 4010, 0x20000); /* before the next one got the address, it seems after */
    thread_alloc(bench.threads[2], 4000, 0x20000, 16, MALLOC_API, WORK);
    thread_free(bench.threads[1], 900000, 0x30000);
    thread_alloc(bench.threads[2], 5900000, 0x30000, 8, MALLOC_API, WORK); /* ms later: that was another one */
    bench_run(&bench, UINT64_MAX);
    laws_check(&bench);
    const struct heap_totals *totals = &bench.profile->totals;
    amount_check(totals->allocated, 4, 120);
    amount_check(totals->live, 2, 24);
    ck_assert_uint_eq(totals->reordered, 2);
    ck_assert_uint_eq(totals->unknown, 1);
    bench_close(&bench);
}

END_TEST

START_TEST(processes_have_heaps_of_their_own)
{
    struct bench bench;
    bench_open(&bench, 4); /* the last thread is of a forked child */
    thread_alloc(bench.threads[0], 2000, 0x10000, 64, MALLOC_API, MAIN);
    thread_free(bench.threads[3], 2001, 0x10000);
    thread_alloc(bench.threads[3], 2002, 0x10000, 8, MALLOC_API, MAIN);
    bench_run(&bench, UINT64_MAX);
    laws_check(&bench);
    amount_check(bench.profile->totals.live, 2, 72);
    ck_assert_uint_eq(bench.profile->totals.unknown, 1);
    ck_assert_uint_eq(bench.profile->totals.reordered, 0);
    bench_close(&bench);
}

END_TEST

/* ---- Anything, against the simplest of all models ------------------------------------------------- */

enum { NR_ADDRESSES = 500, NR_EVENTS = 6000 };

START_TEST(anything_is_what_a_plain_list_says)
{
    static struct {
        uint64_t bytes, function;
        bool live;
    } blocks[NR_ADDRESSES];

    uint64_t state = 88172645463325252u + (uint64_t)_i, ticks = 2000;
    uint64_t live = 0, peak = 0, allocated = 0, live_of[4] = {0}, peak_of[4] = {0};
    struct bench bench;
    memset(blocks, 0, sizeof(blocks));
    bench_open(&bench, 3);
    for (int i = 0; i < NR_EVENTS; i++) {
        struct writer_thread *thread = bench.threads[random_next(&state) % 3];
        uint64_t at = random_next(&state) % NR_ADDRESSES, address = 0x7f0000000000 + at * 16;
        ticks += 1 + random_next(&state) % 50;
        if (random_next(&state) % 700 == 0 && thread->nr_symbols > 0)
            thread_flush(thread);
        if (blocks[at].live) {
            thread_free(thread, ticks, address);
            live -= blocks[at].bytes;
            live_of[blocks[at].function] -= blocks[at].bytes;
        } else {
            blocks[at].bytes = random_next(&state) % 1000;
            blocks[at].function = random_next(&state) % 4;
            thread_alloc(thread, ticks, address, blocks[at].bytes, MALLOC_API, 0x4001 + 0x1000 * blocks[at].function);
            allocated += blocks[at].bytes;
            live += blocks[at].bytes;
            live_of[blocks[at].function] += blocks[at].bytes;
        }
        blocks[at].live = !blocks[at].live;
        if (live > peak) {
            peak = live;
            memcpy(peak_of, live_of, sizeof(peak_of));
        }
    }
    bench_run(&bench, UINT64_MAX);
    laws_check(&bench);
    ck_assert_uint_eq(bench.profile->totals.allocated.bytes, allocated);
    ck_assert_uint_eq(bench.profile->totals.peak.bytes, peak);
    ck_assert_uint_eq(bench.profile->totals.live.bytes, live);
    ck_assert_uint_eq(bench.profile->totals.reordered + bench.profile->totals.unknown, 0);
    for (uint64_t i = 0; i < 4; i++) {
        char name[] = "f4000";
        name[1] = (char)('4' + i);
        ck_assert_uint_eq(function_named(&bench, name)->self.live.bytes, live_of[i]);
        ck_assert_uint_eq(function_named(&bench, name)->self.peak.bytes, peak_of[i]);
    }
    bench_close(&bench);
}

END_TEST

/* ---- Over time ------------------------------------------------------------------------------------ */

/* Two instants, resizing, and who has what at the top of each part of the time. */
START_TEST(time_is_told_apart)
{
    struct bench bench;
    bench_open(&bench, 1);
    struct writer_thread *thread = bench.threads[0];
    const uint64_t ms = 1000000;
    thread_alloc(thread, 1 * ms, 0x10000, 100, MALLOC_API, MAIN + 1);
    thread_alloc(thread, 10 * ms, 0x20000, 50, MALLOC_API, WORK + 1);
    thread_free(thread, 11 * ms, 0x10000);
    thread_alloc(thread, 30 * ms, 0x10000, 1000, MALLOC_API, MAIN + 1);
    thread_alloc(thread, 30 * ms + 1, 0x30000, 7, MALLOC_API, WORK + 1);
    thread_free(thread, 30 * ms + 2, 0x10000);
    thread_realloc(thread, 50 * ms, 0x20000);
    thread_alloc(thread, 50 * ms + 10, 0x50000, 200, REALLOC_API, WORK + 1); /* moves */
    thread_realloc(thread, 60 * ms, 0x50000);
    thread_alloc(thread, 60 * ms + 10, 0x50000, 300, REALLOC_API, WORK + 1); /* stays */
    const uint64_t at[2] = {20 * ms, 70 * ms};
    bench_run_between(&bench, at);
    laws_check(&bench);
    const struct heap_profile *profile = bench.profile;
    amount_check(profile->totals.at[0], 1, 50);
    amount_check(profile->totals.at[1], 2, 307);
    amount_check(profile->totals.resized, 2, 250);
    amount_check(profile->totals.moved, 1, 50);
    const struct heap_function *work = function_named(&bench, "f2000");
    amount_check(work->self.at[0], 1, 50);
    amount_check(work->self.at[1], 2, 307);
    ck_assert_uint_eq(work->self.most_resizes, 2);
    ck_assert_uint_eq(function_named(&bench, "f1000")->self.most_resizes, 0);
    struct err err = {0};
    struct profile *grown = heap_profile_weigh(profile, HEAP_GROWN, &err);
    ck_assert_uint_eq(grown->nodes[0].inclusive_ns, 257);
    profile_free(grown);
    uint64_t blocks = 0;
    for (int i = 0; i < (int)HEAP_INSTANTS; i++)
        blocks += profile->allocated[i].blocks;
    ck_assert_uint_eq(blocks, profile->totals.allocated.blocks);
    bench_close(&bench);
}

END_TEST

static void cycles_step(struct heap_cycles *cycles, uint64_t *live, int64_t blocks, uint64_t ticks)
{
    for (; blocks > 0; blocks--) {
        ++*live;
        heap_cycles_add(cycles, *live * 10, *live, 10);
    }
    for (; blocks < 0; blocks++) {
        --*live;
        heap_cycles_remove(cycles, *live * 10, ticks);
    }
}

START_TEST(cycles_are_what_fills_and_empties)
{
    struct heap_cycles cycles = {0};
    uint64_t live = 0, state = 42;
    cycles_step(&cycles, &live, 20, 0); /* a small one before says nothing */
    cycles_step(&cycles, &live, -15, 50);
    for (uint64_t i = 0; i < 10; i++) {
        cycles_step(&cycles, &live, 100, 0);
        cycles_step(&cycles, &live, i % 2 == 0 ? -100 : -98, 1000 + 100 * i);
        cycles_step(&cycles, &live, i % 2 == 0 ? 0 : -2, 1000 + 100 * i);
    }
    heap_cycles_finish(&cycles);
    ck_assert(heap_cycles_are_regular(&cycles));
    ck_assert_uint_eq(cycles.nr, 10);
    ck_assert_uint_eq(cycles.top_bytes / cycles.nr, 1050);
    ck_assert_uint_eq(cycles.low_bytes / cycles.nr, 50);
    ck_assert_uint_eq(cycles.shortest_ticks, 100);
    ck_assert_uint_eq(cycles.longest_ticks, 100);

    cycles = (struct heap_cycles){0}; /* a single block that comes and goes */
    live = 0;
    for (uint64_t i = 0; i < 100; i++)
        cycles_step(&cycles, &live, i % 2 == 0 ? 1 : -1, i);
    ck_assert(!heap_cycles_are_regular(&cycles));

    cycles = (struct heap_cycles){0}; /* grows, with dips */
    live = 0;
    for (uint64_t i = 0; i < 200; i++)
        cycles_step(&cycles, &live, i % 2 == 0 ? 50 : -40, i);
    ck_assert(!heap_cycles_are_regular(&cycles));

    cycles = (struct heap_cycles){0}; /* wanders */
    live = 0;
    for (uint64_t i = 0; i < 100000; i++)
        cycles_step(&cycles, &live, live == 0 || random_next(&state) % 2 == 0 ? 1 : -1, i);
    heap_cycles_finish(&cycles);
    ck_assert(!heap_cycles_are_regular(&cycles));
}

END_TEST

START_TEST(table_of_blocks_forgets_nothing)
{
    static bool there[4096];
    struct heap_blocks blocks;
    uint64_t state = 42;
    ck_assert_int_eq(heap_blocks_init(&blocks), 0);
    memset(there, 0, sizeof(there));
    for (int i = 0; i < 200000; i++) {
        uint64_t at = random_next(&state) % 4096;
        struct heap_block *block = heap_blocks_find(&blocks, (uint32_t)at % 2, 16 + at);
        if ((block != NULL) != there[at])
            ck_abort_msg("block %u", (unsigned)at);
        if (block != NULL)
            heap_blocks_remove(&blocks, block);
        else
            ck_assert_int_eq(
                heap_blocks_add(&blocks, &(struct heap_block){.address = 16 + at, .process = (uint32_t)at % 2}), 0);
        there[at] = !there[at];
    }
    heap_blocks_release(&blocks);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("heap");
    TCase *tcase = tcase_create("heap");
    tcase_add_test(tcase, paths_own_what_they_asked_for);
    tcase_add_loop_test(tcase, who_passes_memory_on_is_told_by_its_use, 0,
                        (int)(sizeof(behaviours) / sizeof(*behaviours)));
    tcase_add_test(tcase, resizing_moves_a_block_or_leaves_it);
    tcase_add_test(tcase, events_of_one_address_are_put_right);
    tcase_add_test(tcase, processes_have_heaps_of_their_own);
    tcase_add_loop_test(tcase, anything_is_what_a_plain_list_says, 0, 20);
    tcase_add_test(tcase, time_is_told_apart);
    tcase_add_test(tcase, cycles_are_what_fills_and_empties);
    tcase_add_test(tcase, table_of_blocks_forgets_nothing);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
