#include "drain/drain.h"
#include "drain/memory.h"
#include "session.h"
#include "sys.h"
#include "thread.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/wait.h>

enum { STACK_BYTES = 256 << 10, WAIT_NS = 50 * 1000 * 1000 };

/* Go on in drain_main() on a stack of its own: the program's may be a few kilobytes. */
static _Noreturn void spawn_enter(const struct drain_start *start, uint8_t *stack_top)
{
#if defined(__x86_64__)
    __asm__ volatile("movq %0, %%rsp\n\t"
                     "xorl %%ebp, %%ebp\n\t"
                     "call *%1\n\t"
                     "ud2"
                     :
                     : "r"(stack_top), "r"(&drain_main), "D"(start)
                     : "memory");
#elif defined(__aarch64__)
    register const struct drain_start *x0 __asm__("x0") = start;
    __asm__ volatile("mov sp, %0\n\t"
                     "mov x29, xzr\n\t"
                     "blr %1\n\t"
                     "brk #1"
                     :
                     : "r"(stack_top), "r"(&drain_main), "r"(x0)
                     : "memory");
#endif
    __builtin_unreachable();
}

/* Wait for the drain to say that it is ready, or why not. */
static int spawn_wait(struct region *region, int pid, int seconds)
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

int drain_spawn(const struct drain_start *start, int seconds)
{
    uint8_t *stack = memory_map(STACK_BYTES);
    if (stack == NULL)
        return -ENOMEM;
    long pid = sys_fork();
    if (pid == 0) {
        tracert__session.state = SESSION_OFF; /* should zstd or libc be instrumented: not in here */
        tracert__self = NULL;
        spawn_enter(start, stack + STACK_BYTES);
    }
    sys_munmap(stack, STACK_BYTES);
    return pid < 0 ? (int)pid : spawn_wait(start->region, (int)pid, seconds);
}
