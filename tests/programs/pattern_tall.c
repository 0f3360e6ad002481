/*
 * A tall stack: climb() is on the stack 16 times at once. Nearly: 15 times.
 */
#include "pattern.h"

static volatile int sink;

__attribute__((noinline)) static int climb(int left)
{
    int below = left > 1 ? climb(left - 1) : 0;
    sink++;
    return below + 1;
}

int main(int argc, char **argv)
{
    int height = is_nearly(argc, argv) ? 15 : 16;
    return climb(height) == height ? 0 : 1;
}
