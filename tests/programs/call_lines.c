/*
 * Calls from known lines: each says in a comment how often.
 *
 * expect: main 1
 * expect: dispatch 5
 * expect: read_all 5
 * expect: step 20
 */
#include "pattern.h"

static volatile int sink;

__attribute__((noinline)) static int step(int number)
{
    sink += number;
    return sink;
}

__attribute__((noinline)) static void read_all(void)
{
    work_us(300);
}

__attribute__((noinline)) static int dispatch(int number)
{
    read_all(); /* calls: 5 */
    for (int i = 0; i < 3; i++)
        step(i);             /* calls: 15 */
    return step(number) + 1; /* calls: 5 */
}

int main(int argc, char **argv)
{
    int sum = is_nearly(argc, argv);
    for (int number = 0; number < 5; number++)
        sum += dispatch(number);
    return sum == -1;
}
