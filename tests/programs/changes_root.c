/*
 * The root, the directory and the user change under way, where that is allowed; threads and children come afterwards.
 *
 * row: R33
 * expect: main 1
 * expect: thread_main 20
 * expect: work 21000
 * expect-open: 0
 * expect-without: asan (its search for leaks needs /proc)
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static _Thread_local volatile int sink;

__attribute__((noinline)) static void work(void)
{
    __atomic_add_fetch(&sink, 1, __ATOMIC_RELAXED);
}

static void *thread_main(void *argument)
{
    for (int i = 0; i < 1000; i++)
        work();
    return argument;
}

int main(void)
{
    pthread_t threads[20];
    mkdir("empty", 0700);
    if (geteuid() != 0)
        unshare(CLONE_NEWUSER);
    if (chroot("empty") == 0 && chdir("/") == 0 && setegid(65534) == 0)
        (void)!seteuid(65534);
    for (int i = 0; i < 20; i++)
        pthread_create(&threads[i], NULL, thread_main, NULL);
    for (int i = 0; i < 20; i++)
        pthread_join(threads[i], NULL);
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 1000; i++)
            work();
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    return 0;
}
