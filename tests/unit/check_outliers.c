/*
 * outliers.c: a server whose slow calls are known, and why they are slow.
 */
#include "profile/outliers_profile.h"

#include "profile/replay.h"
#include "suite.h"
#include "trace_writer.h"
#include "view/outliers.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HANDLE = 0xa, PARSE = 0xb, LOCK = 0xc, MAIN = 0xd };

static uint64_t now;

static void call(struct writer_thread *thread, uint64_t fn, uint64_t ticks)
{
    thread_enter(thread, now, fn, fn + 0x1000, false);
    now += ticks;
    thread_exit(thread, now);
}

/* A request: 40 ticks of its own, one or more of parse (60 each), and with `lock` that long in it, below parse. */
static void request(struct writer_thread *thread, unsigned parses, uint64_t lock)
{
    thread_enter(thread, now, HANDLE, 0x99, false);
    now += 40;
    for (unsigned i = 0; i < parses; i++) {
        thread_enter(thread, now, PARSE, 0x98, false);
        now += 60;
        if (lock > 0)
            call(thread, LOCK, lock);
        thread_exit(thread, now);
    }
    if (lock == 9000)
        thread_unwind(thread, now);
    else
        thread_exit(thread, now);
    now += 10;
}

/* 201 requests; the 100th and the 200th wait for a lock, 5000 and 9000, and the 200th is left by a jump. One more is
 * open at the end. */
static char *trace_make(void)
{
    struct writer writer;
    writer_init(&writer);
    writer_session(&writer, 0);
    writer_process(&writer, 1, 10, 0, 1000, 0);
    struct writer_thread *thread = writer_thread_new(&writer, 1, 1, 7, 1000);
    now = 2000;
    thread_enter(thread, now, MAIN, 0x97, false);
    for (unsigned i = 1; i <= 200; i++)
        request(thread, 1, i % 100 != 0 ? 0 : i == 200 ? 9000 : 5000);
    /* This one waits for the tracer, and is as typical as any. */
    struct writer_bytes ticks = {0};
    thread_enter(thread, now, HANDLE, 0x99, false);
    raw_put_varint(&ticks, 7000);
    now += 7020;
    thread_ext(thread, now, 2, &ticks);
    now += 20;
    call(thread, PARSE, 60);
    thread_exit(thread, now);
    raw_free(&ticks);
    thread_enter(thread, now, HANDLE, 0x99, false);
    now += 100000;
    call(thread, PARSE, 60);
    thread_flush(thread);
    writer_end(&writer, 0);
    writer_thread_free(thread);
    char *path = writer_save(&writer);
    writer_free(&writer);
    return path;
}

struct fixture {
    char *path;
    struct trace *trace;
    struct replay replay;
    bool wanted[8];
    uint32_t function; /* number of handle */
};

static void fixture_begin(struct fixture *fixture, uint64_t fn)
{
    const struct replay_filter everything = {.to_ns = UINT64_MAX};
    struct err err = {0};
    *fixture = (struct fixture){.path = trace_make()};
    fixture->trace = trace_open(fixture->path, &err);
    ck_assert_ptr_nonnull(fixture->trace);
    ck_assert_int_eq(replay_init(&fixture->replay, fixture->trace, &everything, &err), 0);
    ck_assert_int_eq(replay_run(&fixture->replay, &err), 0);
    for (uint32_t i = 0; i < fixture->replay.functions.nr; i++) {
        fixture->wanted[i] = fixture->replay.functions.ids[i].at.address == fn;
        fixture->function = fixture->wanted[i] ? i : fixture->function;
    }
}

static void fixture_end(struct fixture *fixture)
{
    replay_release(&fixture->replay);
    trace_close(fixture->trace);
    unlink(fixture->path);
    free(fixture->path);
}

static void side_is(const struct outlier_side *side, uint64_t calls, uint64_t exclusive_ns, uint64_t inclusive_ns)
{
    ck_assert_uint_eq(side->calls, calls);
    ck_assert_uint_eq(side->exclusive_ns, exclusive_ns);
    ck_assert_uint_eq(side->inclusive_ns, inclusive_ns);
}

START_TEST(slow_and_typical_are_told_apart)
{
    struct fixture fixture;
    struct outliers outliers;
    struct err err = {0};
    fixture_begin(&fixture, HANDLE);
    struct outliers_request request = {fixture.wanted, fixture.replay.functions.nr, 3, false};
    ck_assert_int_eq(outliers_find(&outliers, &fixture.replay, &request, &err), 0);
    ck_assert_uint_eq(outliers.nr_calls, 201); /* not the one that never returned */
    ck_assert_uint_eq(outliers.nr_slow, 2);
    ck_assert_uint_eq(outliers.nr_typical, 199);
    ck_assert_uint_le(outliers.slow_ns, 5100);
    ck_assert_uint_gt(outliers.slow_ns, 4800);
    ck_assert_uint_eq(outliers.nr_nodes, 4);
    side_is(&outliers.nodes[1].slow, 2, 80, 14200);
    side_is(&outliers.nodes[1].typical, 199, 199 * 40, 199 * 100);
    side_is(&outliers.nodes[2].slow, 2, 120, 14120);
    side_is(&outliers.nodes[2].typical, 199, 199 * 60, 199 * 60);
    side_is(&outliers.nodes[3].slow, 2, 14000, 14000);
    side_is(&outliers.nodes[3].typical, 0, 0, 0);
    ck_assert_uint_eq(outliers.nodes[3].depth, 3);
    ck_assert_uint_eq(outliers.nr_slowest, 3);
    ck_assert_uint_eq(outliers.slowest[0].duration_ns, 9100);
    ck_assert_uint_eq(outliers.slowest[1].duration_ns, 5100);
    ck_assert_uint_eq(outliers.slowest[2].duration_ns, 100);
    ck_assert(outliers.slowest[0].is_unwound && !outliers.slowest[1].is_unwound);
    ck_assert_uint_eq(outliers.slowest[0].tid, 7);
    ck_assert_uint_eq(outliers.slowest[0].depth, 1);
    ck_assert_uint_eq(outliers.slowest[0].function, fixture.function);
    outliers_release(&outliers);
    fixture_end(&fixture);
}

END_TEST

START_TEST(slowest_by_number)
{
    struct fixture fixture;
    struct outliers outliers;
    struct err err = {0};
    fixture_begin(&fixture, HANDLE);
    struct outliers_request request = {fixture.wanted, fixture.replay.functions.nr, 1, true};
    ck_assert_int_eq(outliers_find(&outliers, &fixture.replay, &request, &err), 0);
    ck_assert_uint_eq(outliers.nr_slow, 1);
    ck_assert_uint_eq(outliers.nr_slowest, 1);
    side_is(&outliers.nodes[3].slow, 1, 9000, 9000);
    outliers_release(&outliers);
    fixture_end(&fixture);
}

END_TEST

START_TEST(where_nothing_stands_out)
{
    static const uint64_t functions[] = {LOCK, MAIN, PARSE};
    struct fixture fixture;
    struct outliers outliers;
    for (size_t i = 0; i < 2; i++) { /* two calls; none that returned */
        struct err err = {0};
        fixture_begin(&fixture, functions[i]);
        struct outliers_request request = {fixture.wanted, fixture.replay.functions.nr, 3, false};
        ck_assert_int_eq(outliers_find(&outliers, &fixture.replay, &request, &err), -1);
        ck_assert_int_eq(err.code, ERR_USAGE);
        fixture_end(&fixture);
    }
}

END_TEST

/* For the picture: the mean call of each kind. */
START_TEST(means_are_profiles)
{
    static const struct profile_function names[] = {{.name = "main", .module = "", .file = ""},
                                                    {.name = "handle", .module = "", .file = ""},
                                                    {.name = "parse", .module = "", .file = ""},
                                                    {.name = "lock", .module = "", .file = ""}};
    struct fixture fixture;
    struct outliers outliers;
    struct err err = {0};
    fixture_begin(&fixture, HANDLE);
    struct outliers_request request = {fixture.wanted, fixture.replay.functions.nr, 2, false};
    ck_assert_int_eq(outliers_find(&outliers, &fixture.replay, &request, &err), 0);
    struct profile *slow = outliers_profile(&outliers, true, names, 4, "trace.zst", &err);
    struct profile *typical = outliers_profile(&outliers, false, names, 4, "trace.zst", &err);
    ck_assert_uint_eq(slow->nr_nodes, 4);
    ck_assert_uint_eq(slow->nodes[0].inclusive_ns, 7100);
    ck_assert_str_eq(slow->functions[0].name, "lock");
    ck_assert_uint_eq(slow->functions[0].exclusive_ns, 7000);
    ck_assert_uint_eq(typical->nr_nodes, 3);
    ck_assert_uint_eq(typical->nodes[0].inclusive_ns, 100);
    profile_free(slow);
    profile_free(typical);
    outliers_release(&outliers);
    fixture_end(&fixture);
}

END_TEST

START_TEST(the_cause_is_shown)
{
    static const struct profile_function names[] = {
        {.name = "?"}, {.name = "handle"}, {.name = "parse"}, {.name = "lock"}};
    struct fixture fixture;
    struct outliers outliers;
    struct err err = {0};
    char *text;
    size_t bytes;
    fixture_begin(&fixture, HANDLE);
    struct outliers_request request = {fixture.wanted, fixture.replay.functions.nr, 2, false};
    ck_assert_int_eq(outliers_find(&outliers, &fixture.replay, &request, &err), 0);
    struct outliers_answer answer = {&outliers, names, "handle", "trace.zst"};
    struct view_options options = {.top = UINT32_MAX};
    struct out *out = out_open_memory(&text, &bytes);
    ck_assert_int_eq(outliers_sheet(&answer, &options, out, &err), 0);
    ck_assert_int_eq(out_close(out, &err), 0);
    ck_assert_str_eq(text, "handle: 201 whole calls, times as recorded, with what tracing cost\n"
                           "  slow:    2 calls of 4.99 us or more, mean 7.10 us\n"
                           "  typical: 199 calls of 100 ns to 101 ns, mean 100 ns\n"
                           "\n"
                           "WHERE THE DIFFERENCE IS: means per call, heaviest difference first\n"
                           "    MORE       OWN     SLOW  TYPICAL  CALLS SLOW  CALLS TYPICAL  FUNCTION\n"
                           "+7.00 us     +0 ns  7.10 us   100 ns         1.0            1.0  handle\n"
                           "+7.00 us     +0 ns  7.06 us    60 ns         1.0            1.0  └ parse\n"
                           "+7.00 us  +7.00 us  7.00 us     0 ns         1.0            0.0    └ lock\n"
                           "\n"
                           "SLOWEST CALLS\n"
                           "CALL       DURATION    BEGIN  PID  TID  FUNCTION\n"
                           "7@27890/1   9.10 us  27.9 us   10    7  handle [unwound]\n"
                           "7@11890/1   5.10 us  11.9 us   10    7  handle\n"
                           "\n"
                           "next:\n"
                           "  tracean calls --call CALL trace.zst\n");
    free(text);
    outliers_release(&outliers);
    fixture_end(&fixture);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("outliers");
    TCase *tests = tcase_create("outliers");
    tcase_add_test(tests, slow_and_typical_are_told_apart);
    tcase_add_test(tests, slowest_by_number);
    tcase_add_test(tests, where_nothing_stands_out);
    tcase_add_test(tests, means_are_profiles);
    tcase_add_test(tests, the_cause_is_shown);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
