/* A plugin; -DNAME=... is what its only instrumented function is called. */
static volatile int sink;

static __attribute__((noinline)) void NAME(void)
{
    sink++;
}

__attribute__((no_instrument_function)) void entry(void)
{
    NAME();
}
