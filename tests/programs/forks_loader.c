/*
 * The loader's lock, which fork copies as it is. First a thread looks at the loaded objects all the time, which the
 * program's children do not do: nor may the library in them. Then the children do, and a thread has the library look
 * all the time: that must not be in their way. A child that waits for a lock that nobody holds is killed, which is an
 * error.
 *
 * row: R18
 * expect: main 1
 * expect: children_make 2
 * expect: child 400
 * expect: leaf 4000
 * expect-call: child > leaf 4000
 * expect-open: 400
 * expect-sanitizers: no
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNTRACED __attribute__((no_instrument_function))

enum { CHILDREN = 200, CALLS = 10, PATIENCE_S = 60 };

static volatile int sink, done;

UNTRACED static int object_see(struct dl_phdr_info *info, size_t bytes, void *context)
{
    (void)info;
    (void)bytes;
    (void)context;
    sink++;
    return 0;
}

UNTRACED static void *look(void *argument)
{
    while (!done)
        dl_iterate_phdr(object_see, NULL);
    return argument;
}

UNTRACED static void *have_library_look(void *argument)
{
    while (!done)
        dlclose(dlopen(NULL, RTLD_NOW));
    return argument;
}

__attribute__((noinline)) static void leaf(void)
{
    sink++;
}

/* Does not return: its frame stays open. */
__attribute__((noinline)) static void child(int looks)
{
    for (int i = 0; i < CALLS; i++)
        leaf();
    if (looks)
        dl_iterate_phdr(object_see, NULL);
    _exit(0);
}

/* Has it ended by itself? An alarm of its own would not do: the library may have blocked signals. */
UNTRACED static int child_await(pid_t pid)
{
    int status;
    for (int i = 0; i < PATIENCE_S * 1000; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return status == 0;
        usleep(i < 20 ? 50 : 1000);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return 0;
}

__attribute__((noinline)) static void children_make(int looks)
{
    for (int i = 0; i < CHILDREN; i++) {
        pid_t pid = fork();
        if (pid == 0)
            child(looks);
        if (pid < 0)
            abort();
        if (!child_await(pid)) {
            printf("a child hangs\n");
            return;
        }
    }
}

int main(void)
{
    for (int i = 0; i < 2; i++) {
        pthread_t thread;
        done = 0;
        pthread_create(&thread, NULL, i == 0 ? look : have_library_look, NULL);
        children_make(i);
        done = 1;
        pthread_join(thread, NULL);
    }
    return 0;
}
