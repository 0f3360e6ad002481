#define _GNU_SOURCE
#include "trial.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    HELPERS_MAX_S = 60, /* for helpers to end after the program */
    LARGE_BYTES = 32 << 20
};

static void on_alarm(int number)
{
    (void)number;
}

void trials_prepare(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    const struct sigaction action = {.sa_handler = on_alarm}; /* no SA_RESTART: waiting ends */
    sigaction(SIGALRM, &action, NULL);
}

static double now_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double timeval_s(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static pid_t shell_start(const char *command, int cpu)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    if (cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        sched_setaffinity(0, sizeof set, &set);
    }
    int null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* Run a command that is not timed. */
static int shell_run(const char *command)
{
    int status = -1;
    pid_t pid = command != NULL ? shell_start(command, -1) : 0;
    if (pid > 0)
        waitpid(pid, &status, 0);
    if (command == NULL || status == 0)
        return 0;
    fprintf(stderr, "race: failed: %s\n", command);
    return -1;
}

/* What the program left running, in whatever way it was started. */
static int helpers_wait(struct trial *trial)
{
    struct rusage usage;
    alarm(HELPERS_MAX_S);
    while (wait4(-1, NULL, __WALL, &usage) > 0) {
        trial->cpu_s += timeval_s(usage.ru_utime) + timeval_s(usage.ru_stime);
        if ((double)usage.ru_maxrss / 1024 > trial->helper_mb)
            trial->helper_mb = (double)usage.ru_maxrss / 1024;
    }
    alarm(0);
    return errno == ECHILD ? 0 : -1;
}

static double size_total; /* nftw() has no argument for it */

static int size_add(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
    (void)path;
    (void)ftw;
    if (kind == FTW_F)
        size_total += (double)stat->st_size;
    return 0;
}

int trial_run(const struct contestant *contestant, int cpu, struct trial *trial)
{
    *trial = (struct trial){0};
    if (shell_run(contestant->before) != 0)
        return -1;
    double start_s = now_s();
    pid_t pid = shell_start(contestant->command, cpu);
    struct rusage usage;
    int status = -1;
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0) {
        fprintf(stderr, "race: status %d: %s\n", status, contestant->command);
        return -1;
    }
    trial->wall_s = now_s() - start_s;
    trial->user_s = timeval_s(usage.ru_utime);
    trial->cpu_s = trial->user_s + timeval_s(usage.ru_stime);
    trial->program_mb = (double)usage.ru_maxrss / 1024;
    if (shell_run(contestant->after) != 0)
        return -1;
    if (helpers_wait(trial) != 0) {
        fprintf(stderr, "race: a helper does not end: %s\n", contestant->command);
        return -1;
    }
    size_total = 0;
    if (contestant->trace != NULL)
        nftw(contestant->trace, size_add, 16, FTW_PHYS);
    trial->trace_bytes = size_total;
    if (size_total > LARGE_BYTES)
        sync(); /* or the next one pays for it */
    return 0;
}

struct recorded trial_recorded(const struct contestant *contestant)
{
    struct recorded recorded = {-1, -1};
    if (contestant->recorded == NULL)
        return recorded;
    FILE *pipe = popen(contestant->recorded, "r");
    if (pipe == NULL || fscanf(pipe, "%lf %lf", &recorded.calls, &recorded.waited_ns) < 1)
        fprintf(stderr, "race: prints no number: %s\n", contestant->recorded);
    if (pipe != NULL)
        pclose(pipe);
    return recorded;
}
