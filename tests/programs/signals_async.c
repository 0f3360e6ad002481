/*
 * A thread sends signals as fast as they are taken, to one that calls as fast as it can: each handler's calls nest in
 * whatever they interrupt, hooks included. Prints what was called.
 *
 * row: R1
 * expect: main 1
 * expect: work printed
 * expect: on_signal printed
 * expect: handle printed
 * expect-output: varies
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

enum { SIGNALS = 2000, CALLS = 30000000 };

static _Thread_local volatile int sink;
static int done;
static volatile unsigned long nr_handled;
static pthread_t target;

__attribute__((noinline)) static void handle(void)
{
    sink++;
}

static void on_signal(int number)
{
    (void)number;
    nr_handled++;
    handle();
}

__attribute__((noinline)) static void work(void)
{
    sink++;
}

__attribute__((no_instrument_function)) static void *send(void *argument)
{
    while (!__atomic_load_n(&done, __ATOMIC_RELAXED))
        pthread_kill(target, SIGUSR1);
    return argument;
}

int main(void)
{
    pthread_t sender;
    target = pthread_self();
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal, .sa_flags = SA_RESTART}, NULL);
    pthread_create(&sender, NULL, send, NULL);
    unsigned long nr_calls = 0;
    for (; nr_handled < SIGNALS && nr_calls < CALLS; nr_calls++)
        work();
    __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
    pthread_join(sender, NULL);
    printf("on_signal %lu\nhandle %lu\nwork %lu\n", nr_handled, nr_handled, nr_calls);
    return 0;
}
