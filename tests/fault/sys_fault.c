/*
 * Stands in for runtime/sys.c: system calls fail as they are told to.
 *
 *   FAULT_PLAN   WHO:NUMBER:NTH:ERRNO:TIMES     p (the program) or d (its drain and other children); number of the
 *                                               system call; from the NTH one on; ERRNO, or 0: half of the bytes are
 *                                               written, or -SIGNAL: the process is killed by it; TIMES: how often, 0
 *                                               for good
 *   FAULT_LOG    a file of 8 bytes: how often it was done
 */
#include "sys.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct {
    bool known, active;
    bool of_program;
    long program;
    long number, nth, error, times;
    uint64_t *nr_done; /* shared by all processes */
    long nr_seen;
} plan;

static long call(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static const char *variable(const char *name)
{
    size_t length = strlen(name);
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
            return *entry + length + 1;
    }
    return NULL;
}

static void plan_read(void)
{
    const char *text = variable("FAULT_PLAN");
    const char *log = variable("FAULT_LOG");
    plan.known = true;
    plan.program = call(SYS_getpid, 0, 0, 0, 0, 0, 0);
    if (text == NULL || log == NULL)
        return;
    long fd = call(SYS_openat, AT_FDCWD, (long)log, O_RDWR | O_CLOEXEC, 0, 0, 0);
    long address = call(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    call(SYS_close, fd, 0, 0, 0, 0, 0);
    char *end;
    plan.of_program = text[0] == 'p';
    plan.number = strtol(text + 2, &end, 10);
    plan.nth = strtol(end + 1, &end, 10);
    plan.error = strtol(end + 1, &end, 10);
    plan.times = strtol(end + 1, &end, 10);
    plan.nr_done = (uint64_t *)address;
    plan.active = address > 0;
}

/* True when this call is to fail. */
static bool plan_strikes(long number)
{
    if (!plan.known)
        plan_read();
    if (!plan.active || number != plan.number)
        return false;
    if ((call(SYS_getpid, 0, 0, 0, 0, 0, 0) == plan.program) != plan.of_program)
        return false;
    long seen = __atomic_add_fetch(&plan.nr_seen, 1, __ATOMIC_SEQ_CST);
    if (seen < plan.nth || (plan.times > 0 && seen >= plan.nth + plan.times))
        return false;
    __atomic_fetch_add(plan.nr_done, 1, __ATOMIC_SEQ_CST);
    return true;
}

long tracert__sys(long number, long a, long b, long c, long d, long e, long f)
{
    if (!plan_strikes(number))
        return call(number, a, b, c, d, e, f);
    if (number == SYS_close) /* Linux closes in any case */
        call(number, a, b, c, d, e, f);
    if (plan.error < 0)
        call(SYS_kill, call(SYS_getpid, 0, 0, 0, 0, 0, 0), -plan.error, 0, 0, 0, 0);
    if (plan.error != 0)
        return -plan.error;
    return call(number, a, b, (c + 1) / 2, d, e, f);
}
