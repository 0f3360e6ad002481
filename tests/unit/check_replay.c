/*
 * replay.c, callstack.c, timeline.c: hand-built traces with known results, and random ones against a simple oracle.
 *
 * row: R52
 */
#include "random.h"
#include "replay_text.h"
#include "trace_writer.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Without modules a function is called by its address: functions of these tests are 0xa, 0xb, … */

static void trace_begin(struct writer *writer)
{
    writer_init(writer);
    writer_session(writer, 0);
    writer_process(writer, 1, 10, 0, 1000, 0);
}

static void enter(struct writer_thread *thread, uint64_t ticks, uint64_t fn)
{
    thread_enter(thread, ticks, fn, fn + 0x1000, false);
}

/* Finish, replay, compare. Lines are in alphabetical order. */
static void trace_expect(struct writer *writer, bool expect_complete, const char *expected)
{
    struct err err = {0};
    bool complete;
    writer_end(writer, 0);
    char *path = writer_save(writer), *text = trace_text(path, &complete, &err);
    ck_assert_msg(text != NULL, "%s", err.text);
    ck_assert_str_eq(text, expected);
    ck_assert_int_eq(complete, expect_complete);
    free(watch_text(path, 0, UINT64_MAX)); /* the other way of replaying agrees */
    unlink(path);
    free(text);
    free(path);
    writer_free(writer);
}

START_TEST(calls_nest_and_add_up)
{
    struct writer writer;
    trace_begin(&writer);
    struct writer_thread *thread = writer_thread_new(&writer, 1, 1, 7, 1000);
    enter(thread, 2000, 0xa);
    for (uint64_t i = 0; i < 3; i++) {
        thread_enter(thread, 2100 + 100 * i, 0xb, 0x99, i == 1);
        thread_exit(thread, 2110 + 101 * i);
        thread_flush(thread); /* a chunk's end changes nothing */
    }
    thread_region(thread, 2400, "phase");
    enter(thread, 2410, 0xb);
    enter(thread, 2420, 0xb);
    thread_exit(thread, 2430);
    thread_exit(thread, 2440);
    thread_exit(thread, 2450);
    thread_exit(thread, 3000);
    thread_flush(thread);
    writer_thread_free(thread);
    trace_expect(&writer, true,
                 "!thread 7 calls 6 exits 6 open 0 unwound 0 inherited 0 orphans 0 lost 0 stalled 0\n"
                 "a 1 1000 1000..1000 inlined 0\n"
                 "a;b 3 33 10..12 inlined 1\n"
                 "a;phase 1 50 50..50 inlined 0\n"
                 "a;phase;b 1 30 30..30 inlined 0\n"
                 "a;phase;b;b 1 10 10..10 inlined 0\n");
}

END_TEST

START_TEST(frames_that_do_not_return)
{
    struct writer writer;
    struct writer_bytes ticks = {0};
    trace_begin(&writer);
    struct writer_thread *thread = writer_thread_new(&writer, 1, 1, 7, 1000);
    enter(thread, 2000, 0xa);
    enter(thread, 2010, 0xb);
    enter(thread, 2020, 0xc);
    thread_unwind(thread, 2030);
    thread_unwind(thread, 2030);
    thread_orphan(thread, 2040, 0xd);
    raw_put_varint(&ticks, 17);
    thread_ext(thread, 2050, 2, &ticks);
    thread_ext(thread, 2060, 2, &ticks);
    enter(thread, 2100, 0xb);
    thread_region(thread, 2150, "r");
    thread_ext(thread, 2200, 2, &ticks);
    thread_flush(thread);
    writer_thread_free(thread);
    raw_free(&ticks);
    trace_expect(&writer, true,
                 "!thread 7 calls 4 exits 0 open 2 unwound 2 inherited 0 orphans 1 lost 0 stalled 51\n"
                 "a 1 200 200..200 inlined 0\n"
                 "a;b 2 120 20..100 inlined 0\n"
                 "a;b;c 1 10 10..10 inlined 0\n"
                 "a;b;r 1 50 50..50 inlined 0\n");
}

END_TEST

START_TEST(forked_children_inherit_frames)
{
    struct writer writer;
    trace_begin(&writer);
    struct writer_thread *parent = writer_thread_new(&writer, 1, 1, 7, 1000);
    enter(parent, 2000, 0xa);
    enter(parent, 2100, 0xb);
    thread_exit(parent, 2500);
    thread_exit(parent, 3000);
    thread_flush(parent);
    writer_process(&writer, 2, 20, 1, 2200, 1);
    struct writer_thread *child = writer_thread_new(&writer, 2, 2, 8, 2200);
    for (int i = 0; i < 2; i++) {
        child->stack[i] = child->frames[i] = parent->known[i];
        child->stack[i].inherited = true;
    }
    child->depth = child->stack_depth = 2;
    enter(child, 2250, 0xc);
    thread_exit(child, 2260);
    thread_exit(child, 2300);
    thread_flush(child);
    enter(child, 2400, 0xc);
    thread_exit(child, 2450);
    thread_flush(child);
    writer_thread_free(parent);
    writer_thread_free(child);
    /* b: 400 in the parent, 100 in the child; a: 1000 in the parent, 250 in the child, where it stays open. */
    trace_expect(&writer, true,
                 "!thread 7 calls 2 exits 2 open 0 unwound 0 inherited 0 orphans 0 lost 0 stalled 0\n"
                 "!thread 8 calls 2 exits 2 open 0 unwound 0 inherited 1 orphans 0 lost 0 stalled 0\n"
                 "a 1 1250 1000..1000 inlined 0\n"
                 "a;b 1 500 400..400 inlined 0\n"
                 "a;b;c 1 10 10..10 inlined 0\n"
                 "a;c 1 50 50..50 inlined 0\n");
}

END_TEST

/* The second chunk of three is not there: its block is thrown away, or its payload is damaged. */
START_TEST(gaps_are_bridged_by_the_next_stack)
{
    struct writer writer;
    trace_begin(&writer);
    struct writer_thread *thread = writer_thread_new(&writer, 1, 1, 7, 1000);
    enter(thread, 2000, 0xa);
    enter(thread, 2100, 0xb);
    enter(thread, 2200, 0xc);
    thread_flush(thread);
    size_t before = writer.file.nr;
    thread_exit(thread, 2300); /* c ends */
    thread_exit(thread, 2400); /* b ends */
    enter(thread, 2500, 0xb);  /* another b */
    enter(thread, 2600, 0xd);
    thread_flush(thread);
    if (_i == 0)
        writer.file.nr = before;
    else
        writer.file.bytes[writer.file.nr - 1] ^= 1; /* zstd's checksum */
    thread_exit(thread, 2700);
    thread_exit(thread, 2800);
    thread_exit(thread, 3000);
    thread_flush(thread);
    writer_thread_free(thread);
    /* c and the first b are closed as unwound at 2200, when the thread was last seen; the second b and d count from
     * their true beginnings. Of 4 lost events 2 are known again from the stack. */
    trace_expect(&writer, false,
                 "!thread 7 calls 5 exits 3 open 0 unwound 2 inherited 0 orphans 0 lost 4 stalled 0\n"
                 "a 1 1000 1000..1000 inlined 0\n"
                 "a;b 2 400 100..300 inlined 0\n"
                 "a;b;c 1 0 0..0 inlined 0\n"
                 "a;b;d 1 100 100..100 inlined 0\n");
}

END_TEST

START_TEST(the_last_chunk_lost_is_counted_by_the_end)
{
    struct writer writer;
    struct err err = {0};
    bool complete;
    trace_begin(&writer);
    struct writer_thread *thread = writer_thread_new(&writer, 1, 1, 7, 1000);
    enter(thread, 2000, 0xa);
    thread_flush(thread);
    thread_exit(thread, 2300);
    thread_flush(thread);
    writer.file.bytes[writer.file.nr - 1] ^= 1;
    writer_end(&writer, 0);
    char *path = writer_save(&writer), *text = trace_text(path, &complete, &err);
    ck_assert(!complete);
    ck_assert_str_eq(text, "!thread 7 calls 1 exits 0 open 1 unwound 0 inherited 0 orphans 0 lost 1 stalled 0\n"
                           "a 1 0 0..0 inlined 0\n");
    unlink(path);
    free(path);
    free(text);
    writer_thread_free(thread);
    writer_free(&writer);
}

END_TEST

/* Only the innermost frames are listed, and a chunk is lost: the outer ones have no name, and do no harm. */
START_TEST(frames_below_the_list_are_unknown)
{
    struct writer writer;
    trace_begin(&writer);
    struct writer_thread *thread = writer_thread_new(&writer, 1, 1, 7, 1000);
    size_t before = writer.file.nr;
    thread->list_max = 1;
    enter(thread, 2000, 0xa);
    enter(thread, 2100, 0xb);
    enter(thread, 2200, 0xc);
    thread_flush(thread);
    writer.file.nr = before;
    thread_exit(thread, 2300);
    thread_exit(thread, 2400);
    thread_unwind(thread, 2500);
    enter(thread, 2600, 0xd);
    thread_exit(thread, 2700);
    thread_flush(thread);
    writer_thread_free(thread);
    trace_expect(&writer, false,
                 "!thread 7 calls 2 exits 2 open 0 unwound 0 inherited 0 orphans 1 lost 3 stalled 0\n"
                 "c 1 100 100..100 inlined 0\n"
                 "d 1 100 100..100 inlined 0\n");
}

END_TEST

START_TEST(an_address_means_what_is_loaded_then)
{
    struct writer writer;
    trace_begin(&writer);
    writer_module(&writer, 1, 0x50000, 1000, "one", 0, 0x1000);
    struct writer_thread *thread = writer_thread_new(&writer, 1, 1, 7, 1000);
    for (uint64_t t = 2000; t < 6000; t += 1000) {
        enter(thread, t, 0x50010);
        thread_exit(thread, t + 100);
    }
    /* All in one chunk, and the same entry of its dictionary. */
    writer_module_unload(&writer, 1, 0x50000, 3500);
    writer_module(&writer, 1, 0x50000, 3600, "two", 0, 0x1000);
    thread_flush(thread);
    writer_thread_free(thread);
    trace_expect(&writer, true,
                 "!thread 7 calls 4 exits 4 open 0 unwound 0 inherited 0 orphans 0 lost 0 stalled 0\n"
                 "one+10 2 200 100..100 inlined 0\n"
                 "two+10 2 200 100..100 inlined 0\n");
}

END_TEST

/* ---- Windows of time, and the order of calls ------------------------------------------------------ */

/* The trace begins at 1000 (the first anchor), so times are 1000 less than ticks. */
static const struct {
    uint64_t from_ns, to_ns;
    const char *calls;
} windows[] = {
    {0, UINT64_MAX, "+a@2000 +b@2100 +c@2150 -b@2300 +b@2400 *10@2450 -b@2500 -a@3000 +d@4000 -d@4100u -c@5000 "},
    {1350, 1450, "+c@2350e +a@2350e +b@2400 *10@2450 -b@2450o -a@2450oe -c@2450oe "},
    {2050, 2080, "+c@3050e -c@3080oe "},
    {3050, 3060, "+d@4050e +c@4050e -d@4060oe -c@4060oe "},
    {3900, 9000, "+c@4900e -c@5000e "},
    {4000, 9000, "+c@5000e -c@5000e "},
    {4500, 9000, ""},
    {8000, 9000, ""},
    {0, 500, ""},
    {0, 1000, "+a@2000 -a@2000o "},
};

static struct writer_thread *window_thread(struct writer *writer, uint32_t serial)
{
    return writer_thread_new(writer, serial, 1, 6 + serial, 1000);
}

static void window_trace(struct writer *writer, unsigned flush)
{
    struct writer_bytes mark = {0};
    trace_begin(writer);
    struct writer_thread *one = window_thread(writer, 1), *two = window_thread(writer, 2);
    raw_put(&mark, "here", 4);
    enter(two, 2150, 0xc);
    enter(one, 2000, 0xa);
    enter(one, 2100, 0xb);
    if (flush & 1)
        thread_flush(one);
    thread_exit(one, 2300);
    if (flush & 2)
        thread_flush(one);
    enter(one, 2400, 0xb);
    thread_ext(one, 2450, 10, &mark);
    thread_exit(one, 2500);
    thread_exit(one, 3000);
    if (flush & 4)
        thread_flush(one);
    if (flush & 1)
        thread_flush(two);
    enter(one, 4000, 0xd);
    thread_unwind(one, 4100);
    thread_exit(two, 5000);
    thread_flush(one);
    thread_flush(two);
    writer_end(writer, 0);
    writer_thread_free(one);
    writer_thread_free(two);
    raw_free(&mark);
}

static int word_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The words of a text in alphabetical order: where windows begin, threads come in any order. */
static char *words_sort(const char *text)
{
    char *words[64], *copy = strdup(text), *rest = NULL, *sorted = calloc(1, strlen(text) + 2);
    size_t nr = 0;
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        words[nr++] = word;
    qsort(words, nr, sizeof(char *), word_compare);
    for (size_t i = 0; i < nr; i++) {
        strcat(sorted, words[i]);
        strcat(sorted, " ");
    }
    free(copy);
    return sorted;
}

START_TEST(windows_clip_calls)
{
    for (unsigned flush = 0; flush < 8; flush++) {
        struct writer writer;
        window_trace(&writer, flush);
        char *path = writer_save(&writer), *text = watch_text(path, windows[_i].from_ns, windows[_i].to_ns);
        if (windows[_i].from_ns == 0)
            ck_assert_str_eq(text, windows[_i].calls);
        char *words = words_sort(text), *expected = words_sort(windows[_i].calls);
        ck_assert_msg(strcmp(words, expected) == 0, "%s\nflush %u: %s", expected, flush, words);
        free(words);
        free(expected);
        unlink(path);
        free(path);
        free(text);
        writer_free(&writer);
    }
}

END_TEST

/* ---- Random traces against an oracle -------------------------------------------------------------- */

struct oracle_frame {
    uint64_t ticks;
    char path[128];
};

struct oracle {
    char paths[4000][128];
    uint64_t calls[4000], inclusive[4000];
    uint32_t nr;
};

static uint32_t oracle_path(struct oracle *oracle, const char *path)
{
    uint32_t i = 0;
    while (i < oracle->nr && strcmp(oracle->paths[i], path) != 0)
        i++;
    if (i == oracle->nr)
        strcpy(oracle->paths[oracle->nr++], path);
    return i;
}

/* One thread of random calls; what must come out goes into the oracle. */
static void oracle_thread(struct writer *writer, uint32_t serial, uint64_t *state, struct oracle *oracle)
{
    struct writer_thread *thread = writer_thread_new(writer, serial, 1, 100 + serial, 1000);
    struct oracle_frame frames[32];
    uint32_t depth = 0;
    uint64_t ticks = 1000;
    thread->tick_unit = (uint32_t)(random_next(state) % 20 + 1);
    for (uint32_t i = 0; i < 2000 || depth > 0; i++) {
        /* Most calls are as short as the clock can tell: those are counted in another way than the rest. */
        ticks += random_next(state) % 16 == 0 ? random_next(state) % 100000
                                              : random_next(state) % (i % 64 < 40 ? 5 : 50) * thread->tick_unit;
        bool push = i < 2000 && depth < 6 && (depth == 0 || random_next(state) % 2 == 0);
        if (push) {
            uint64_t fn = 0xa + random_next(state) % 4;
            snprintf(frames[depth].path, sizeof(frames[depth].path), "%.100s%s%llx",
                     depth > 0 ? frames[depth - 1].path : "", depth > 0 ? ";" : "", (unsigned long long)fn);
            frames[depth].ticks = ticks;
            oracle->calls[oracle_path(oracle, frames[depth++].path)]++;
            if (fn == 0xd)
                thread_region(thread, ticks, "d");
            else
                thread_enter(thread, ticks, fn, fn, random_next(state) % 2 == 0);
        } else {
            depth--;
            oracle->inclusive[oracle_path(oracle, frames[depth].path)] += ticks - frames[depth].ticks;
            if (random_next(state) % 8 == 0)
                thread_unwind(thread, ticks);
            else
                thread_exit(thread, ticks);
        }
        if (random_next(state) % 100 == 0) {
            thread_flush(thread);
            thread->flags = random_next(state) % 2 == 0 ? TF_CHUNK_FENCED : 0;
            thread->tick_unit =
                random_next(state) % 4 == 0 ? (uint32_t)(random_next(state) % 20 + 1) : thread->tick_unit;
        }
    }
    thread_flush(thread);
    writer_thread_free(thread);
}

START_TEST(random_traces_agree_with_the_oracle)
{
    struct writer writer;
    struct oracle *oracle = calloc(1, sizeof(*oracle));
    struct err err = {0};
    bool complete;
    uint64_t state = 0x2545F4914F6CDD1Du * (uint64_t)(_i + 1);
    trace_begin(&writer);
    for (uint32_t serial = 1; serial <= 3; serial++)
        oracle_thread(&writer, serial, &state, oracle);
    writer_end(&writer, 0);
    char *path = writer_save(&writer), *text = trace_text(path, &complete, &err);
    ck_assert(complete);
    for (uint32_t i = 0; i < oracle->nr; i++) {
        char line[256];
        snprintf(line, sizeof(line), "\n%s %llu %llu ", oracle->paths[i], (unsigned long long)oracle->calls[i],
                 (unsigned long long)oracle->inclusive[i]);
        ck_assert_msg(strstr(text, line) != NULL, "%s", line);
    }
    size_t nr_lines = 0;
    for (const char *p = text; *p != '\0'; p++)
        nr_lines += *p == '\n';
    ck_assert_uint_eq(nr_lines, oracle->nr + 3);
    free(watch_text(path, 0, UINT64_MAX));
    for (uint64_t at = 0; at < 400000; at += 77777)
        free(watch_text(path, at, at + 50000));
    unlink(path);
    free(path);
    free(text);
    free(oracle);
    writer_free(&writer);
}

END_TEST

/* ---- Hostile traces ------------------------------------------------------------------------------- */

/* A chunk whose numbers make no sense next to those before it. */
START_TEST(contradictions_are_said)
{
    struct writer writer;
    struct err err = {0};
    bool complete;
    trace_begin(&writer);
    struct writer_thread *thread = writer_thread_new(&writer, 1, 1, 7, 1000);
    enter(thread, 2000, 0xa);
    thread_flush(thread);
    thread_exit(thread, 3000);
    switch (_i) {
    case 0:
        thread->number = 0;
        break;
    case 1:
        thread->stack_depth = 0;
        thread->nr_symbols = 0;
        raw_free(&thread->symbols);
        raw_free(&thread->deltas);
        raw_free(&thread->wide);
        break;
    case 2:
        thread->base_ticks = 1999;
        break;
    case 3:
        thread->stack[0].ticks = 1;
        break;
    case 4:
        thread->recorded = 100;
        break;
    default:
        thread->hook_calls++;
        break;
    }
    thread_flush(thread);
    writer_end(&writer, 0);
    char *path = writer_save(&writer), *text = trace_text(path, &complete, &err);
    ck_assert_ptr_nonnull(text);
    /* A stack that lies about when a frame began is followed where it can be: only verify sees it. */
    ck_assert(!complete);
    unlink(path);
    free(path);
    free(text);
    writer_thread_free(thread);
    writer_free(&writer);
}

END_TEST

/* Payloads with mistakes in intact blocks: no crash, and the law of events holds whatever comes out. */
START_TEST(mistakes_in_payloads_never_hurt)
{
    for (uint64_t round = 0; round < 60; round++) {
        struct writer writer;
        struct oracle *oracle = calloc(1, sizeof(*oracle));
        struct err err = {0};
        bool complete;
        uint64_t state = 0x2545F4914F6CDD1Du * (100 * (uint64_t)_i + round + 1);
        trace_begin(&writer);
        writer.mutations = state;
        writer_module(&writer, 1, 0, 1000, "app", 0, 0x100);
        writer_process(&writer, 2, 20, 1, 1500, 1);
        writer_module_unload(&writer, 2, 0, 1600);
        for (uint32_t serial = 1; serial <= 3; serial++)
            oracle_thread(&writer, serial, &state, oracle);
        writer_end(&writer, 0);
        char *path = writer_save(&writer), *text = trace_text(path, &complete, &err);
        ck_assert(text != NULL || err.code == ERR_INPUT);
        if (text != NULL) {
            free(watch_text(path, 0, UINT64_MAX));
            free(watch_text(path, 20000, 300000));
        }
        unlink(path);
        free(path);
        free(text);
        free(oracle);
        writer_free(&writer);
    }
}

END_TEST

START_TEST(impossible_times_are_refused)
{
    struct writer writer;
    struct err err = {0};
    trace_begin(&writer);
    struct writer_thread *thread = writer_thread_new(&writer, 1, 1, 7, 1000);
    enter(thread, 1000, 0xa);
    thread_exit(thread, UINT64_MAX - 10);
    thread_flush(thread);
    writer_end(&writer, 0);
    char *path = writer_save(&writer);
    ck_assert_ptr_null(trace_open(path, &err));
    ck_assert_msg(strstr(err.text, "impossible") != NULL, "%s", err.text);
    unlink(path);
    free(path);
    writer_thread_free(thread);
    writer_free(&writer);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("replay");
    TCase *tcase = tcase_create("replay");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, calls_nest_and_add_up);
    tcase_add_test(tcase, frames_that_do_not_return);
    tcase_add_test(tcase, forked_children_inherit_frames);
    tcase_add_loop_test(tcase, gaps_are_bridged_by_the_next_stack, 0, 2);
    tcase_add_test(tcase, the_last_chunk_lost_is_counted_by_the_end);
    tcase_add_test(tcase, frames_below_the_list_are_unknown);
    tcase_add_test(tcase, an_address_means_what_is_loaded_then);
    tcase_add_loop_test(tcase, windows_clip_calls, 0, (int)(sizeof(windows) / sizeof(windows[0])));
    tcase_add_loop_test(tcase, random_traces_agree_with_the_oracle, 0, 10);
    tcase_add_loop_test(tcase, contradictions_are_said, 0, 6);
    tcase_add_loop_test(tcase, mistakes_in_payloads_never_hurt, 0, 5);
    tcase_add_test(tcase, impossible_times_are_refused);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
