/*
 * A program for check_system_calls.c: threads, a forked child, more calls than fit a ring.
 * It prints what it has done, and exits 5.
 *
 * expect: main 1
 * expect: thread_main 3
 * expect: work 36001
 * expect: child 1
 * expect-open: 1
 * expect-status: 5
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 3, CALLS = 12000 };

static int nr_calls;

__attribute__((noinline)) static void work(void)
{
    __atomic_add_fetch(&nr_calls, 1, __ATOMIC_RELAXED);
}

static void *thread_main(void *argument)
{
    for (int i = 0; i < CALLS; i++)
        work();
    return argument;
}

__attribute__((noinline)) static void child(void)
{
    work();
    _exit(3);
}

int main(void)
{
    pthread_t threads[THREADS];
    int status = 0;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, thread_main, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pid_t pid = fork();
    if (pid == 0)
        child();
    waitpid(pid, &status, 0);
    printf("%d calls, child %d, lowest descriptor %d\n", nr_calls, WEXITSTATUS(status), dup(0));
    return 5;
}
