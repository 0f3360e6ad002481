/*
 * A signal between any two instructions of a hook: a process steps another through a call, one instruction more each
 * time, and then interrupts it. The handler's calls are all there. First it returns, and so are all calls that it
 * interrupted; then it jumps away instead; then it makes so many calls that what they are recorded in has been used
 * once around when it returns.
 *
 * row: R1 R2 R3
 * expect: work printed
 * expect: on_signal printed
 * expect: handle printed
 * expect: around printed
 * expect-open: any
 * expect-unwound: any
 * expect-output: varies
 * expect-sanitizers: no
 * expect-slow: yes
 * expect-without: foreign (qemu has no ptrace)
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNTRACED __attribute__((no_instrument_function))

enum { STEPS = 180, LAP = 66000 /* calls: more than a ring of 2 MB holds */ };

static sigjmp_buf start;
static volatile sig_atomic_t jumps, laps;
static volatile unsigned long nr_signals;
static volatile int sink;

__attribute__((noinline)) static void handle(void)
{
    sink++;
}

__attribute__((noinline)) static void around(void)
{
    sink++;
}

static void on_signal(int number)
{
    (void)number;
    nr_signals++;
    handle();
    for (int i = 0; i < laps * LAP; i++)
        around();
    if (!jumps)
        return;
    jumps = 0;
    siglongjmp(start, 1);
}

__attribute__((noinline)) static void work(void)
{
    sink++;
}

__attribute__((noinline)) static void left(void)
{
    sink++;
}

UNTRACED static void child(void)
{
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal}, NULL);
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    for (int i = 0; i < STEPS; i++) {
        raise(SIGSTOP);
        work();
    }
    for (volatile int i = 0; i < STEPS; i++) {
        if (sigsetjmp(start, 1) != 0)
            continue;
        jumps = 1;
        raise(SIGSTOP);
        left();
        jumps = 0;
    }
    laps = 1;
    for (int i = 0; i < STEPS; i++) {
        raise(SIGSTOP);
        work();
    }
    raise(SIGSTOP); /* no step goes beyond */
    printf("work %d\non_signal %lu\nhandle %lu\naround %d\n", 2 * STEPS, nr_signals, nr_signals, STEPS * LAP);
    fflush(stdout);
    _exit(0);
}

/* The child has stopped: let it go `steps` instructions further, or to where it stops by itself, and interrupt it. */
UNTRACED static bool interrupt(pid_t pid, int steps)
{
    int status = 0;
    for (int i = 0; i < steps; i++) {
        if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
            return false;
        if (WSTOPSIG(status) != SIGTRAP)
            break;
    }
    return ptrace(PTRACE_CONT, pid, NULL, (void *)(long)SIGUSR1) == 0 && waitpid(pid, &status, 0) == pid &&
           WIFSTOPPED(status);
}

UNTRACED int main(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        child();
    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
        return 1;
    for (int i = 0; i < 3 * STEPS && interrupt(pid, i % STEPS); i++)
        continue;
    do
        ptrace(PTRACE_CONT, pid, NULL, NULL);
    while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
    return 0;
}
