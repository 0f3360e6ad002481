/*
 * Starts itself a second time and does not wait; the second one begins to work when the first has long ended.
 *
 * The first: work 100 calls; the second: work 7 calls.
 */
#include <spawn.h>
#include <unistd.h>

extern char **environ;

static volatile int sink;

__attribute__((noinline)) static void work(void)
{
    sink++;
}

static int second(void)
{
    for (int i = 0; i < 7; i++)
        work();
    return 0;
}

int main(int argc, char **argv)
{
    char script[] = "sleep 0.5; exec \"$0\" late";
    char shell[] = "sh";
    char option[] = "-c";
    char *arguments[] = {shell, option, script, argv[0], NULL};
    pid_t pid;
    if (argc > 1)
        return second();
    for (int i = 0; i < 100; i++)
        work();
    return posix_spawn(&pid, "/bin/sh", NULL, NULL, arguments, environ);
}
