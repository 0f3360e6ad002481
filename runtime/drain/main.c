/*
 * tracert-drain REGION TRACE: finish a trace whose drain was killed, from the rings that it left. tracean runs it when
 * it meets such a trace. tracert-drain snapshot REGION PID: ask a process for an image of its heap.
 *
 * Exit status: 0 done; 1 it could not be done, and a line on stderr says why.
 */
#include "drain/drain.h"
#include "diag.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/file.h>

static int fail(const char *path, int error)
{
    diag_line(path, ": ", diag_errno(error), NULL);
    return 1;
}

/* True when a process of the session still runs: its next hook would not find the old drain, but it must not find two.
 */
static bool session_is_alive(const struct region *region)
{
    for (uint32_t i = 0; i < REGION_NR_PROCESSES; i++) {
        const struct region_process *process = &region->processes[i];
        if (process->state != PROCESS_LIVE)
            continue;
        long pidfd = sys_pidfd_open((int)process->pid);
        struct pollfd poll = {.fd = (int)pidfd, .events = POLLIN};
        const struct timespec now = {0, 0};
        bool gone = pidfd == -ESRCH || (pidfd >= 0 && sys_poll(&poll, 1, &now) == 1);
        if (pidfd >= 0)
            sys_close((int)pidfd);
        if (!gone)
            return true;
    }
    return false;
}

static int finish(struct drain *drain, const char *trace)
{
    int result = drain_resume(drain);
    if (result == -EINVAL) {
        diag_line(trace, ": does not belong to this shared memory", NULL);
        return 1;
    }
    if (result != 0)
        return fail(trace, -result);
    drain_run(drain);
    return drain->sink.failure == TF_FAILURE_NONE ? 0 : fail(trace, drain->sink.error);
}

/* ---- Asking for an image of a heap ---------------------------------------------------------------- */

enum { ASK_LOOKS = 200, ASK_NAP_NS = 50 * 1000 * 1000 }; /* 10 s */

static uint32_t number_parse(const char *text)
{
    uint32_t number = 0;
    for (; *text >= '0' && *text <= '9' && number < 100000000; text++)
        number = number * 10 + (uint32_t)(*text - '0');
    return *text == '\0' ? number : 0;
}

static struct region_process *process_find(struct region *region, uint32_t pid)
{
    for (uint32_t i = 0; i < region_nr_processes(region); i++) {
        struct region_process *process = &region->processes[i];
        if (__atomic_load_n(&process->state, __ATOMIC_ACQUIRE) == PROCESS_LIVE && process->pid == pid &&
            (__atomic_load_n(&process->origin, __ATOMIC_ACQUIRE) & PROCESS_REPLACED) == 0)
            return process;
    }
    return NULL;
}

/* Ask the process, and wait until one of its threads sets about it. The exit status. */
static int snapshot_ask(const char *path, const char *pid)
{
    const struct timespec nap = {0, ASK_NAP_NS};
    struct region *region;
    int result = region_open(path, &region);
    if (result != 0)
        return fail(path, -result);
    struct region_process *process = process_find(region, number_parse(pid));
    if (process == NULL || region->memory == TF_MEMORY_OFF) {
        diag_line("process ", pid,
                  process == NULL ? ": is not being traced" : ": memory is not recorded (TRACERT_MEMORY)", NULL);
        return 1;
    }
    uint32_t asked = __atomic_add_fetch(&process->snapshots_asked, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < ASK_LOOKS; i++) {
        uint32_t begun = __atomic_load_n(&process->snapshots_begun, __ATOMIC_ACQUIRE);
        if ((int32_t)(begun - asked) >= 0)
            return 0;
        sys_futex(&process->snapshots_begun, FUTEX_WAIT, begun, &nap);
    }
    diag_line("process ", pid, ": no thread has recorded enough for 10 s; the image is made when one does", NULL);
    return 1;
}

int main(int argc, char **argv)
{
    static struct drain drain;
    struct region *region;
    if (argc == 4 && strcmp(argv[1], "snapshot") == 0)
        return snapshot_ask(argv[2], argv[3]);
    if (argc != 3) {
        diag_line("usage: tracert-drain REGION TRACE: finish the trace of a killed session", NULL);
        return 1;
    }
    int result = region_open(argv[1], &region);
    if (result != 0)
        return fail(argv[1], -result);
    if (!region_drain_is_dead(region) || session_is_alive(region)) {
        diag_line(argv[1], ": its session is still alive", NULL);
        return 1;
    }
    result = drain_allocate(&drain, region, argv[1]);
    if (result == 0)
        result = sink_init(&drain.sink, 1, (enum tf_clock)region->clock, region->session);
    if (result != 0)
        return fail(argv[1], -result);
    drain.sink.fd = (int)sys_openat(AT_FDCWD, argv[2], O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0);
    if (drain.sink.fd < 0)
        return fail(argv[2], -drain.sink.fd);
    if (sys_flock(drain.sink.fd, LOCK_EX | LOCK_NB) != 0) {
        diag_line(argv[2], ": is in use", NULL);
        return 1;
    }
    drain_announce(region);
    return finish(&drain, argv[2]);
}
