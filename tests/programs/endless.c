/* Calls work() for ever. Prints how many calls have returned, every thousand; the last number is a lower bound. */
#include <stdio.h>

static volatile int sink;

__attribute__((noinline)) static void work(void)
{
    sink++;
}

int main(void)
{
    for (int done = 1;; done++) {
        work();
        if (done % 1000 == 0) {
            printf("%d\n", done);
            fflush(stdout);
        }
    }
}
