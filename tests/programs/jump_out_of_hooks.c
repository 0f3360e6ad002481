/*
 * A timer whose handler jumps out of whatever it interrupts, hooks included, while calls are made as fast as can be;
 * then the timer stops and the calls go on. Prints the calls that have returned: every one of them must be in the
 * trace, or be counted.
 *
 * row: R3
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>

#define UNTRACED __attribute__((no_instrument_function))

enum { PERIOD_US = 100 };

static const double storm_s = 1, after_s = 0.2;
static sigjmp_buf start;
static volatile long returned;
static volatile int sink;
static double storm_end;

UNTRACED static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

UNTRACED static void jump(int number)
{
    (void)number;
    if (now() > storm_end)
        setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    siglongjmp(start, 1);
}

__attribute__((noinline)) static void work(void)
{
    sink++;
}

UNTRACED int main(void)
{
    struct sigaction action = {.sa_handler = jump, .sa_flags = SA_NODEFER};
    struct itimerval timer = {{0, PERIOD_US}, {0, PERIOD_US}};
    storm_end = now() + storm_s;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    sigsetjmp(start, 1);
    while (now() < storm_end + after_s) {
        for (int i = 0; i < 50; i++) {
            work();
            returned++;
        }
    }
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    printf("%ld\n", returned);
    return 0;
}
