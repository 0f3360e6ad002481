/*
 * Forks that no handler of the C library sees: _Fork() and the bare system call.
 *
 * row: R19
 * expect: main 1
 * expect: child 20
 * expect: work 2100
 * expect-open: 20
 * expect-without: foreign (qemu ignores MADV_WIPEONFORK)
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int sink;

__attribute__((noinline)) static void work(void)
{
    sink++;
}

__attribute__((noinline)) static void child(void)
{
    for (int i = 0; i < 100; i++)
        work();
    _exit(0);
}

int main(void)
{
    int nr_children = 0;
    for (int i = 0; i < 100; i++)
        work();
    for (int i = 0; i < 20; i++) {
        pid_t pid = i % 2 == 0 ? _Fork() : (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
        if (pid == 0)
            child();
        nr_children += waitpid(pid, NULL, 0) == pid;
    }
    printf("%d\n", nr_children);
    return 0;
}
