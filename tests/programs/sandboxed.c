/*
 * A sandbox: from some moment on nearly every system call fails with EPERM. Hooks do not mind; where they would need
 * one, calls are counted instead.
 *
 * row: R36
 * expect: main 1
 * expect: work 1000
 * expect-lost: any
 * expect-sanitizers: no (they map memory after the sandbox is closed)
 * expect-without: foreign (qemu needs more system calls than that)
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static volatile int sink;

__attribute__((noinline)) static void work(void)
{
    sink++;
}

/* Only to write, to look at a file, to get memory and to leave is allowed. */
static int sandbox_enter(void)
{
    static struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 5, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_newfstatat, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_brk, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0;
}

int main(void)
{
    if (sandbox_enter() != 0)
        return 2;
    for (int i = 0; i < 1000; i++)
        work();
    printf("inside\n");
    return 0;
}
