/*
 * Measurements with names of your own: "load" and "compute" appear in reports and in the call tree like functions, and
 * each round is marked.
 *
 * expect: main 1
 * expect: number_read 300
 * expect: number_add 300
 * expect: load 3
 * expect: compute 3
 */
#include <stdio.h>
#include <tracert/tracert.h>

#define NR_NUMBERS 100

static volatile int numbers[NR_NUMBERS];
static volatile int sum;

__attribute__((noinline)) static void number_read(int i)
{
    numbers[i] = i + 1;
}

__attribute__((noinline)) static void number_add(int i)
{
    sum += numbers[i];
}

int main(void)
{
    tracert_thread_name("calculator");
    for (int round = 0; round < 3; round++) {
        tracert_mark("round");

        tracert_region_begin("load");
        for (int i = 0; i < NR_NUMBERS; i++)
            number_read(i);
        tracert_region_end();

        tracert_region_begin("compute");
        for (int i = 0; i < NR_NUMBERS; i++)
            number_add(i);
        tracert_region_end();
    }
    printf("3 rounds, sum %d\n", sum);
    return 0;
}
