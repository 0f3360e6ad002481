/*
 * exit() three calls deep: the frames above it never return, and handlers registered with atexit() still run.
 *
 * row: R6
 * expect: main 1
 * expect: outer 1
 * expect: middle 1
 * expect: inner 1
 * expect: on_exit_first 1
 * expect: helper 3
 * expect-open: 4
 * expect-status: 5
 */
#include <stdlib.h>

static volatile int sink;

__attribute__((noinline)) static void helper(void)
{
    sink++;
}

static void on_exit_first(void)
{
    helper();
}

__attribute__((noinline)) static void inner(void)
{
    helper();
    helper();
    exit(5);
}

__attribute__((noinline)) static void middle(void)
{
    inner();
    sink++;
}

__attribute__((noinline)) static void outer(void)
{
    middle();
    sink++;
}

int main(void)
{
    atexit(on_exit_first);
    outer();
    return 0;
}
