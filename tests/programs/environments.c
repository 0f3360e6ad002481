/*
 * A thread changes the environment all the time, while threads come and children are forked.
 *
 * row: R40
 * expect: main 1
 * expect: work 3000
 * expect: short_lived 200
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int sink, done;

__attribute__((noinline)) static void work(void)
{
    __atomic_add_fetch(&sink, 1, __ATOMIC_RELAXED);
}

__attribute__((no_instrument_function)) static void *change(void *argument)
{
    char name[32];
    for (unsigned i = 0; !__atomic_load_n(&done, __ATOMIC_RELAXED); i++) {
        snprintf(name, sizeof name, "VARIABLE_%u", i % 1000);
        setenv(name, "value", 1);
        if (i % 3 == 0)
            unsetenv(name);
    }
    return argument;
}

static void *short_lived(void *argument)
{
    for (int i = 0; i < 10; i++)
        work();
    return argument;
}

int main(void)
{
    pthread_t changer, thread;
    pthread_create(&changer, NULL, change, NULL);
    for (int i = 0; i < 200; i++) {
        pthread_create(&thread, NULL, short_lived, NULL);
        pthread_join(thread, NULL);
    }
    for (int i = 0; i < 100; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            for (int j = 0; j < 10; j++)
                work();
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
    __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
    pthread_join(changer, NULL);
    return 0;
}
