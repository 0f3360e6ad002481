/*
 * vfork() and posix_spawn(): the child runs in its parent's memory until it executes something. What it calls is in the
 * parent's thread; the parent's own tree is as if there had been no child.
 *
 * row: R20
 * expect: main 1
 * expect: spawn 200
 * expect: prepare 100
 * expect: work 200
 * expect-call: main > spawn 200
 * expect-call: spawn > work 200
 * expect-call: spawn > prepare 100
 * expect-without: foreign (qemu cannot execute such a program)
 */
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static volatile int sink;
static char name[] = "true";
static char *arguments[] = {name, NULL};

__attribute__((noinline)) static void work(void)
{
    sink++;
}

__attribute__((noinline)) static void prepare(void)
{
    sink++;
}

__attribute__((noinline)) static int spawn(int how)
{
    pid_t pid = -1;
    int status = -1;
    if (how == 0) {
        pid = vfork();
        if (pid == 0) {
            prepare();
            execv("/bin/true", arguments);
            _exit(1);
        }
    } else if (posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environ) != 0) {
        return 1;
    }
    waitpid(pid, &status, 0);
    work();
    return status;
}

int main(void)
{
    int failed = 0;
    for (int i = 0; i < 200; i++)
        failed += spawn(i % 2) != 0;
    printf("%d failed\n", failed);
    return 0;
}
