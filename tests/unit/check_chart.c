/*
 * The timeline: every call in exactly one slice, long ones alone, and no more slices than were asked for.
 */
#include "profile/chart.h"
#include "profile/replay.h"
#include "suite.h"
#include "trace_writer.h"
#include "view/chart_data.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NR_CALLS = 4000, NR_THREADS = 3 };

/* Calls of random lengths, nested up to six deep, functions 0xa to 0xe; returns the path. A tick is a ns. */
static char *trace_make(uint64_t seed)
{
    struct writer writer;
    writer_init(&writer);
    writer_session(&writer, 0);
    writer_process(&writer, 1, 10, 0, 1000, 0);
    for (uint32_t i = 0; i < NR_THREADS; i++) {
        struct writer_thread *thread = writer_thread_new(&writer, i + 1, 1, 7 + i, 1000);
        uint64_t ticks = 2000;
        for (uint32_t nr = 0; nr < NR_CALLS || thread->depth > 0;) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            uint32_t random = (uint32_t)(seed >> 33);
            ticks += random % 97 == 0 ? 5000 : random % 40;
            if (thread->depth < 6 && nr < NR_CALLS && (thread->depth == 0 || random % 2 == 0)) {
                thread_enter(thread, ticks, 0xa + (random >> 8) % 5, 0x99, false);
                nr++;
            } else {
                thread_exit(thread, ticks);
            }
            if (thread->nr_symbols > 1000)
                thread_flush(thread);
        }
        thread_flush(thread);
        writer_thread_free(thread);
    }
    writer_end(&writer, 0);
    char *path = writer_save(&writer);
    writer_free(&writer);
    return path;
}

static void chart_make(struct chart *chart, const char *path, size_t nr_max)
{
    struct err err = {0};
    struct replay_filter filter = {.to_ns = UINT64_MAX};
    struct replay replay;
    struct replay_observer observer = chart_observer;
    struct trace *trace = trace_open(path, &err);
    ck_assert_ptr_nonnull(trace);
    chart_init(chart, nr_max);
    observer.context = chart;
    ck_assert_int_eq(replay_init(&replay, trace, &filter, &err), 0);
    ck_assert_int_eq(replay_walk(&replay, &observer, &err), 0);
    ck_assert_int_eq(chart_finish(chart, &replay, &err), 0);
    replay_release(&replay);
    trace_close(trace);
}

/* The laws of a chart; the calls and the time in them, by level of each thread, are added up. */
static void chart_check(const struct chart *chart, uint64_t *calls, uint64_t *busy)
{
    uint64_t all = 0, merged = 0;
    size_t nr = 0;
    ck_assert_uint_eq(chart->nr_threads, NR_THREADS);
    for (uint32_t i = 0; i < chart->nr_threads; i++) {
        const struct chart_thread *thread = &chart->threads[i];
        ck_assert_uint_eq(thread->tid, 7 + i);
        ck_assert_uint_eq(thread->nr_levels, 6);
        for (uint32_t j = 0; j < thread->nr_levels; j++) {
            uint64_t at = thread->start;
            for (size_t k = 0; k < thread->levels[j].nr; k++, nr++) {
                const struct chart_slice *slice = &thread->levels[j].slices[k];
                ck_assert_uint_ge(slice->start, at);
                ck_assert_uint_ge(slice->end, slice->start + (slice->calls == 1 ? slice->busy : 0));
                ck_assert_uint_le(slice->end, thread->end);
                ck_assert(slice->calls > 1 || !slice->is_mixed);
                ck_assert(slice->calls == 1 || slice->end - slice->start < 2 * chart->grain);
                ck_assert_uint_lt(slice->function, 5);
                calls[6 * i + j] += slice->calls;
                busy[6 * i + j] += slice->busy;
                all += slice->calls;
                merged += slice->calls > 1 ? slice->calls : 0;
                at = slice->end;
            }
        }
    }
    ck_assert_uint_eq(nr, chart->nr_slices);
    ck_assert_uint_eq(all, chart->nr_calls);
    ck_assert_uint_eq(merged, chart->nr_merged);
    ck_assert_uint_eq(all + chart->nr_beyond, NR_CALLS * NR_THREADS);
}

START_TEST(every_call_is_in_one_slice)
{
    char *path = trace_make((uint64_t)_i + 1);
    uint64_t calls[18] = {0}, busy[18] = {0};
    struct chart whole;
    chart_make(&whole, path, 1000000);
    chart_check(&whole, calls, busy);
    ck_assert_uint_eq(whole.nr_merged, 0);
    ck_assert_uint_eq(whole.nr_slices, NR_CALLS * NR_THREADS);
    ck_assert_uint_eq(whole.grain, 0);
    for (size_t nr_max = 8000; nr_max >= 25; nr_max /= 3) {
        uint64_t merged_calls[18] = {0}, merged_busy[18] = {0};
        struct chart chart;
        chart_make(&chart, path, nr_max);
        chart_check(&chart, merged_calls, merged_busy);
        ck_assert_uint_le(chart.nr_slices, nr_max);
        ck_assert_uint_ge(chart.nr_slices, nr_max / 16);
        ck_assert_uint_gt(chart.nr_merged, 0);
        ck_assert_int_eq(memcmp(merged_calls, calls, sizeof(calls)), 0);
        ck_assert_int_eq(memcmp(merged_busy, busy, sizeof(busy)), 0);
        chart_release(&chart);
    }
    chart_release(&whole);
    unlink(path);
    free(path);
}

END_TEST

/* What is as long as the grain or longer is alone. */
START_TEST(long_calls_stand_alone)
{
    char *path = trace_make(99);
    struct chart whole, chart;
    chart_make(&whole, path, 1000000);
    chart_make(&chart, path, 300);
    for (uint32_t i = 0; i < NR_THREADS; i++) {
        for (uint32_t j = 0; j < 6; j++) {
            uint64_t nr_long = 0, nr_alone = 0;
            for (size_t k = 0; k < whole.threads[i].levels[j].nr; k++)
                nr_long += whole.threads[i].levels[j].slices[k].busy >= chart.grain;
            for (size_t k = 0; k < chart.threads[i].levels[j].nr; k++) {
                const struct chart_slice *slice = &chart.threads[i].levels[j].slices[k];
                nr_alone += slice->calls == 1 && slice->busy >= chart.grain;
            }
            ck_assert_uint_eq(nr_alone, nr_long);
        }
    }
    chart_release(&whole);
    chart_release(&chart);
    unlink(path);
    free(path);
}

END_TEST

START_TEST(functions_get_the_numbers_of_the_profile)
{
    char *path = trace_make(5);
    struct err err = {0};
    struct profile_function functions[] = {{.serial = 4}, {.serial = 1}, {.serial = 0}, {.serial = 2}};
    const struct profile profile = {.functions = functions, .nr_functions = 4};
    static const uint32_t wanted[] = {2, 1, 3, 4, 0}; /* 3 is not in the profile any more */
    struct chart before, after;
    chart_make(&before, path, 1000000);
    chart_make(&after, path, 1000000);
    ck_assert_int_eq(chart_renumber(&after, &profile, &err), 0);
    for (uint32_t i = 0; i < NR_THREADS; i++)
        for (uint32_t j = 0; j < 6; j++)
            for (size_t k = 0; k < before.threads[i].levels[j].nr; k++)
                ck_assert_uint_eq(after.threads[i].levels[j].slices[k].function,
                                  wanted[before.threads[i].levels[j].slices[k].function]);
    chart_release(&before);
    chart_release(&after);
    unlink(path);
    free(path);
}

END_TEST

/* main() never ends, and what it calls is left by a jump once, and returns once. */
START_TEST(slices_say_how_calls_ended)
{
    struct writer writer;
    struct chart chart;
    char *text;
    size_t bytes;
    struct err err = {0};
    writer_init(&writer);
    writer_session(&writer, 0);
    writer_process(&writer, 1, 10, 0, 1000, 0);
    struct writer_thread *thread = writer_thread_new(&writer, 1, 1, 7, 1000);
    thread_enter(thread, 2000, 0xa, 0x99, false);
    thread_enter(thread, 2010, 0xb, 0x98, false);
    thread_unwind(thread, 2020);
    thread_enter(thread, 2030, 0xb, 0x98, false);
    thread_exit(thread, 2050);
    thread_flush(thread);
    writer_end(&writer, 0);
    writer_thread_free(thread);
    char *path = writer_save(&writer);
    writer_free(&writer);
    chart_make(&chart, path, 100);
    const struct chart_level *levels = chart.threads[0].levels;
    ck_assert(levels[0].slices[0].is_open && !levels[0].slices[0].is_unwound);
    ck_assert(!levels[1].slices[0].is_open && levels[1].slices[0].is_unwound);
    ck_assert(!levels[1].slices[1].is_open && !levels[1].slices[1].is_unwound);
    struct out *out = out_open_memory(&text, &bytes);
    chart_data_write(out, &chart);
    ck_assert_int_eq(out_close(out, &err), 0);
    /* 2 levels; 1 slice: 1000 before it, 50 long, function 0, open (1); 2 slices: …, unwound (0); …, one call (2) */
    ck_assert_msg(strstr(text, "\"slices\":\"AgHoBzIAAQLyBwoBAAoUAQI=\"") != NULL, "%s", text);
    free(text);
    chart_release(&chart);
    unlink(path);
    free(path);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("chart");
    TCase *tests = tcase_create("chart");
    tcase_add_test(tests, slices_say_how_calls_ended);
    tcase_add_loop_test(tests, every_call_is_in_one_slice, 0, 3);
    tcase_add_test(tests, long_calls_stand_alone);
    tcase_add_test(tests, functions_get_the_numbers_of_the_profile);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
