/*
 * Tiny calls: the run is three million calls of a function of a few instructions. Nearly: each takes a microsecond, and
 * there are fewer of them.
 */
#include "pattern.h"

static volatile int sink;

__attribute__((noinline)) static void tiny(void)
{
    sink++;
}

__attribute__((noinline)) static void small(void)
{
    work_us(2);
}

int main(int argc, char **argv)
{
    bool nearly = is_nearly(argc, argv);
    for (int i = 0; i < (nearly ? 100000 : 3000000); i++)
        if (nearly)
            small();
        else
            tiny();
    return 0;
}
