/*
 * A thread that moves from processor to processor: its time never goes back (tracean verify would say so).
 *
 * row: R44
 * expect: main 1
 * expect: move 2000
 * expect: work 200000
 */
#define _GNU_SOURCE
#include <sched.h>
#include <unistd.h>

static volatile int sink;

__attribute__((noinline)) static void work(void)
{
    sink++;
}

__attribute__((noinline)) static void move(long to)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)to, &set);
    sched_setaffinity(0, sizeof set, &set);
}

int main(void)
{
    long nr = sysconf(_SC_NPROCESSORS_ONLN);
    for (int i = 0; i < 2000; i++) {
        move(i % nr);
        for (int j = 0; j < 100; j++)
            work();
    }
    return 0;
}
