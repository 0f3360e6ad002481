/*
 * A thread that is not the first executes the program anew: the others are gone, the process is the same.
 *
 * row: R21
 * expect: main 2
 * expect: replace 1
 * expect: work 20000
 * expect-open: 2
 * expect-without: foreign (qemu cannot execute such a program)
 */
#include <pthread.h>
#include <unistd.h>

static _Thread_local volatile int sink;
static char **arguments;

__attribute__((noinline)) static void work(void)
{
    sink++;
}

static void *replace(void *argument)
{
    char again[] = "again";
    char *next[] = {arguments[0], again, NULL};
    execv("/proc/self/exe", next);
    return argument;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    arguments = argv;
    for (int i = 0; i < 10000; i++)
        work();
    if (argc > 1)
        return 0;
    pthread_create(&thread, NULL, replace, NULL);
    pthread_join(thread, NULL);
    return 1;
}
