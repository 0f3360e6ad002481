/* The other half of one.c. */
static volatile int sink;

static __attribute__((noinline)) void twin(void)
{
    sink++;
}

int second(void)
{
    for (int i = 0; i < 5; i++)
        twin();
    return 0;
}
