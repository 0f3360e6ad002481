/*
 * tracert-drain REGION TRACE: finish a trace whose drain was killed, from the rings that it left. tracean runs it when
 * it meets such a trace.
 *
 * Exit status: 0 done; 1 it could not be done, and a line on stderr says why.
 */
#include "drain/drain.h"
#include "diag.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
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

int main(int argc, char **argv)
{
    static struct drain drain;
    struct region *region;
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
