/*
 * errno is as it was after every call, whatever the hooks had to do: begin the session, turn to another segment, wait
 * for room, start a thread, follow a fork, look for modules. Exits 1 when it ever changed.
 *
 * row: R30
 * expect: main 1
 * expect: work 1203000
 * expect-environment: TRACERT_BUFFER=128K
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static _Thread_local volatile unsigned sink;
static long nr_changed;

__attribute__((noinline)) static void work(int value)
{
    sink += (unsigned)value;
}

__attribute__((no_instrument_function)) static void check(int calls)
{
    for (int i = 0; i < calls; i++) {
        errno = 1 + i % 100;
        work(i);
        nr_changed += errno != 1 + i % 100;
    }
}

__attribute__((no_instrument_function)) static void *thread_main(void *argument)
{
    check(100);
    return argument;
}

__attribute__((no_instrument_function, constructor(102))) static void first(void)
{
    check(1000);
}

__attribute__((no_instrument_function, destructor)) static void last(void)
{
    check(1000);
    if (nr_changed != 0)
        _exit(1);
}

int main(void)
{
    check(1200000);
    for (int i = 0; i < 5; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, thread_main, NULL);
        pthread_join(thread, NULL);
    }
    for (int i = 0; i < 5; i++) {
        int status = 1;
        pid_t pid = fork();
        if (pid == 0) {
            nr_changed = 0;
            check(100);
            _exit(nr_changed != 0);
        }
        waitpid(pid, &status, 0);
        nr_changed += status != 0;
    }
    printf("errno changed: %s\n", nr_changed == 0 ? "never" : "yes");
    return nr_changed == 0 ? 0 : 1;
}
