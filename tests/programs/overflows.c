/*
 * The stack overflows, and the program's own handler on a stack of its own jumps back: three times.
 *
 * row: R11
 * expect: main 1
 * expect: attempt 3
 * expect: on_overflow 3
 * expect-unwound: any
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

static sigjmp_buf landing;
static volatile int sink;
static char alternate[64 << 10];

__attribute__((noinline)) static int dive(volatile int depth)
{
    char room[1024];
    room[depth & 1023] = 1;
    int below = dive(depth + 1);
    sink += below + room[7];
    return below + 1;
}

static void on_overflow(int number)
{
    (void)number;
    siglongjmp(landing, 1);
}

__attribute__((noinline)) static int attempt(void)
{
    return sigsetjmp(landing, 1) == 0 ? dive(0) : -1;
}

int main(void)
{
    sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = sizeof alternate}, NULL);
    sigaction(SIGSEGV, &(struct sigaction){.sa_handler = on_overflow, .sa_flags = SA_ONSTACK}, NULL);
    for (int i = 0; i < 3; i++)
        printf("%d\n", attempt());
    return 0;
}
