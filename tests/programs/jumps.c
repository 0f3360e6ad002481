/*
 * longjmp() out of recursion, 1000 times: every jump leaves four frames without an exit.
 *
 * row: R4
 * expect: main 1
 * expect: try_once 1000
 * expect: descend 4000
 * expect-unwound: 4000
 */
#include <setjmp.h>

static jmp_buf landing;
static volatile int sink;

__attribute__((noinline)) static int descend(int depth)
{
    if (depth == 0)
        longjmp(landing, 1);
    int below = descend(depth - 1);
    sink += below;
    return below + 1;
}

__attribute__((noinline)) static void try_once(void)
{
    if (setjmp(landing) == 0)
        descend(3);
    else
        sink++;
}

int main(void)
{
    for (int i = 0; i < 1000; i++)
        try_once();
    return 0;
}
