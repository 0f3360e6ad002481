/*
 * Every view of one trace, compared with what it looked like when somebody last read it: tests/golden/views/. To take
 * the views as they are now, run this with GOLDEN=update in the environment, and read the difference.
 */
#include "cmd/view_table.h"
#include "profile/calltree.h"
#include "profile/merge.h"
#include "profile/outliers.h"
#include "profile/pair.h"
#include "profile/replay.h"
#include "suite.h"
#include "trace_writer.h"
#include "view/outliers.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- The program: a server with two workers ------------------------------------------------------- */

enum { MAIN = 1, LOAD, VISIT, WORK, HANDLE, PARSE, LEX, LOCK, RESPOND, LONG, NR_NAMES };

static const struct profile_function names[NR_NAMES] = {
    [MAIN] = {.name = "main", .module = "/srv/server", .file = "/src/main.c", .line = 12},
    [LOAD] = {.name = "load_config", .module = "/srv/server", .file = "/src/config.c", .line = 30},
    [VISIT] = {.name = "visit", .module = "/srv/server", .file = "/src/config.c", .line = 7},
    [WORK] = {.name = "worker", .module = "/srv/server", .file = "/src/worker.c", .line = 5},
    [HANDLE] = {.name = "handle_request", .module = "/srv/server", .file = "/src/worker.c", .line = 40},
    [PARSE] = {.name = "parse", .module = "/srv/libparse.so", .file = "/src/parse.c", .line = 118},
    [LEX] = {.name = "lex_token", .module = "/srv/libparse.so", .file = "/src/lex.c", .line = 77},
    [LOCK] = {.name = "lock_wait", .module = "/srv/server", .file = "", .kind = FUNCTION_CODE},
    [RESPOND] = {.name = "respond", .module = "/srv/server", .file = "/src/worker.c", .line = 70},
    [LONG] = {.name = "std::vector<std::pair<int, long>, std::allocator<std::pair<int, long> > >::push_back(int, long)",
              .module = "/srv/server",
              .file = "/src/respond.cpp",
              .line = 9},
};

struct clocked {
    struct writer_thread *thread;
    uint64_t now;
};

static void enter(struct clocked *at, unsigned function, uint64_t own)
{
    thread_enter(at->thread, at->now, function * 0x100, 0x9900 + function, false);
    at->now += own;
}

static void leave(struct clocked *at)
{
    thread_exit(at->thread, at->now);
}

static void visit(struct clocked *at, unsigned depth)
{
    enter(at, VISIT, 500);
    if (depth > 1)
        visit(at, depth - 1);
    leave(at);
}

/* The 60th and the 120th request wait for a lock. */
static void request(struct clocked *at, unsigned number)
{
    enter(at, HANDLE, 2000);
    enter(at, PARSE, 1000);
    for (unsigned i = 0; i < 5 + number % 3; i++) {
        enter(at, LEX, 900 + 40 * (number % 7));
        leave(at);
    }
    leave(at);
    if (number % 60 == 0) {
        enter(at, LOCK, 400000);
        leave(at);
    }
    enter(at, RESPOND, 1500);
    enter(at, LONG, 120);
    leave(at);
    leave(at);
    leave(at);
    at->now += 300;
}

static void thread_write(struct writer *writer, uint32_t serial, unsigned nr_requests)
{
    struct clocked at = {writer_thread_new(writer, serial, 1, 4711 + serial, 1000), 1000 + 10000 * serial};
    if (serial == 1) {
        enter(&at, MAIN, 5000);
        enter(&at, LOAD, 3000);
        visit(&at, 20);
        leave(&at);
    } else {
        enter(&at, WORK, 1000);
        for (unsigned i = 1; i <= nr_requests; i++)
            request(&at, i);
    }
    if (serial != 3) /* one thread is still at work when the trace ends */
        leave(&at);
    thread_flush(at.thread);
    writer_thread_free(at.thread);
}

static char *trace_write(void)
{
    struct writer writer;
    writer_init(&writer);
    writer_session(&writer, 0);
    writer_process(&writer, 1, 4711, 0, 1000, 0);
    thread_write(&writer, 1, 0);
    thread_write(&writer, 2, 130);
    thread_write(&writer, 3, 55);
    writer_end(&writer, 0);
    char *path = writer_save(&writer);
    writer_free(&writer);
    return path;
}

/* ---- Its profile ---------------------------------------------------------------------------------- */

static struct trace *trace;
static struct replay replay;
static struct profile *profile;
static struct profile_function functions[NR_NAMES];
static char *path;

static void threads_describe(void)
{
    profile->threads = arena_array(&profile->arena, trace->nr_threads, sizeof(*profile->threads));
    profile->nr_threads = trace->nr_threads;
    for (uint32_t i = 0; i < trace->nr_threads; i++) {
        const struct replay_thread *thread = &replay.threads[i];
        profile->threads[i] = (struct profile_thread){.pid = 4711,
                                                      .tid = trace->threads[i].tid,
                                                      .name = i == 0 ? "server" : "worker",
                                                      .nr_calls = thread->nr_calls,
                                                      .nr_events = thread->nr_calls + thread->nr_exits,
                                                      .start_ns = clock_ns(&trace->clock, thread->first_ticks),
                                                      .end_ns = clock_ns(&trace->clock, thread->last_ticks)};
        profile->facts.nr_calls += thread->nr_calls;
        profile->facts.nr_events += thread->nr_calls + thread->nr_exits;
        profile->facts.open_frames += thread->open_frames;
        if (profile->threads[i].end_ns > profile->facts.wall_ns)
            profile->facts.wall_ns = profile->threads[i].end_ns;
    }
}

static void profile_make(void)
{
    const struct replay_filter everything = {.to_ns = UINT64_MAX};
    struct err err = {0};
    path = trace_write();
    trace = trace_open(path, &err);
    ck_assert_ptr_nonnull(trace);
    ck_assert_int_eq(replay_init(&replay, trace, &everything, &err), 0);
    ck_assert_int_eq(replay_run(&replay, &err), 0);
    profile = calloc(1, sizeof(*profile));
    arena_init(&profile->arena, 0);
    profile->facts = (struct profile_facts){.source = "trace.zst",
                                            .command = "/srv/server --port 80",
                                            .host = "example",
                                            .realtime_ns = 1764000000000000000,
                                            .nr_traces = 1,
                                            .nr_processes = 1,
                                            .nr_threads = trace->nr_threads,
                                            .trace_bytes = 61300,
                                            .complete = true,
                                            .has_calls = true,
                                            .unit = "ns"};
    threads_describe();
    profile->nr_functions = replay.functions.nr;
    profile->functions = arena_array(&profile->arena, NR_NAMES, sizeof(*profile->functions));
    for (uint32_t i = 0; i < replay.functions.nr; i++) {
        functions[i] = names[replay.functions.ids[i].at.address / 0x100];
        ck_assert_int_eq(replay_durations(&replay, i, &profile->arena, &functions[i].durations), 0);
    }
    memcpy(profile->functions, functions, sizeof(functions));
    ck_assert_int_eq(profile_finish(profile, &replay.tree, &err), 0);
}

static void profile_end(void)
{
    profile_free(profile);
    replay_release(&replay);
    trace_close(trace);
    unlink(path);
    free(path);
}

/* ---- The views ------------------------------------------------------------------------------------ */

static const struct golden {
    const char *file, *verb, *format, *subject;
    unsigned columns; /* of the terminal; 0: a pipe */
    const char *sort, *column_list;
} goldens[] = {
    {"report.txt", "report", "text", NULL, 0, NULL, NULL},
    {"report-80-columns.txt", "report", "text", NULL, 80, NULL, NULL},
    {"report-sorted.txt", "report", "text", NULL, 0, "p99", "p99,calls,module,function"},
    {"report.md", "report", "markdown", NULL, 0, NULL, NULL},
    {"report.html", "report", "html", NULL, 0, NULL, NULL},
    {"report.csv", "report", "csv", NULL, 0, NULL, NULL},
    {"report.json", "report", "json", NULL, 0, NULL, NULL},
    {"tree.txt", "tree", "text", NULL, 0, NULL, NULL},
    {"peek.txt", "peek", "text", "parse", 0, NULL, NULL},
    {"peek-several.txt", "peek", "text", "^[lp]", 80, NULL, NULL},
    {"hist.txt", "hist", "text", "handle_request", 0, NULL, NULL},
    {"threads.txt", "threads", "text", NULL, 0, NULL, NULL},
    {"modules.txt", "modules", "text", NULL, 0, NULL, NULL},
    {"diff.txt", "diff", "text", NULL, 0, NULL, NULL},
    {"outliers.txt", "outliers", "text", "handle_request", 0, NULL, NULL},
};

enum { NR_GOLDENS = (int)(sizeof(goldens) / sizeof(goldens[0])) };

static void outliers_write(const struct golden *golden, const struct view_options *options, struct out *out)
{
    bool wanted[NR_NAMES] = {false};
    struct outliers outliers;
    struct err err = {0};
    for (uint32_t i = 0; i < replay.functions.nr; i++)
        wanted[i] = strcmp(functions[i].name, golden->subject) == 0;
    struct outliers_request request = {wanted, replay.functions.nr, 5, false};
    ck_assert_msg(outliers_find(&outliers, &replay, &request, &err) == 0, "%s", err.text);
    struct outliers_answer answer = {&outliers, functions, golden->subject, "trace.zst"};
    ck_assert_int_eq(outliers_sheet(&answer, options, out, &err), 0);
    outliers_release(&outliers);
}

/* From one run to two. */
static void diff_write(const struct golden *golden, struct view_options *options, struct out *out)
{
    const struct profile *const twice[] = {profile, profile};
    struct err err = {0};
    struct pair pair;
    struct profile *both = profile_merge(twice, 2, &err);
    ck_assert_ptr_nonnull(both);
    ck_assert_int_eq(pair_make(&pair, profile, both, &err), 0);
    options->pair = &pair;
    ck_assert_int_eq(view_find(golden->verb, golden->format)->write(pair.both, options, out, &err), 0);
    pair_release(&pair);
    profile_free(both);
}

static char *view_text(const struct golden *golden)
{
    struct err err = {0};
    char *text;
    size_t bytes;
    struct view_options options = {.subject = golden->subject,
                                   .sort = golden->sort,
                                   .column_list = golden->column_list,
                                   .top = UINT32_MAX,
                                   .columns = golden->columns,
                                   .min_width = -1};
    struct out *out = out_open_memory(&text, &bytes);
    ck_assert_int_eq(view_format_find(golden->format, &options.format), 0);
    if (strcmp(golden->verb, "outliers") == 0)
        outliers_write(golden, &options, out);
    else if (strcmp(golden->verb, "diff") == 0)
        diff_write(golden, &options, out);
    else
        ck_assert_int_eq(view_find(golden->verb, golden->format)->write(profile, &options, out, &err), 0);
    ck_assert_int_eq(out_close(out, &err), 0);
    return text;
}

static char *file_text(const char *name)
{
    FILE *file = fopen(name, "r");
    char *text = NULL;
    size_t capacity = 0;
    ck_assert_msg(file != NULL, "%s: GOLDEN=update makes it", name);
    if (getdelim(&text, &capacity, '\0', file) < 0) {
        free(text);
        text = strdup("");
    }
    fclose(file);
    return text;
}

START_TEST(view_is_as_it_was)
{
    const struct golden *golden = &goldens[_i];
    char name[512];
    snprintf(name, sizeof(name), "%s/tests/golden/views/%s", SOURCE_DIR, golden->file);
    setenv("TZ", "UTC", 1);
    tzset();
    profile_make();
    char *text = view_text(golden);
    if (getenv("GOLDEN") && strcmp(getenv("GOLDEN"), "update") == 0) {
        FILE *file = fopen(name, "w");
        ck_assert_ptr_nonnull(file);
        fputs(text, file);
        ck_assert_int_eq(fclose(file), 0);
    }
    char *expected = file_text(name);
    ck_assert_msg(strcmp(text, expected) == 0, "%s is now:\n%s", golden->file, text);
    free(expected);
    free(text);
    profile_end();
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshots");
    TCase *tests = tcase_create("snapshots");
    tcase_add_loop_test(tests, view_is_as_it_was, 0, NR_GOLDENS);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
