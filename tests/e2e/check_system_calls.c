/*
 * Every system call of the runtime and of its drain fails: the first time, the second …, once and for good, with what
 * it may fail with. The program never notices; the trace tells all, or that something is missing.
 *
 * usage: e2e_system_calls [full]      all of it; without it each call once
 *
 * row: R24 R25 R37
 */
#include "expect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ERRORS_MAX = 5, NTH_MAX = 12, SHORT = 0, HANGS = 124 };

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/*
 * What each may fail with. Not listed is what cannot fail, and what would be a lie about another process: that it is
 * gone (ESRCH).
 */
static const struct fault {
    const char *name;
    long number;
    int nr_errors;
    int errors[ERRORS_MAX];
} faults[] = {
    {"openat", SYS_openat, 5, {EMFILE, EACCES, ENOENT, ENOSPC, EOPNOTSUPP}},
    {"close", SYS_close, 2, {EIO, EINTR}},
    {"read", SYS_read, 2, {EIO, EINTR}},
    {"write", SYS_write, 3, {EAGAIN, EPIPE, EINTR}},
    {"pwrite64", SYS_pwrite64, 5, {ENOSPC, EIO, EINTR, SHORT, EFBIG}},
    {"pread64", SYS_pread64, 2, {EIO, EINTR}},
    {"ftruncate", SYS_ftruncate, 3, {ENOSPC, EIO, EINTR}},
    {"fallocate", SYS_fallocate, 3, {ENOSPC, EOPNOTSUPP, EINTR}},
    {"flock", SYS_flock, 3, {EWOULDBLOCK, ENOLCK, EINTR}},
    {"newfstatat", SYS_newfstatat, 2, {EACCES, ENOENT}},
    {"linkat", SYS_linkat, 3, {EPERM, EACCES, ENOENT}},
    {"renameat2", SYS_renameat2, 2, {EINVAL, EPERM}},
    {"unlinkat", SYS_unlinkat, 2, {EACCES, EROFS}},
    {"readlinkat", SYS_readlinkat, 2, {EACCES, ENOENT}},
    {"getcwd", SYS_getcwd, 1, {ENOENT}},
    {"mmap", SYS_mmap, 2, {ENOMEM, EPERM}},
    {"munmap", SYS_munmap, 1, {ENOMEM}},
    {"mremap", SYS_mremap, 1, {ENOMEM}},
    {"madvise", SYS_madvise, 4, {ENOMEM, EINVAL, EFAULT, EPERM}},
    {"tgkill", SYS_tgkill, 1, {EPERM}},
    {"futex", SYS_futex, 3, {EINTR, EAGAIN, EPERM}},
    {"rt_sigprocmask", SYS_rt_sigprocmask, 1, {EPERM}},
    {"getrandom", SYS_getrandom, 2, {EAGAIN, ENOSYS}},
    {"sched_yield", SYS_sched_yield, 1, {EPERM}},
    {"pidfd_open", SYS_pidfd_open, 3, {ENOSYS, EMFILE, EPERM}},
    {"close_range", SYS_close_range, 1, {ENOSYS}},
    {"ppoll", SYS_ppoll, 2, {EINTR, ENOMEM}},
    {"clone", SYS_clone, 2, {EAGAIN, ENOMEM}},
    {"set_robust_list", SYS_set_robust_list, 1, {ENOSYS}},
    {"prlimit64", SYS_prlimit64, 1, {EPERM}},
    {"setsid", SYS_setsid, 1, {EPERM}},
    {"prctl", SYS_prctl, 1, {EINVAL}},
    {"fcntl", SYS_fcntl, 2, {EMFILE, EINVAL}},
    {"wait4", SYS_wait4, 1, {ECHILD}},
};

enum { NR_FAULTS = (int)(sizeof faults / sizeof *faults) };

/* The program is run with each; the quick selection: with the first. */
static const char *const settings[] = {"TRACERT_BUFFER=128K", "TRACERT_FULL=drop TRACERT_BUFFER=128K",
                                       "TRACERT_SHM=. TRACERT_BUFFER=256K"};

enum { NR_SETTINGS = (int)(sizeof settings / sizeof *settings) };

static bool is_full;

/* One run under a plan. */
struct trial {
    const char *folder;
    struct expectations expectations;
    struct run plain;
    const char *settings;
    uint64_t *nr_done;
    unsigned nr_runs, nr_incomplete, nr_untraced;
};

static void trial_begin(struct trial *trial, const struct fault *fault)
{
    memset(trial, 0, sizeof *trial);
    trial->folder = scratch_folder("system_calls/%s", fault->name);
    expectations_read(&trial->expectations, E2E_SOURCE "/tests/programs/faulted.c");
    run_ok(trial->folder, "\"$GCC\" -O2 -g -finstrument-functions \"$PROGRAMS\"/faulted.c -pthread -o program && "
                          "truncate -s 4096 log");
    trial->plain = run_shell(trial->folder, "./program");
    ck_assert_int_eq(trial->plain.status, trial->expectations.status);
    char path[4096];
    snprintf(path, sizeof path, "%s/log", trial->folder);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    trial->nr_done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(trial->nr_done, MAP_FAILED);
    close(fd);
}

static uint64_t lost_of(const json_t *report)
{
    return report_fact(report, "dropped_events");
}

/* What is said is true, and what is missing is said to be. */
static void trace_check(struct trial *trial, const char *plan)
{
    struct run run = run_shell(trial->folder, "timeout 20 \"$TRACEAN\" report --format json trace.zst");
    if (run.status == 2) { /* the file was made, and nothing could be written */
        run_ok(trial->folder, "[ $(stat -c %%s trace.zst) -lt 1000 ]");
        trial->nr_incomplete++;
        return;
    }
    ck_assert_msg(run.status == 0 || run.status == 3, "%s: report: exit %d %s", plan, run.status, run.err);
    json_t *report = json_loads(run.out, 0, NULL);
    ck_assert_ptr_nonnull(report);
    report_check_laws(report);
    if (run.status == 0) {
        expectations_check(&trial->expectations, report, NULL, false);
    } else {
        trial->nr_incomplete++;
        ck_assert_msg(run.err[0] != '\0', "%s: incomplete, and nobody says why", plan);
        ck_assert_uint_le(report_calls(report, "work"), 36001);
        ck_assert(!report_complete(report) || lost_of(report) > 0);
    }
    json_decref(report);
    run_ok(trial->folder, "zstd -q -t trace.zst");
}

static bool trial_run(struct trial *trial, const char *plan)
{
    *trial->nr_done = 0;
    trial->nr_runs++;
    struct run run =
        run_shell(trial->folder,
                  "rm -f *.zst; exec timeout 20 env FAULT_PLAN=%s FAULT_LOG=\"$PWD\"/log TRACERT_BUFFER=128K "
                  "LD_PRELOAD='%s' ./program",
                  plan, E2E_FAULTY);
    ck_assert_msg(run.status != HANGS, "%s: hangs", plan);
    ck_assert_msg(run.status == trial->plain.status, "%s: exit %d: %s", plan, run.status, run.err);
    ck_assert_msg(strcmp(run.out, trial->plain.out) == 0, "%s: printed %s", plan, run.out);
    ck_assert_msg(count_lines(run.err) <= 1, "%s: said %s", plan, run.err);
    struct run await = run_shell(trial->folder, "[ ! -e trace.zst ] || flock -w 20 trace.zst true");
    ck_assert_msg(await.status == 0, "%s: the drain does not end", plan);
    if (file_exists(trial->folder, "trace.zst"))
        trace_check(trial, plan);
    else
        trial->nr_untraced++;
    return *trial->nr_done > 0;
}

/* This call, this error: the first time, the second … until it does not come any more. */
static void error_sweep(struct trial *trial, char who, const struct fault *fault, int error, int times)
{
    for (int nth = 1; nth <= (is_full ? NTH_MAX : 1); nth++) {
        char plan[64];
        snprintf(plan, sizeof plan, "%c:%ld:%d:%d:%d", who, fault->number, nth, error, times);
        if (!trial_run(trial, plan))
            break;
    }
}

START_TEST(system_call_fails)
{
    const struct fault *fault = &faults[_i];
    struct trial trial;
    trial_begin(&trial, fault);
    for (int setting = 0; setting < (is_full ? NR_SETTINGS : 1); setting++) {
        trial.settings = settings[setting];
        for (int i = 0; i < (is_full ? fault->nr_errors : 1); i++) {
            for (int times = 0; times <= (is_full ? 1 : 0); times++) {
                error_sweep(&trial, 'p', fault, fault->errors[i], times);
                error_sweep(&trial, 'd', fault, fault->errors[i], times);
            }
        }
    }
    printf("%s: %u runs, %u incomplete traces, %u without\n", fault->name, trial.nr_runs, trial.nr_incomplete,
           trial.nr_untraced);
}

END_TEST

int main(int argc, char **argv)
{
    is_full = argc > 1 && strcmp(argv[1], "full") == 0;
    Suite *suite = suite_create("system_calls");
    TCase *tcase = tcase_create("faults");
    tcase_set_timeout(tcase, is_full ? 1200 : E2E_TIMEOUT_S);
    tcase_add_loop_test(tcase, system_call_fails, 0, NR_FAULTS);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
