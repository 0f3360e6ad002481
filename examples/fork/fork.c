/*
 * Three children, each with its own share of the work: all in one trace, each under its own pid.
 *
 * expect: main 1
 * expect: child_main 3
 * expect: job_do 6000
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int nr_jobs;

__attribute__((noinline)) static void job_do(void)
{
    nr_jobs++;
}

__attribute__((noinline)) static void child_main(int number)
{
    for (int i = 0; i < 1000 * number; i++)
        job_do();
}

int main(void)
{
    int nr_done = 0;
    for (int number = 1; number <= 3; number++) {
        pid_t pid = fork();
        if (pid < 0)
            return 1;
        if (pid == 0) {
            child_main(number);
            exit(nr_jobs == 1000 * number ? 0 : 1);
        }
    }
    for (int status; wait(&status) > 0;)
        nr_done += status == 0;
    printf("%d children have done their work\n", nr_done);
    return 0;
}
