/* answers.c and child.c: a child that crashes, hangs or lies costs the names of one module and nothing else. */
#include "symbols/answers.h"

#include "symbols_fixture.h"
#include "suite.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEND(kind, index, number, text) child_send(sender, kind, index, number, text, strlen(text))

/* Two modules with two queries each; `evil` is what the child does with the first, the second it answers well. */
static void work_answer(struct child_sender *sender, const struct answers_job *job,
                        void (*evil)(struct child_sender *sender))
{
    if (job->first_range == 0) {
        evil(sender);
        child_flush(sender);
    }
    SEND(ANSWERS_LINKAGE, 2, 0, "good");
    SEND(ANSWERS_FILE, 2, 7, "good.c");
    SEND(ANSWERS_FILE, 3, 8, "good.c");
    SEND(ANSWERS_DONE, 1, STATUS_READ, "");
}

static void evil_crash(struct child_sender *sender)
{
    child_flush(sender);
    (void)raise(SIGKILL);
}

static void evil_crash_late(struct child_sender *sender)
{
    SEND(ANSWERS_LINKAGE, 0, 0, "kept");
    evil_crash(sender);
}

static void evil_hang(struct child_sender *sender)
{
    (void)sender;
    for (;;)
        (void)pause();
}

static void evil_leave(struct child_sender *sender)
{
    (void)sender;
    _exit(0);
}

static void evil_half_message(struct child_sender *sender)
{
    SEND(ANSWERS_LINKAGE, 0, 0, "a text that is cut");
    sender->used_bytes -= 5;
    evil_crash(sender);
}

static void evil_length(struct child_sender *sender)
{
    struct child_message message = {.kind = ANSWERS_LINKAGE, .bytes = CHILD_TEXT_MAX + 1};
    memcpy(sender->buffer, &message, sizeof(message));
    sender->used_bytes = sizeof(message);
}

static void evil_noise(struct child_sender *sender)
{
    memset(sender->buffer, 0xff, sizeof(sender->buffer));
    sender->used_bytes = sizeof(sender->buffer);
}

static void evil_index(struct child_sender *sender)
{
    SEND(ANSWERS_LINKAGE, UINT64_MAX, 0, "x");
}

static void evil_other_module(struct child_sender *sender)
{
    SEND(ANSWERS_LINKAGE, 2, 0, "x");
}

static void evil_twice(struct child_sender *sender)
{
    SEND(ANSWERS_NAME, 1, 0, "x");
    SEND(ANSWERS_NAME, 1, 0, "x");
}

static void evil_nul(struct child_sender *sender)
{
    child_send(sender, ANSWERS_LINKAGE, 0, 0, "a\0b", 3);
}

static void evil_empty(struct child_sender *sender)
{
    SEND(ANSWERS_LINKAGE, 0, 0, "");
}

static void evil_kind(struct child_sender *sender)
{
    SEND(ANSWERS_DONE + 1, 0, 0, "x");
}

static void evil_done_other(struct child_sender *sender)
{
    SEND(ANSWERS_DONE, 1, STATUS_READ, "");
}

static void evil_status(struct child_sender *sender)
{
    SEND(ANSWERS_DONE, 0, NR_STATUSES, "");
}

/* One function a case, because the worker is a plain function that the child calls. */
#define WORK(name)                                                        \
    static void work_##name(struct child_sender *sender, const void *job) \
    {                                                                     \
        work_answer(sender, job, evil_##name);                            \
    }
WORK(crash)
WORK(crash_late)
WORK(hang)
WORK(leave)
WORK(half_message)
WORK(length)
WORK(noise)
WORK(index)
WORK(other_module)
WORK(twice)
WORK(nul)
WORK(empty)
WORK(kind)
WORK(done_other)
WORK(status)

#define CRASHED "symbols of first are missing: the reader crashed"
#define INVALID "symbols of first are missing: the reader gave invalid answers"

static const struct {
    void (*work)(struct child_sender *sender, const void *job);
    const char *notice;
} cases[] = {
    {work_crash, CRASHED},
    {work_crash_late, "symbols of first are incomplete: the reader crashed"},
    {work_hang, "symbols of first are missing: the reader took too long"},
    {work_leave, CRASHED},
    {work_half_message, CRASHED},
    {work_length, INVALID},
    {work_noise, INVALID},
    {work_index, INVALID},
    {work_other_module, INVALID},
    {work_twice, "symbols of first are incomplete: the reader gave invalid answers"},
    {work_nul, INVALID},
    {work_empty, INVALID},
    {work_kind, INVALID},
    {work_done_other, INVALID},
    {work_status, INVALID},
};

static const struct symbol_module modules[] = {{.path = "first"}, {.path = "second"}};
static const struct answers_query queries[] = {{0, 10, 3}, {0, 11, 2}, {1, 10, 1}, {1, 20, 0}};
static const struct answers_range ranges[] = {{0, 0, 2}, {1, 2, 2}};
static const struct answers_job job = {
    .modules = modules, .queries = queries, .ranges = ranges, .nr_queries = 4, .nr_ranges = 2};
static const struct answers_limits limits = {
    .child = {.memory_bytes = 64u << 20, .cpu_s = 10}, .module_ns = 2000000000, .total_ns = 10000000000};

static int collect(struct fixture *fixture, struct symbol *answers, const struct answers_limits *own_limits,
                   void (*work)(struct child_sender *sender, const void *job))
{
    struct err err = {0};
    struct answers_sink sink = {
        .answers = answers, .arena = &fixture->arena, .notice = fixture_notice, .context = fixture};
    return answers_collect(&job, own_limits, work, &sink, &err);
}

START_TEST(bad_child_costs_one_module)
{
    struct fixture fixture;
    struct symbol answers[4] = {{0}};
    fixture_open(&fixture);
    ck_assert_int_eq(collect(&fixture, answers, &limits, cases[_i].work), 0);
    ck_assert_uint_eq(fixture.nr_notices, 1);
    ck_assert_str_eq(fixture.notices[0], cases[_i].notice);
    ck_assert_str_eq(answers[1].linkage, "good");
    ck_assert_str_eq(answers[1].file, "good.c");
    ck_assert_uint_eq(answers[1].line, 7);
    ck_assert_ptr_null(answers[0].linkage);
    ck_assert_ptr_eq(answers[0].file, answers[1].file);
    ck_assert_uint_eq(answers[0].line, 8);
    if (cases[_i].work == work_crash_late)
        ck_assert_str_eq(answers[3].linkage, "kept");
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
    fixture_close(&fixture);
}

END_TEST

static void work_flood(struct child_sender *sender, const void *context)
{
    static char text[CHILD_TEXT_MAX];
    (void)context;
    memset(text, 'x', sizeof(text));
    for (;;)
        for (uint64_t kind = ANSWERS_LINKAGE; kind <= ANSWERS_FILE; kind++)
            child_send(sender, (uint32_t)kind, 0, 0, text, sizeof(text));
}

START_TEST(flood_is_stopped)
{
    struct fixture fixture;
    struct symbol answers[4] = {{0}};
    fixture_open(&fixture);
    ck_assert_int_eq(collect(&fixture, answers, &limits, work_flood), 0);
    ck_assert_uint_eq(fixture.nr_notices, 2);
    ck_assert_uint_eq(strlen(answers[3].linkage), CHILD_TEXT_MAX);
    fixture_close(&fixture);
}

END_TEST

/* When the time is up, the modules that are left are given up quickly. */
START_TEST(total_time_is_bounded)
{
    struct fixture fixture;
    struct symbol answers[4] = {{0}};
    struct answers_limits short_limits = limits;
    short_limits.total_ns = 300000000;
    fixture_open(&fixture);
    uint64_t start_ns = child_clock_ns();
    ck_assert_int_eq(collect(&fixture, answers, &short_limits, work_hang), 0);
    ck_assert_uint_lt(child_clock_ns() - start_ns, 5000000000u);
    ck_assert_uint_eq(fixture.nr_notices, 2);
    fixture_close(&fixture);
}

END_TEST

START_TEST(no_memory_is_an_error)
{
    struct fixture fixture;
    struct symbol answers[4] = {{0}};
    struct err err = {0};
    fixture_open(&fixture);
    struct arena small;
    arena_init(&small, 1);
    struct answers_sink sink = {.answers = answers, .arena = &small, .notice = fixture_notice, .context = &fixture};
    ck_assert_int_eq(answers_collect(&job, &limits, work_crash_late, &sink, &err), -1);
    ck_assert_int_eq(err.code, ERR_INPUT);
    arena_release(&small);
    fixture_close(&fixture);
}

END_TEST

/* ---- Confinement ----------------------------------------------------------------------------------- */

static const char *confinement_flaw(void)
{
    struct rlimit limit;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return "it can gain privileges";
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return "it can be dumped";
    if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_max != 0)
        return "it can dump core";
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_max != 0)
        return "it can write files";
    if (getrlimit(RLIMIT_CPU, &limit) != 0 || limit.rlim_max > limits.child.cpu_s)
        return "it can compute for ever";
    for (int fd = 0; fd < 3; fd++)
        if (isatty(fd) || fcntl(fd, F_GETFD) < 0 || lseek(fd, 1, SEEK_SET) != 0)
            return "a standard descriptor is not /dev/null";
    for (int fd = 4; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            return "it has a descriptor of its parent's";
    if (signal(SIGTERM, SIG_DFL) != SIG_DFL)
        return "it has a signal handler of its parent's";
    return "confined";
}

static void work_confinement(struct child_sender *sender, const void *context)
{
    (void)context;
    SEND(ANSWERS_LINKAGE, 0, 0, confinement_flaw());
    SEND(ANSWERS_DONE, 0, STATUS_READ, "");
    SEND(ANSWERS_DONE, 1, STATUS_READ, "");
}

START_TEST(child_is_confined)
{
    struct fixture fixture;
    struct symbol answers[4] = {{0}};
    fixture_open(&fixture);
    ck_assert_int_ge(open("/dev/zero", O_RDONLY), 0);
    ck_assert_int_ge(dup2(1, 500), 0);
    (void)signal(SIGTERM, SIG_IGN);
    ck_assert_int_eq(collect(&fixture, answers, &limits, work_confinement), 0);
    ck_assert_str_eq(answers[3].linkage, "confined");
    fixture_close(&fixture);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("answers");
    TCase *tcase = tcase_create("child");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, bad_child_costs_one_module, 0, (int)(sizeof(cases) / sizeof(cases[0])));
    tcase_add_test(tcase, flood_is_stopped);
    tcase_add_test(tcase, total_time_is_bounded);
    tcase_add_test(tcase, no_memory_is_an_error);
    tcase_add_test(tcase, child_is_confined);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
