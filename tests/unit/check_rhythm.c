/*
 * rhythm.c, sawtooth.c, lockstep.c: patterns in time at their limits; and what of a replay they are told.
 */
#include "profile/findings.h"
#include "profile/replay.h"
#include "profile/rhythm_find.h"
#include "suite.h"
#include "trace_writer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint32_t state = 1;

static uint32_t random_below(uint32_t limit)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % limit;
}

/* ---- Sawteeth ------------------------------------------------------------------------------------- */

/* 100 at the bottom, `high` at the top; the way up takes `rise` values, the way down `fall`. */
static const struct saw {
    uint32_t rise, fall, high, noise, nr; /* noise: every so many values one of ten times the height */
    bool is_found, falls;
} saws[] = {
    {20, 1, 400, 0, 200, true, false},   {20, 1, 400, 10, 200, true, false}, {1, 20, 400, 0, 200, true, true},
    {20, 1, 240, 0, 200, true, false},   {20, 1, 180, 0, 200, false, false}, /* not twice as high */
    {10, 10, 400, 0, 200, false, false},                                     /* as steep on both sides */
    {4, 1, 400, 0, 200, false, false},                                       /* too short to be told from chance */
    {60, 1, 400, 0, 200, false, false},                                      /* three times only */
};

static float saw_value(const struct saw *saw, uint32_t i)
{
    uint32_t at = i % (saw->rise + saw->fall);
    double part = at <= saw->rise ? (double)at / saw->rise : (double)(saw->rise + saw->fall - at) / saw->fall;
    double value = 100 + (saw->high - 100) * part;
    return (float)(saw->noise > 0 && i % saw->noise == 3 ? value * 10 : value);
}

START_TEST(sawteeth)
{
    const struct saw *saw = &saws[_i];
    float values[SAWTOOTH_VALUES];
    for (uint32_t i = 0; i < saw->nr; i++)
        values[i] = saw_value(saw, i);
    struct sawtooth found = sawtooth_find(values, saw->nr);
    ck_assert_int_eq(found.cycles > 0, saw->is_found);
    ck_assert_int_eq(found.falls, saw->falls);
    if (!saw->is_found)
        return;
    double period = saw->rise + saw->fall;
    ck_assert_uint_ge(found.cycles, (uint32_t)(saw->nr / period) - 1);
    ck_assert_double_eq_tol(found.period, period, 1);
    ck_assert_double_eq_tol(found.low, 100, 30);
    ck_assert_double_eq_tol(found.high, saw->high, 0.15 * saw->high);
    ck_assert(found.is_regular);
}

END_TEST

START_TEST(chance_is_no_sawtooth)
{
    float values[SAWTOOTH_VALUES];
    for (unsigned turn = 0; turn < 3000; turn++) {
        for (uint32_t i = 0; i < SAWTOOTH_VALUES; i++) {
            float walk = i > 0 && turn % 2 == 1 ? values[i - 1] : 1000;
            values[i] = walk * (0.8F + (float)random_below(50) / 100);
        }
        ck_assert_uint_eq(sawtooth_find(values, SAWTOOTH_VALUES).cycles, 0);
    }
}

END_TEST

/* ---- Lock step ------------------------------------------------------------------------------------ */

static struct slow_call list[512];

/* `nr` calls at a beat by calls and by time, each off by up to so much. */
static void beat_make(uint32_t nr, uint32_t calls_off, uint32_t ticks_off)
{
    for (uint32_t i = 0; i < nr; i++)
        list[i] = (struct slow_call){.start_ticks = 100000 * (uint64_t)i + 50000 + random_below(ticks_off + 1),
                                     .ticks = 5000,
                                     .call = 1000 * i + 500 + random_below(calls_off + 1)};
}

START_TEST(beats)
{
    beat_make(30, 0, 60000);
    struct beat beat = beat_find(list, 30);
    ck_assert_int_eq(beat.kind, BEAT_CALLS);
    ck_assert_double_eq_tol(beat.period, 1000, 0.5);
    beat_make(30, 900, 2000);
    beat = beat_find(list, 30);
    ck_assert_int_eq(beat.kind, BEAT_TIME);
    ck_assert_double_eq_tol(beat.period, 100000, 500);
    beat_make(7, 0, 0);
    ck_assert_int_eq(beat_find(list, 7).kind, BEAT_NONE);
    ck_assert_int_eq(beat_find(list, 0).kind, BEAT_NONE);
}

END_TEST

static int start_compare(const void *a, const void *b)
{
    const struct slow_call *x = a, *y = b;
    return (x->start_ticks > y->start_ticks) - (x->start_ticks < y->start_ticks);
}

/* Others may come between, as long as the beat has most of the time. */
START_TEST(beats_among_others)
{
    beat_make(60, 0, 0);
    for (uint32_t i = 0; i < 60; i += 3)
        list[i].call += 1 + random_below(400);
    ck_assert_int_eq(beat_find(list, 60).kind, BEAT_TIME);
    for (uint32_t i = 60; i < 90; i++)
        list[i] = (struct slow_call){.start_ticks = random_below(6000000), .ticks = 4000, .call = random_below(60000)};
    qsort(list, 90, sizeof(list[0]), start_compare);
    ck_assert_int_eq(beat_find(list, 90).kind, BEAT_TIME);
}

END_TEST

START_TEST(chance_is_no_beat)
{
    for (unsigned turn = 0; turn < 300; turn++) {
        uint32_t nr = 8 + random_below(120);
        for (uint32_t i = 0; i < nr; i++)
            list[i] = (struct slow_call){
                .start_ticks = random_below(1 << 22), .ticks = 1000 + random_below(3000), .call = random_below(100000)};
        qsort(list, nr, sizeof(list[0]), start_compare);
        for (uint32_t i = 1; i < nr; i++) /* in order of both */
            list[i].call = list[i - 1].call + 1 + random_below(5000);
        ck_assert_int_eq(beat_find(list, nr).kind, BEAT_NONE);
    }
}

END_TEST

/* Three threads, of which each begins so much later than the one before. */
static uint32_t together_of(uint64_t later, uint64_t ticks)
{
    uint32_t nr = 0;
    for (uint32_t i = 0; i < 10; i++)
        for (uint32_t thread = 0; thread < 3; thread++)
            list[nr++] = (struct slow_call){
                .start_ticks = 100000 * (uint64_t)i + 777 * i * i + later * thread, .ticks = ticks, .thread = thread};
    qsort(list, nr, sizeof(list[0]), start_compare);
    return coincidence_find(list, nr, 3);
}

START_TEST(coincidences)
{
    ck_assert_uint_eq(together_of(0, 5000), 1000);
    ck_assert_uint_eq(together_of(2400, 5000), 1000);
    ck_assert_uint_eq(together_of(2600, 5000), 0);
    ck_assert_uint_eq(together_of(0, 60000), 0); /* for so long that they cannot but meet */
    for (unsigned turn = 0; turn < 300; turn++) {
        for (uint32_t i = 0; i < 100; i++)
            list[i] = (struct slow_call){.start_ticks = random_below(1000000), .ticks = 5000, .thread = i % 3};
        qsort(list, 100, sizeof(list[0]), start_compare);
        ck_assert_uint_eq(coincidence_find(list, 100, 3), 0);
    }
}

END_TEST

/* What makes up the time, and not what is long: a thousand of 1 are more than one of 100. */
START_TEST(short_ones_are_not_slow)
{
    for (uint32_t i = 0; i < 200; i++)
        list[i].ticks = i < 20 ? 10000 : 100;
    ck_assert_uint_eq(slow_least(list, 200), 2500);
    for (uint32_t i = 0; i < 200; i++)
        list[i].ticks = i < 2 ? 1000 : 400;
    ck_assert_uint_eq(slow_least(list, 200), 100);
}

END_TEST

/* ---- Counting ------------------------------------------------------------------------------------- */

static struct rhythms rhythms;

static void count(uint32_t thread, uint32_t function, uint64_t start_ticks, uint64_t ticks)
{
    struct rhythm *table = rhythms_table(&rhythms, thread, function + 1);
    if (table != NULL)
        rhythm_count(&rhythms, table, thread, function, start_ticks, ticks);
}

/* A million calls of 100 ticks; every 10,000th takes 50,000. */
START_TEST(slow_calls_are_kept)
{
    memset(&rhythms, 0, sizeof(rhythms));
    for (uint64_t i = 1; i <= 1000000; i++)
        count(3, 5, i * 100, i % 10000 == 0 ? 50000 : 100);
    const struct rhythm_pair *pair = &rhythms.pairs[1];
    ck_assert_uint_eq(rhythms.nr_pairs, 2);
    ck_assert_uint_eq(pair->thread, 3);
    ck_assert_uint_eq(pair->function, 5);
    ck_assert_uint_eq(pair->typical_ticks, 100);
    ck_assert_uint_eq(pair->nr_slow, 100);
    ck_assert_uint_eq(pair->slow_ticks, 5000000);
    for (uint32_t i = 0; i < 100; i++)
        ck_assert_uint_eq(pair->slow[i].call, 10000 * (i + 1) - 1);
    ck_assert_int_eq(beat_find(pair->slow, pair->nr_kept).kind, BEAT_CALLS);
    rhythms_release(&rhythms);
}

END_TEST

/* A sawtooth of 4000 calls is seen at its own scale, and at no finer one. */
START_TEST(every_scale_is_looked_at)
{
    for (uint32_t period = 16; period <= 65536; period *= 4) {
        memset(&rhythms, 0, sizeof(rhythms));
        for (uint32_t i = 0; i < 500000; i++)
            count(0, 0, i, 1000 + 3000 * (uint64_t)(i % period) / period);
        rhythms_finish(&rhythms);
        const struct rhythm_pair *pair = &rhythms.pairs[1];
        ck_assert_uint_gt(pair->sawtooth.cycles, 3);
        ck_assert_double_eq_tol(pair->sawtooth.period * (double)pair->sawtooth_size, period, period / 20.0);
        ck_assert_double_eq_tol(pair->sawtooth.high, 4000, 500);
        ck_assert_double_eq_tol(pair->sawtooth.low, 1000, 500);
        rhythms_release(&rhythms);
    }
}

END_TEST

START_TEST(waiting_is_not_slow)
{
    memset(&rhythms, 0, sizeof(rhythms));
    for (uint64_t i = 1; i <= 2000; i++) {
        bool waits = i % 100 == 0;
        if (waits)
            rhythm_stall(&rhythms, 0, i * 100000 + 60000, 60000);
        count(0, 0, i * 100000, waits ? 60100 : 100);
    }
    ck_assert_uint_eq(rhythms.pairs[1].nr_slow, 0);
    rhythms_release(&rhythms);
}

END_TEST

START_TEST(room_is_bounded)
{
    memset(&rhythms, 0, sizeof(rhythms));
    for (uint32_t function = 0; function < RHYTHM_PAIRS + 100; function++)
        count(0, function, 0, 100);
    for (uint32_t i = 0; i < 100000; i++)
        count(1, 0, i * 100000, random_below(100) == 0 ? 10000 + random_below(90000) : 100);
    count(RHYTHM_THREADS, 0, 0, 100);
    ck_assert_uint_le(rhythms.nr_pairs, RHYTHM_PAIRS + 1);
    ck_assert(!rhythms.failed);
    rhythms_release(&rhythms);
}

END_TEST

/* ---- A replay ------------------------------------------------------------------------------------- */

/* Two threads; 0xa calls 0xb, whose every 50th call is slow, in both at the same time. */
static char *trace_make(void)
{
    struct writer writer;
    writer_init(&writer);
    writer_session(&writer, 0);
    writer_process(&writer, 1, 10, 0, 1000, 0);
    for (uint32_t i = 0; i < 2; i++) {
        struct writer_thread *thread = writer_thread_new(&writer, i + 1, 1, 7 + i, 1000);
        uint64_t ticks = 2000;
        thread_enter(thread, ticks, 0xc, 0x99, false);
        for (uint32_t call = 1; call <= 1500; call++) {
            thread_enter(thread, ticks += 2000, 0xa, 0x99, false);
            thread_enter(thread, ticks += 10, 0xb, 0x99, false);
            thread_exit(thread, ticks += call % 50 == 0 ? 100000 : 1000);
            thread_exit(thread, ticks += 10);
            if (thread->nr_symbols > 1000)
                thread_flush(thread);
        }
        thread_exit(thread, ticks += 10);
        thread_flush(thread);
        writer_thread_free(thread);
    }
    writer_end(&writer, 0);
    char *path = writer_save(&writer);
    writer_free(&writer);
    return path;
}

static int nothing(void *context, const struct replay_call *call)
{
    (void)context;
    (void)call;
    return 0;
}

static int note(void *context, uint32_t thread, uint64_t ticks, const struct chunk_ext *ext)
{
    (void)context;
    (void)thread;
    (void)ticks;
    (void)ext;
    return 0;
}

/* In both ways to replay. */
START_TEST(replays_tell_it)
{
    char *path = trace_make();
    struct err err = {0};
    struct replay_filter filter = {.to_ns = UINT64_MAX};
    struct replay replay;
    const struct replay_observer observer = {.enter = nothing, .leave = nothing, .note = note};
    struct trace *trace = trace_open(path, &err);
    memset(&rhythms, 0, sizeof(rhythms));
    ck_assert_ptr_nonnull(trace);
    ck_assert_int_eq(replay_init(&replay, trace, &filter, &err), 0);
    replay.rhythms = &rhythms;
    ck_assert_int_eq(_i == 0 ? replay_run(&replay, &err) : replay_watch(&replay, &observer, &err), 0);
    ck_assert_uint_eq(rhythms.nr_pairs, 7);
    uint32_t nr_beats = 0;
    for (size_t i = 1; i < rhythms.nr_pairs; i++)
        nr_beats += beat_find(rhythms.pairs[i].slow, rhythms.pairs[i].nr_kept).kind == BEAT_CALLS;
    ck_assert_uint_eq(nr_beats, 4);
    rhythms_release(&rhythms);
    replay_release(&replay);
    trace_close(trace);
    unlink(path);
    free(path);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("rhythm");
    TCase *tests = tcase_create("rhythm");
    tcase_add_loop_test(tests, sawteeth, 0, (int)(sizeof(saws) / sizeof(saws[0])));
    tcase_add_test(tests, chance_is_no_sawtooth);
    tcase_add_test(tests, beats);
    tcase_add_test(tests, beats_among_others);
    tcase_add_test(tests, chance_is_no_beat);
    tcase_add_test(tests, coincidences);
    tcase_add_test(tests, short_ones_are_not_slow);
    tcase_add_test(tests, slow_calls_are_kept);
    tcase_add_test(tests, every_scale_is_looked_at);
    tcase_add_test(tests, waiting_is_not_slow);
    tcase_add_test(tests, room_is_bounded);
    tcase_add_loop_test(tests, replays_tell_it, 0, 2);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
