/*
 * A process, three children and a grandchild each; every one works under its own pid. Prints the pids, parent first.
 *
 * row: R18
 * expect: main 1
 * expect: child_main 3
 * expect: grandchild_main 3
 * expect: work 7000
 * expect-output: varies
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int sink;

__attribute__((noinline)) static void work(void)
{
    sink++;
}

__attribute__((noinline)) static void work_much(void)
{
    for (int i = 0; i < 1000; i++)
        work();
}

__attribute__((noinline)) static void grandchild_main(void)
{
    work_much();
}

__attribute__((noinline)) static void child_main(void)
{
    work_much();
    pid_t pid = fork();
    if (pid == 0) {
        grandchild_main();
        printf("%d\n", (int)getpid());
        exit(0);
    }
    waitpid(pid, NULL, 0);
}

int main(void)
{
    printf("%d\n", (int)getpid());
    fflush(stdout);
    for (int i = 0; i < 3; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            child_main();
            printf("%d\n", (int)getpid());
            exit(0);
        }
        waitpid(pid, NULL, 0);
    }
    work_much();
    return 0;
}
