/*
 * A signal handler that is traced too: its calls nest in whatever it interrupted.
 *
 * row: R1
 * expect: main 1
 * expect: work 2000
 * expect: on_signal 2000
 * expect: handle 2000
 */
#include <signal.h>

static volatile int sink;

__attribute__((noinline)) static void handle(void)
{
    sink++;
}

static void on_signal(int number)
{
    (void)number;
    handle();
}

__attribute__((noinline)) static void work(void)
{
    raise(SIGUSR1);
    sink++;
}

int main(void)
{
    signal(SIGUSR1, on_signal);
    for (int i = 0; i < 2000; i++)
        work();
    return 0;
}
