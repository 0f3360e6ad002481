/*
 * Exceptions through recursion, with destructors on the way: the same tree from both compilers, though only gcc
 * records the exits of the frames that an exception leaves.
 *
 * row: R5
 * expect: main 1
 * expect: attempt(int) 100
 * expect: descend(int) 500
 * expect: Guard::Guard() 500
 * expect: Guard::~Guard() 500
 * expect-status: 100
 * expect-unwound-gcc: 0
 * expect-unwound-clang: 500
 */
#include <stdexcept>

static volatile int sink;

struct Guard {
    __attribute__((noinline)) Guard()
    {
        sink = sink + 1;
    }

    __attribute__((noinline)) ~Guard()
    {
        sink = sink - 1;
    }
};

__attribute__((noinline)) int descend(int depth)
{
    Guard guard;
    if (depth == 0)
        throw 1;
    int below = descend(depth - 1);
    sink = sink + below;
    return below + 1;
}

__attribute__((noinline)) int attempt(int depth)
{
    try {
        return descend(depth);
    } catch (int) {
        sink = sink + 1;
        return -1;
    }
}

int main()
{
    for (int i = 0; i < 100; i++)
        attempt(4);
    return sink;
}
