/*
 * Killed at any moment, the program, its drain or both: the trace tells what the program had written down of itself
 * (programs/logged.c), but for the one call that each thread was in.
 *
 * usage: e2e_kills [full]      2,000 moments and each of the first 1,000 calls; without it some of them
 *
 * row: R22
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS_MAX = 64, EVENTS_PER_CALL = 4, MOMENT_US = 20000 };

enum whom { PROGRAM, DRAIN, BOTH, NR_WHOM };

static const char *const whom_names[NR_WHOM] = {"program", "drain", "both"};

/* As in programs/logged.c. */
struct log {
    volatile uint64_t begun, returned;
    volatile uint64_t tid;
    volatile uint64_t drain;
    uint64_t unused[4];
};

struct trial {
    const char *folder;
    struct log *logs;
    pid_t program;
    int nr_threads;
    uint64_t random;
};

static bool is_full;

static uint64_t trial_random(struct trial *trial, uint64_t below)
{
    trial->random = trial->random * 6364136223846793005u + 1442695040888963407u;
    return (trial->random >> 33) % below;
}

static void trial_begin(struct trial *trial, const char *name, uint64_t seed)
{
    memset(trial, 0, sizeof *trial);
    trial->folder = scratch_folder("kills/%s", name);
    trial->random = seed;
    build_program(&toolchains[1], trial->folder, "program", "\"$PROGRAMS\"/logged.c", "");
    run_ok(trial->folder, "truncate -s %zu log && mkdir shm", sizeof *trial->logs * THREADS_MAX);
    char path[4096];
    snprintf(path, sizeof path, "%s/log", trial->folder);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    trial->logs = mmap(NULL, sizeof *trial->logs * THREADS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(trial->logs, MAP_FAILED);
    close(fd);
}

/* Start the program; it kills as it is told, after `kill_at` calls (0: never). */
static void program_start(struct trial *trial, uint64_t kill_at, enum whom whom)
{
    char threads[16], at[32];
    memset(trial->logs, 0, sizeof *trial->logs * THREADS_MAX);
    snprintf(threads, sizeof threads, "%d", trial->nr_threads);
    snprintf(at, sizeof at, "%llu", (unsigned long long)kill_at);
    trial->program = fork();
    ck_assert_int_ge(trial->program, 0);
    if (trial->program != 0)
        return;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (chdir(trial->folder) != 0 || unlink("trace.zst") > 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(127);
    setenv("TRACERT_SHM", "shm", 1);
    setenv("TRACERT_BUFFER", "128K", 1);
    execl("./program", "program", "log", threads, at, whom_names[whom], (char *)NULL);
    _exit(127);
}

static void program_wait(const struct trial *trial)
{
    while (waitpid(trial->program, NULL, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
}

/* Kill at this moment whom there is to kill. */
static void kill_from_outside(struct trial *trial, enum whom whom)
{
    bool drain_first = trial_random(trial, 2) == 0;
    if (whom != PROGRAM && drain_first && trial->logs->drain != 0)
        kill((pid_t)trial->logs->drain, SIGKILL);
    if (whom == DRAIN) /* the program goes on without it, for a while */
        usleep((useconds_t)trial_random(trial, MOMENT_US));
    kill(trial->program, SIGKILL);
    if (whom != PROGRAM && !drain_first && trial->logs->drain != 0)
        kill((pid_t)trial->logs->drain, SIGKILL);
}

static uint64_t number(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* What the report says of one thread lies between what had returned and what had begun. */
static void thread_check(const struct log *log, const json_t *threads)
{
    uint64_t hook_calls = 0;
    for (size_t i = 0; i < json_array_size(threads); i++) {
        if (number(json_array_get(threads, i), "tid") == log->tid)
            hook_calls = number(json_array_get(threads, i), "hook_calls");
    }
    ck_assert_msg(log->begun - log->returned <= 1 && hook_calls >= EVENTS_PER_CALL * log->returned &&
                      hook_calls <= EVENTS_PER_CALL * log->begun,
                  "%llu hook calls; %llu calls have begun, %llu returned", (unsigned long long)hook_calls,
                  (unsigned long long)log->begun, (unsigned long long)log->returned);
}

static void trial_check(const struct trial *trial)
{
    if (trial->logs->tid == 0) { /* killed before it came to anything: a trace need not be there */
        run_ok(trial->folder, "[ ! -e trace.zst ] || flock -w 60 trace.zst true; rm -f shm/*");
        return;
    }
    trace_await(trial->folder, "trace.zst");
    json_t *report = report_load(trial->folder, "trace.zst", REPORT_ANY);
    for (int i = 0; i < trial->nr_threads; i++) {
        if (trial->logs[i].tid != 0)
            thread_check(&trial->logs[i], json_object_get(report, "thread_list"));
    }
    report_check_laws(report);
    json_decref(report);
    run_ok(trial->folder, "zstd -q -t trace.zst");
    struct run run = run_ok(trial->folder, "ls shm"); /* nothing is left behind */
    ck_assert_str_eq(run.out, "");
}

START_TEST(killed_at_any_moment)
{
    struct trial trial;
    int nr = is_full ? 2000 / NR_WHOM + 1 : 12;
    trial_begin(&trial, whom_names[_i], (uint64_t)_i + 1);
    for (int i = 0; i < nr; i++) {
        trial.nr_threads = 1 + (int)trial_random(&trial, 4);
        program_start(&trial, 0, (enum whom)_i);
        if (i % 4 == 0) /* anywhere; else while it works */
            usleep((useconds_t)trial_random(&trial, MOMENT_US));
        for (int wait = 0; i % 4 != 0 && trial.logs->returned == 0 && wait < 5000; wait++)
            usleep(1000);
        usleep((useconds_t)trial_random(&trial, MOMENT_US));
        kill_from_outside(&trial, (enum whom)_i);
        program_wait(&trial);
        trial_check(&trial);
    }
}

END_TEST

START_TEST(killed_at_each_call)
{
    struct trial trial;
    int step = is_full ? 1 : 50;
    char name[32];
    snprintf(name, sizeof name, "calls-%s", whom_names[_i]);
    trial_begin(&trial, name, 0);
    trial.nr_threads = 1;
    for (int at = 1; at <= 1000; at += step) {
        if (is_full && at % NR_WHOM != _i && _i != PROGRAM)
            continue; /* each by the program; the others share them */
        program_start(&trial, (uint64_t)at, (enum whom)_i);
        if (_i == DRAIN) {
            while (trial.logs->returned < (uint64_t)at + 1000)
                usleep(100);
            kill(trial.program, SIGKILL);
        }
        program_wait(&trial);
        trial_check(&trial);
    }
}

END_TEST

int main(int argc, char **argv)
{
    is_full = argc > 1 && strcmp(argv[1], "full") == 0;
    Suite *suite = suite_create("kills");
    TCase *tcase = tcase_create("kills");
    tcase_set_timeout(tcase, is_full ? 3600 : 2 * E2E_TIMEOUT_S);
    tcase_add_loop_test(tcase, killed_at_any_moment, 0, NR_WHOM);
    tcase_add_loop_test(tcase, killed_at_each_call, 0, NR_WHOM);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
