/*
 * Calls before the C library is set up: from .preinit_array and from the resolver of an indirect function. They are
 * recorded or counted as lost, and the program runs.
 *
 * row: R12
 * expect: main 1
 * expect-without: tsan (not set up yet, it dies without us, too)
 * expect: helper 2
 * expect-lost: any
 * expect-link: dynamic
 * expect-lto: no
 */
#include <stdio.h>

static volatile int sink;

__attribute__((noinline)) static int helper(void)
{
    sink++;
    return 1;
}

__attribute__((noinline)) static int early_helper(void)
{
    sink++;
    return 1;
}

static void before_all(int argc, char **argv, char **environment)
{
    (void)argc;
    (void)argv;
    (void)environment;
    early_helper();
}

__attribute__((section(".preinit_array"), used)) static void (*const before)(int, char **, char **) = before_all;

typedef int function(void);

static function *choose(void)
{
    early_helper();
    return helper;
}

int chosen(void) __attribute__((ifunc("choose")));

int main(void)
{
    printf("%d\n", chosen() + helper());
    return sink >= 3 ? 0 : 1;
}
