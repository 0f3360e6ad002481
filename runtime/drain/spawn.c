#include "drain/spawn.h"

#include "config.h"
#include "diag.h"
#include "drain/calibrate.h"
#include "drain/drain.h"
#include "drain/memory.h"
#include "drain/session_facts.h"
#include "drain/stack_switch.h"
#include "session.h"
#include "sys.h"
#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { STACK_BYTES = 256 << 10, WAIT_NS = 50 * 1000 * 1000 };

static int birth_init(struct drain *drain, const struct drain_start *start)
{
    struct region *region = start->region;
    char output[PATH_MAX];
    int pid = (int)region->processes[0].pid;
    int result = drain_allocate(drain, region, start->region_path);
    drain->calibrate = calibrate_step;
    if (result == 0)
        result = sink_init(&drain->sink, start->level, (enum tf_clock)region->clock, region->session);
    if (result == 0 && config_expand(output, sizeof output, start->output, pid) != 0)
        result = -ENAMETOOLONG;
    if (result == 0)
        result = sink_open(&drain->sink, output, pid, start->keep, region->output);
    if (result != 0)
        return result;
    drain->workers = workers_make(start->workers, region, &drain->sink);
    if (strcmp(output, region->output) != 0)
        diag_line(output, " is to be kept (in use, unfinished or no trace); writing ", region->output, NULL);
    return 0;
}

void drain_close_descriptors(struct sink *sink)
{
    long fd = tracert__sys(SYS_fcntl, sink->fd, F_DUPFD_CLOEXEC, 3, 0, 0, 0);
    if (fd >= 0)
        sink->fd = (int)fd;
    if (sink->fd > 0 && sys_close_range(0, (unsigned)sink->fd - 1) == 0) {
        sys_close_range((unsigned)sink->fd + 1, ~0u);
        return;
    }
    struct rlimit limit = {1024, 1024};
    sys_rlimit(RLIMIT_NOFILE, &limit);
    for (unsigned i = 0; i < limit.rlim_cur && i < 65536; i++) {
        if ((int)i != sink->fd)
            sys_close((int)i);
    }
}

static _Noreturn void birth_main(const void *argument)
{
    const struct drain_start *start = argument;
    static struct drain drain;
    struct region *region = start->region;
    uint64_t all = ~0ull;
    sys_sigprocmask(SIG_SETMASK, &all, NULL);
    tracert__sys(SYS_setsid, 0, 0, 0, 0, 0, 0);
    tracert__sys(SYS_prctl, 15 /* PR_SET_NAME */, (long)"tracert-drain", 0, 0, 0, 0);
    drain_announce(region);
    int result = birth_init(&drain, start);
    if (result != 0) {
        region->drain_error = -result;
        __atomic_store_n(&region->drain_state, DRAIN_FAILED, __ATOMIC_RELEASE);
        sys_futex(&region->drain_state, FUTEX_WAKE, 1, NULL);
        sys_exit(1);
    }
    drain_close_descriptors(&drain.sink);
    facts_write_session(&drain.sink, region, start->region_path); /* from here on the rings can be found */
    __atomic_store_n(&region->drain_state, DRAIN_READY, __ATOMIC_RELEASE);
    sys_futex(&region->drain_state, FUTEX_WAKE, 1, NULL);
    drain_run(&drain);
    sys_exit(0);
}

int drain_await(struct region *region, int pid, int seconds)
{
    const struct timespec timeout = {0, WAIT_NS};
    for (int i = 0; i < seconds * (1000000000 / WAIT_NS); i++) {
        uint32_t state = __atomic_load_n(&region->drain_state, __ATOMIC_ACQUIRE);
        if (state == DRAIN_READY)
            return 0;
        if (state == DRAIN_FAILED || region_drain_is_dead(region)) {
            tracert__sys(SYS_wait4, pid, 0, __WCLONE, 0, 0, 0);
            return region->drain_error != 0 ? -region->drain_error : -ECHILD;
        }
        sys_futex(&region->drain_state, FUTEX_WAIT, state, &timeout);
    }
    tracert__sys(SYS_kill, pid, 9, 0, 0, 0, 0);
    tracert__sys(SYS_wait4, pid, 0, __WCLONE, 0, 0, 0);
    return -ETIMEDOUT;
}

int drain_spawn(const struct drain_start *start)
{
    uint8_t *stack = memory_map(STACK_BYTES);
    if (stack == NULL)
        return -ENOMEM;
    long pid = sys_fork();
    if (pid == 0) {
        tracert__session.state = SESSION_OFF; /* should zstd or libc be instrumented: not in here */
        tracert__session.full = TF_FULL_DROP; /* nobody empties the ring that calibrate.c records into: never wait */
        tracert__thread_forget();
        stack_switch(birth_main, start, stack + STACK_BYTES);
    }
    sys_munmap(stack, STACK_BYTES);
    return (int)pid;
}
