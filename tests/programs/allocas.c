/*
 * Frames that grow between enter and exit: alloca, arrays of variable length, in recursion.
 *
 * row: R9
 * expect: main 1
 * expect: grow 20000
 * expect: shrink 20000
 * expect-call: grow > shrink 20000
 * expect-call: grow > grow 19000
 */
#include <alloca.h>
#include <string.h>

static volatile int sink;

__attribute__((noinline)) static int shrink(const char *text, int bytes)
{
    sink += text[bytes - 1];
    return bytes;
}

__attribute__((noinline)) static int grow(int depth)
{
    int bytes = 16 + depth * 48;
    char *text = alloca((size_t)bytes);
    char more[bytes];
    memset(text, 1, (size_t)bytes);
    memset(more, 2, (size_t)bytes);
    int sum = shrink(text, bytes);
    if (depth > 0)
        sum += grow(depth - 1) + more[0];
    return sum;
}

int main(void)
{
    int sum = 0;
    for (int i = 0; i < 1000; i++)
        sum += grow(19);
    return sum > 0 ? 0 : 1;
}
