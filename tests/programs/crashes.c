/*
 * A store to nowhere, two calls deep: the program dies as it would have died.
 *
 * row: R6 R22
 * expect: main 1
 * expect: crash 1
 * expect: work 5000
 * expect-open: 2
 * expect-status: 139
 * expect-sanitizers: no
 * expect-without: foreign (qemu has a word to say)
 */
static volatile int sink;

__attribute__((noinline)) static void work(void)
{
    sink++;
}

__attribute__((noinline)) static void crash(volatile int *nowhere)
{
    for (int i = 0; i < 5000; i++)
        work();
    *nowhere = 1;
}

int main(int argc, char **argv)
{
    (void)argv;
    crash((volatile int *)(long)(argc - 1));
    return 0;
}
